"""Accounts that are probably one: named alike, or called alike by other systems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.models import Account, AccountCode
from core.vocabulary import Permission

_AT_MOST = 50
# Forms of companies, which one list writes out and another leaves away.
_FORMS = frozenset({
    "sdn", "bhd", "sendirian", "berhad", "m", "ltd", "limited", "pte", "pvt", "plc", "inc", "corp", "corporation",
    "co", "company", "llc", "llp", "lp", "gmbh", "ag", "sa", "enterprise", "enterprises", "ent",
})  # fmt: skip


class Alike(StrEnum):
    """Why two accounts are probably one."""

    NAME = "name"
    CODE = "code"


@dataclass(frozen=True)
class Twin:
    id: int
    code: str
    name: str


@dataclass(frozen=True)
class Pair:
    first: Twin
    second: Twin
    alike: Alike
    by: str  # the name or code that they share


def likely_duplicates(session: Session, actor: Actor, account_id: int | None = None) -> list[Pair]:
    """Pairs of visible accounts that are probably one, or those with one account; names first."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    rows = session.execute(
        select(Account.id, Account.code, Account.name)
        .where(auth.visible_accounts(actor), Account.is_unassigned.is_(False))
        .order_by(Account.code)
    )
    known = {number: Twin(number, code, name) for number, code, name in rows}
    names: dict[str, list[int]] = {}
    for twin in known.values():
        if key := folded(twin.name):
            names.setdefault(key, []).append(twin.id)
    codes: dict[str, list[int]] = {twin.code: [twin.id] for twin in known.values()}
    foreign = select(AccountCode.code, AccountCode.account_id).order_by(
        AccountCode.code, AccountCode.account_id
    )
    for code, number in session.execute(foreign):
        if number in known and number not in codes.setdefault(code, []):
            codes[code].append(number)
    pairs: dict[tuple[int, int], Pair] = {}
    for alike, groups in ((Alike.NAME, names), (Alike.CODE, codes)):
        for by, first, second in _of_groups(groups):
            if account_id in (None, first, second):
                pairs.setdefault(
                    (min(first, second), max(first, second)), Pair(known[first], known[second], alike, by)
                )
            if len(pairs) >= _AT_MOST:
                return list(pairs.values())
    return list(pairs.values())


def _of_groups(groups: dict[str, list[int]]) -> Iterable[tuple[str, int, int]]:
    for by, numbers in sorted(groups.items()):
        for first, second in combinations(numbers, 2):
            yield by, first, second


def folded(name: str) -> str:
    """A name without what lists write differently: case, accents, signs, the form of the company at its end."""
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign)
    )
    words = re.sub(r"[^\w]+|_", " ", plain.replace("&", " and ").replace("'", "").replace(".", "")).split()
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    return " ".join(words)
