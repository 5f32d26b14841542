"""What hangs on an account beside its order lines: moved to the account that it turned out to be, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from core import audit, auth, health_marks, merged_lump_sums, merged_terms, merged_wallets, targets
from core.auth import Actor
from core.language import _
from core.merged_lines import Route
from core.models import (
    Account,
    AccountCode,
    AccountNote,
    AttentionDecision,
    Cause,
    CompetitorClaim,
    CompetitorPresence,
    Contest,
    Objection,
    PriceRoundAccount,
    Receivable,
    Target,
    TeamMember,
    User,
)
from core.vocabulary import AccountStatus, Permission

# What an account can take over from the one merged into it, and the column that holds it.
TAKEN: dict[str, str] = {
    "name": "name", "owner": "owner_id", "tier": "tier_id", "segment": "segment_id", "region": "region_id",
    "group": "group_id", "industry": "industry", "country": "country", "status": "status", "since_on": "since_on",
    "currency": "currency", "payment_days": "payment_days", "credit_limit": "credit_limit",
}  # fmt: skip
_OF_A_RECEIVABLE = ("as_of", "invoice_no", "due_on", "amount", "open_amount", "batch_id")
_OF_A_MEMBER = ("user_id", "role", "valid_from", "valid_to")
# What moves as it is, by the name under which a merger keeps what it moved.
_ENTRIES: dict[str, Any] = {
    "decisions": AttentionDecision,
    "causes": Cause,
    "competitor_claims": CompetitorClaim,
    "presences": CompetitorPresence,
    "objections": Objection,
    "contests": Contest,
    "notes": AccountNote,
}
_AT_ONCE = 300
_UNSYNCHRONISED = {"synchronize_session": False}

Wanted = targets.Wanted


def move(session: Session, actor: Actor, route: Route, take: frozenset[str]) -> dict[str, Any]:
    """Move receivables, team, codes, entries, wallets, targets, terms and lump sums; take over the fields."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    estimates, in_force = merged_wallets.move(session, actor, route)
    return {
        "fields": _take_over(session, route, take),
        **_move_receivables(session, route),
        "team": _move_team(session, route),
        "codes": _move_codes(session, route),
        **{name: _move_all(session, model, route) for name, model in _ENTRIES.items()},
        "wallets": estimates,
        "wallets_in_force": in_force,
        "price_rounds": _move_rounds(session, route),
        "targets": _add_targets(session, actor, route),
        "terms": merged_terms.move(session, actor, route),
        "lump_sums": merged_lump_sums.move(session, actor, route),
    }


def changed(session: Session, actor: Actor, route: Route, details: Mapping[str, Any]) -> list[str]:
    """A sentence for each thing that is not as the merger left it."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    return [
        *_changed_fields(session, route, details["fields"]),
        *_changed_targets(session, route, details["targets"]),
        *_changed_receivables(session, route, details["receivables"]),
        *_changed_team(session, route, details["team"]),
        *_changed_codes(session, route, details["codes"]),
        # A merger of before terms and lump sums existed kept nothing about them.
        *merged_terms.changed(session, actor, route, details.get("terms", ())),
        *merged_lump_sums.changed(session, actor, route, details.get("lump_sums", ())),
        *_changed_wallets(session, actor, route, details),
    ]


def move_back(session: Session, actor: Actor, route: Route, details: Mapping[str, Any]) -> None:
    """Put everything where it was; call it only where nothing `changed`."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    kept = session.get_one(Account, route.kept_id)
    for column, (before, _after) in details["fields"].items():
        setattr(kept, column, _typed(column, before))
    session.flush()
    _move_receivables_back(session, route, details)
    _give(session, TeamMember, TeamMember.id, [row[0] for row in details["team"]], route.merged_id)
    for name, model in {**_ENTRIES, "price_rounds": PriceRoundAccount}.items():
        # Mergers of before one of them existed moved none of it.
        _give(session, model, model.id, details.get(name, []), route.merged_id)
    pair: Any = tuple_(AccountCode.source, AccountCode.code)
    _give(session, AccountCode, pair, [tuple(one) for one in details["codes"]], route.merged_id)
    _divide_targets(session, actor, route, details["targets"])
    merged_terms.move_back(session, actor, route, details.get("terms", ()))
    merged_lump_sums.move_back(session, actor, route, details.get("lump_sums", ()))
    merged_wallets.move_back(session, actor, route, details.get("wallets", ()))


