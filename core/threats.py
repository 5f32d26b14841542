"""The threat board: where a competitor threatens what an account brings, and how much of it, by the evidence.

Exposure = margin at stake × freshness × strength of the claim. At stake is what the claim's product or category, or
all of the account, brought in the last twelve months; without `cost:read` net revenue stands in for margin. Each
account and competitor counts once, with the claim that exposes the most. A claim of the market counts at the accounts
where the competitor stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from core import accounts as account_list
from core import audit, auth, clock, competitor_claims, parts, presences, price_gaps, scope_sales, wallets
from core.auth import Actor
from core.competitor_claims import ClaimFilter, ClaimRow
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.money import ZERO
from core.presences import PresenceRow
from core.price_gaps import PriceGap
from core.scope_sales import Scope
from core.vocabulary import Permission, Swot


@dataclass(frozen=True)
class Threat:
    """One competitor at one account."""

    account_id: int
    account_code: str
    account: str
    competitor_id: int
    competitor: str
    claim: ClaimRow  # the one that exposes the most
    claims: int  # usable threats on record
    at_stake: Decimal | None  # margin, or net revenue for who may not see cost; None: cost is not known
    contract_ends_on: date | None  # of the competitor's contract there, the next one
    gap: PriceGap | None  # where the claim is about a price

    @property
    def exposure(self) -> Decimal | None:
        """At stake × freshness × strength."""
        return None if self.at_stake is None else self.at_stake * self.claim.standing.weight


@dataclass(frozen=True)
class Board:
    """Threats at visible accounts, the greatest exposure first."""

    rows: tuple[Threat, ...]
    is_margin: bool  # else net revenue

    @property
    def exposure(self) -> Decimal:
        return sum((row.exposure or ZERO for row in self.rows), ZERO)

    @property
    def accounts(self) -> int:
        return len({row.account_id for row in self.rows})


@audit.unmoved_by(*price_gaps.BESIDE_CLAIMS)
def board(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    competitor_id: int | None = None,
    day: date | None = None,
) -> Board:
    """Every visible account × competitor with a usable claim that threatens us."""
    auth.require(actor, Permission.REVENUE_READ)
    asked = day or clock.today()
    only = ClaimFilter(competitor_ids=frozenset() if competitor_id is None else frozenset({competitor_id}))
    claims = [
        row
        for row in parts.ask(session, actor, competitor_claims.search, only, day=day)
        if row.draft.swot is Swot.THREAT and row.standing.is_usable
    ]
    standing = presences.search(session, actor, accounts, competitor_id=competitor_id)
    at = list(_places(claims, standing, _visible(session, actor, claims, accounts)))
    stakes = _Stakes(session, actor, at, asked)
    known = {one.claim.number: one for one in parts.ask(session, actor, price_gaps.search, only)}
    ends = _contract_ends(standing, asked)
    best: dict[tuple[int, int], Threat] = {}
    counts: dict[tuple[int, int], int] = {}
    for account_id, code, name, claim in at:
        key = (account_id, claim.competitor_id)
        counts[key] = counts.get(key, 0) + 1
        threat = Threat(
            account_id, code, name, claim.competitor_id, claim.competitor, claim, 1,
            stakes.of(account_id, claim), ends.get(key), known.get(claim.number),
        )  # fmt: skip
        if key not in best or _rank(threat) < _rank(best[key]):
            best[key] = threat
    rows = [Threat(**{**vars(one), "claims": counts[key]}) for key, one in best.items()]
    return Board(tuple(sorted(rows, key=_rank)), actor.sees_cost)


def _contract_ends(standing: Sequence[PresenceRow], day: date) -> dict[tuple[int, int | None], date]:
    """The next end of a contract by account and competitor."""
    found: dict[tuple[int, int | None], date] = {}
    for row in standing:
        key, end = (row.account_id, row.draft.competitor_id), row.draft.contract_ends_on
        if end is not None and end >= day:
            found[key] = min(end, found.get(key, end))
    return found


def _rank(one: Threat) -> tuple[bool, Decimal, str, str]:
    return one.exposure is None, -(one.exposure or ZERO), one.account, one.competitor


_Place = tuple[int, str, str, ClaimRow]


def _visible(
    session: Session, actor: Actor, claims: Sequence[ClaimRow], accounts: AccountFilter
) -> frozenset[int] | None:
    """The accounts of the filter among those that claims name; None for all."""
    if accounts.is_empty:
        return None
    named = frozenset(row.account_id for row in claims if row.account_id is not None)
    return frozenset(row.id for row in account_list.search(session, actor, accounts) if row.id in named)


def _places(
    claims: Sequence[ClaimRow], standing: Sequence[PresenceRow], within: frozenset[int] | None
) -> Iterator[_Place]:
    """Where each claim threatens: at its account, or wherever its competitor stands with what it is about."""
    for claim in claims:
        if claim.account_id is not None:
            if within is None or claim.account_id in within:
                yield claim.account_id, claim.account_code or "", claim.account or "", claim
            continue
        seen = set()
        for row in standing:
            categories = (None, claim.draft.category_id)
            meets = claim.draft.category_id is None or row.draft.category_id in categories
            if row.draft.competitor_id == claim.competitor_id and meets and row.account_id not in seen:
                seen.add(row.account_id)
                yield row.account_id, row.account_code, row.account, claim


class _Stakes:
    """What the scopes of claims brought in the last twelve months."""

    def __init__(self, session: Session, actor: Actor, at: Sequence[_Place], day: date) -> None:
        self._sees_cost = actor.sees_cost
        scopes = (_scope(account_id, claim) for account_id, *_names, claim in at)
        self._sums = scope_sales.of(session, actor, wallets.trailing(day), scopes)

    def of(self, account_id: int, claim: ClaimRow) -> Decimal | None:
        found = self._sums.get((_scope(account_id, claim), None))
        if found is None:
            return ZERO
        if not self._sees_cost:
            return max(found.net, ZERO)
        return None if found.margin is None else max(found.margin, ZERO)


def _scope(account_id: int, claim: ClaimRow) -> Scope:
    return price_gaps.scope_of(claim)._replace(account_id=account_id)
