"""One search over what is written about competition: claims, notes, objections and contests, in their scope."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core import account_notes, auth, competitor_claims, contests, objections, search_texts
from core.account_notes import NoteRow
from core.auth import Actor
from core.competitor_claims import ClaimFilter, ClaimRow
from core.contests import ContestRow
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.objections import ObjectionRow
from core.vocabulary import Permission


@dataclass(frozen=True)
class Found:
    """What has every word of a text, or words that begin so."""

    claims: tuple[ClaimRow, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    objections: tuple[ObjectionRow, ...] = ()
    contests: tuple[ContestRow, ...] = ()


def everything(session: Session, actor: Actor, text: str, accounts: AccountFilter = ALL_ACCOUNTS) -> Found:
    """The records with these words at visible accounts; claims of the market as well."""
    auth.require(actor, Permission.COMPETITOR_READ)
    if not text.strip():
        return Found()
    notes = search_texts.ids(session, account_notes.ENTITY, text)
    against = search_texts.ids(session, objections.ENTITY, text)
    ended = search_texts.ids(session, contests.ENTITY, text)
    return Found(
        tuple(competitor_claims.search(session, actor, ClaimFilter(text=text))),
        tuple(account_notes.search(session, actor, accounts, ids=notes)) if notes else (),
        tuple(objections.search(session, actor, accounts, ids=against)) if against else (),
        tuple(contests.search(session, actor, accounts, ids=ended)) if ended else (),
    )