def in_both_targets(session: Session, actor: Actor, merged_id: int, kept_id: int) -> list[date]:
    """The months for which both accounts have a target."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    return sorted(_in_force(session, merged_id).keys() & _in_force(session, kept_id).keys())


def clashing_receivables(
    session: Session, actor: Actor, merged_id: int, kept_id: int
) -> list[tuple[str, date]]:
    """Invoices that stand at both accounts on the same day: number and day."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    there = {(row["as_of"], row["invoice_no"]) for row in _receivables(session, kept_id)}
    ours = ((row["as_of"], row["invoice_no"]) for row in _receivables(session, merged_id))
    return sorted((number, day) for day, number in ours if (day, number) in there)


def _give(session: Session, model: Any, key: Any, keys: Sequence[Any], account_id: int) -> None:
    for start in range(0, len(keys), _AT_ONCE):
        some = key.in_(keys[start : start + _AT_ONCE])
        statement = update(model).where(some).values(account_id=account_id)
        session.execute(statement.execution_options(**_UNSYNCHRONISED))


def _take_over(session: Session, route: Route, take: frozenset[str]) -> dict[str, list[Any]]:
    merged, kept = session.get_one(Account, route.merged_id), session.get_one(Account, route.kept_id)
    taken = {}
    for field in sorted(take):
        column = TAKEN[field]
        before, after = getattr(kept, column), getattr(merged, column)
        if before != after:
            taken[column] = [audit.plain(before), audit.plain(after)]
            setattr(kept, column, after)
    session.flush()
    return taken


def _changed_fields(session: Session, route: Route, taken: Mapping[str, Any]) -> list[str]:
    kept = session.get_one(Account, route.kept_id)
    names = {column: field for field, column in TAKEN.items()}
    return [
        _("The field {field} of {code} was changed.").format(field=names[column], code=kept.code)
        for column, (_before, after) in taken.items()
        if audit.plain(getattr(kept, column)) != after
    ]


def _typed(column: str, value: Any) -> Any:
    """A value as the account keeps it, from the JSON that it was kept in."""
    if value is None:
        return None
    if column == "since_on":
        return date.fromisoformat(value)
    if column == "credit_limit":
        return Decimal(value)
    return AccountStatus(value) if column == "status" else value


def _receivables(session: Session, account_id: int) -> list[dict[str, Any]]:
    columns = [getattr(Receivable, name) for name in _OF_A_RECEIVABLE]
    query: Select[Any] = select(*columns).where(Receivable.account_id == account_id)
    return [dict(row) for row in session.execute(query).mappings()]


def _move_receivables(session: Session, route: Route) -> dict[str, Any]:
    """An invoice that stands at both on the same day is one debt: the kept account's stays."""
    there = {(row["as_of"], row["invoice_no"]) for row in _receivables(session, route.kept_id)}
    ours = _receivables(session, route.merged_id)
    moved = [row for row in ours if (row["as_of"], row["invoice_no"]) not in there]
    left = [row for row in ours if (row["as_of"], row["invoice_no"]) in there]
    gone = delete(Receivable).where(Receivable.account_id == route.merged_id)
    session.execute(gone.execution_options(**_UNSYNCHRONISED))
    _insert_receivables(session, route.kept_id, moved)
    health_marks.raise_for(session, health_marks.Kind.RECEIVABLES, [route.merged_id, route.kept_id])
    return {"receivables": _listed(moved), "left_out": _listed(left)}


def _insert_receivables(session: Session, account_id: int, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(Receivable), [{"account_id": account_id, **row} for row in rows])


def _listed(rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [[_same(row[name]) for name in _OF_A_RECEIVABLE] for row in rows]


def _same(value: Any) -> Any:
    # 5 and 5.0000 are one amount, however the store wrote it.
    return f"{value.normalize():f}" if isinstance(value, Decimal) else audit.plain(value)


def _changed_receivables(session: Session, route: Route, moved: Sequence[Sequence[Any]]) -> list[str]:
    now = {tuple(row) for row in _listed(_receivables(session, route.kept_id))}
    return [
        _("Invoice {number} of {day} was changed.").format(number=row[1], day=row[0])
        for row in moved
        if tuple(row) not in now
    ]


def _move_receivables_back(session: Session, route: Route, details: Mapping[str, Any]) -> None:
    rows = [dict(zip(_OF_A_RECEIVABLE, row, strict=True)) for row in details["receivables"]]
    rows += [dict(zip(_OF_A_RECEIVABLE, row, strict=True)) for row in details["left_out"]]
    for row in rows:
        row["as_of"], row["due_on"] = date.fromisoformat(row["as_of"]), date.fromisoformat(row["due_on"])
        row["amount"], row["open_amount"] = Decimal(row["amount"]), Decimal(row["open_amount"])
    moved = [(row["as_of"], row["invoice_no"]) for row in rows[: len(details["receivables"])]]
    for start in range(0, len(moved), _AT_ONCE):
        some = tuple_(Receivable.as_of, Receivable.invoice_no).in_(moved[start : start + _AT_ONCE])
        gone = delete(Receivable).where(Receivable.account_id == route.kept_id, some)
        session.execute(gone.execution_options(**_UNSYNCHRONISED))
    _insert_receivables(session, route.merged_id, rows)
    health_marks.raise_for(session, health_marks.Kind.RECEIVABLES, [route.merged_id, route.kept_id])


def _members(session: Session, account_id: int) -> list[TeamMember]:
    query = select(TeamMember).where(TeamMember.account_id == account_id).order_by(TeamMember.id)
    return list(session.scalars(query))


def _move_team(session: Session, route: Route) -> list[list[Any]]:
    """Whoever stands on the kept account's team for some of the same days stays as they are there."""
    there = _members(session, route.kept_id)
    moved = [
        one
        for one in _members(session, route.merged_id)
        if not any(one.user_id == other.user_id and _meet(one, other) for other in there)
    ]
    for one in moved:
        one.account_id = route.kept_id
    session.flush()
    return [_member(one) for one in moved]


def _meet(one: TeamMember, other: TeamMember) -> bool:
    starts_before_end = other.valid_to is None or one.valid_from < other.valid_to
    return starts_before_end and (one.valid_to is None or other.valid_from < one.valid_to)


def _member(one: TeamMember) -> list[Any]:
    return [one.id, *(audit.plain(getattr(one, name)) for name in _OF_A_MEMBER)]


def _changed_team(session: Session, route: Route, moved: Sequence[list[Any]]) -> list[str]:
    now = [_member(one) for one in _members(session, route.kept_id)]
    names = dict(session.execute(select(User.id, User.name)).all())
    return [
        _("The time of {name} on the team was changed.").format(name=names.get(row[1], row[1]))
        for row in moved
        if row not in now
    ]


def _move_codes(session: Session, route: Route) -> list[list[str]]:
    own = AccountCode.account_id == route.merged_id
    rows = session.execute(select(AccountCode.source, AccountCode.code).where(own))
    pairs = sorted((source, code) for source, code in rows)
    statement = update(AccountCode).where(own).values(account_id=route.kept_id)
    session.execute(statement.execution_options(**_UNSYNCHRONISED))
    return [list(pair) for pair in pairs]


def _changed_codes(session: Session, route: Route, moved: Sequence[Sequence[str]]) -> list[str]:
    query = select(AccountCode.source, AccountCode.code).where(AccountCode.account_id == route.kept_id)
    now = {(source, code) for source, code in session.execute(query)}
    return [
        _("The code {code} of {source} was taken away.").format(code=code, source=source)
        for source, code in moved
        if (source, code) not in now
    ]


def _move_all(session: Session, model: type[AttentionDecision | Cause], route: Route) -> list[int]:
    ids = list(
        session.scalars(select(model.id).where(model.account_id == route.merged_id).order_by(model.id))
    )
    _give(session, model, model.id, ids, route.kept_id)
    return ids


def _changed_wallets(session: Session, actor: Actor, route: Route, details: Mapping[str, Any]) -> list[str]:
    if "wallets_in_force" not in details:  # a merger of before that was noted
        return []
    return merged_wallets.changed(session, actor, route, details["wallets"], details["wallets_in_force"])


def _move_rounds(session: Session, route: Route) -> list[int]:
    """Where a price round was announced to both, the kept account's answer stands and the other stays behind."""
    round_id = PriceRoundAccount.round_id
    there = set(session.scalars(select(round_id).where(PriceRoundAccount.account_id == route.kept_id)))
    query = select(PriceRoundAccount.id, round_id).where(PriceRoundAccount.account_id == route.merged_id)
    ids = [row[0] for row in session.execute(query.order_by(PriceRoundAccount.id)) if row[1] not in there]
    _give(session, PriceRoundAccount, PriceRoundAccount.id, ids, route.kept_id)
    return ids


def _in_force(session: Session, account_id: int) -> dict[date, tuple[Wanted, int | None]]:
    """The targets of an account: value and the import that brought it, by month."""
    query = select(Target.month, Target.net_revenue_amount, Target.margin_amount, Target.batch_id).where(
        Target.account_id == account_id, Target.superseded_at.is_(None)
    )
    return {month: ((net, margin), batch) for month, net, margin, batch in session.execute(query)}


def _sum(one: Wanted, other: Wanted | None) -> Wanted:
    if other is None:
        return one
    margins = [margin for margin in (one[1], other[1]) if margin is not None]
    return one[0] + other[0], sum(margins, Decimal(0)) if margins else None


def _add_targets(session: Session, actor: Actor, route: Route) -> list[list[Any]]:
    """New versions at the kept account, withdrawn at the merged one: every earlier version stays on record."""
    ours, there = _in_force(session, route.merged_id), _in_force(session, route.kept_id)
    if not ours:
        return []
    nothing: tuple[None, None] = (None, None)
    sums = {month: _sum(value, there.get(month, nothing)[0]) for month, (value, _batch) in ours.items()}
    targets.set_many(session, actor, route.kept_id, sums)
    targets.set_many(session, actor, route.merged_id, dict.fromkeys(ours))
    return [
        audit.plain([month, *ours[month], *there.get(month, nothing), sums[month]]) for month in sorted(ours)
    ]


def _value(kept: Sequence[Any] | None) -> Wanted | None:
    if kept is None:
        return None
    return Decimal(kept[0]), None if kept[1] is None else Decimal(kept[1])


def _changed_targets(session: Session, route: Route, added: Sequence[Sequence[Any]]) -> list[str]:
    now = _in_force(session, route.kept_id)
    changed_months = [
        month
        for month, _ours, _batch, _theirs, _their_batch, total in added
        if now.get(date.fromisoformat(month), (None, None))[0] != _value(total)
    ]
    return [_("The target for {month} was changed.").format(month=month[:7]) for month in changed_months]


def _divide_targets(session: Session, actor: Actor, route: Route, added: Sequence[Sequence[Any]]) -> None:
    """The former values come into force again as new versions, each under the import that brought it."""
    wanted: dict[tuple[int, int | None], dict[date, Wanted | None]] = {}
    for month, ours, batch, theirs, their_batch, _total in added:
        day = date.fromisoformat(month)
        wanted.setdefault((route.merged_id, batch), {})[day] = _value(ours)
        wanted.setdefault((route.kept_id, their_batch), {})[day] = _value(theirs)
    for (account_id, batch_id), months in wanted.items():
        targets.set_many(session, actor, account_id, months, batch_id=batch_id)
