"""Full-text search: words of records kept beside them, found by FTS5 on SQLite and tsvector on PostgreSQL.

Bodies are folded to bare words, so that both databases find the same. What is found are keys of records; the caller
asks for the records themselves with the condition of who may see them.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, column, delete, false, func, literal_column, select, table
from sqlalchemy.orm import InstrumentedAttribute, Session

from core import db
from core.claim_rules import fold
from core.models import SearchText

_WORDS = table("search_words", column("rowid"), column("search_words"))
_MOST_WORDS = 12


def put(session: Session, entity: str, entity_id: int, *texts: str) -> None:
    """Keep the words of a record, in place of those kept before."""
    body = fold(" ".join(texts))
    row = session.scalar(
        select(SearchText).where(SearchText.entity == entity, SearchText.entity_id == entity_id)
    )
    if row is None:
        session.add(SearchText(entity=entity, entity_id=entity_id, body=body))
    else:
        row.body = body
    session.flush()


def forget(session: Session, entity: str, entity_id: int) -> None:
    """Keep the words of a record no longer."""
    session.execute(delete(SearchText).where(SearchText.entity == entity, SearchText.entity_id == entity_id))


def among(session: Session, entity: str, key: InstrumentedAttribute[int], text: str) -> ColumnElement[bool]:
    """Whether a record has every word of a text, or one that begins so; nothing has the words of an empty one."""
    found = _matching(session, entity, text)
    return false() if found is None else key.in_(found)


def ids(session: Session, entity: str, text: str) -> frozenset[int]:
    """The keys of records that have every word of a text; ask for the records themselves with who may see them."""
    found = _matching(session, entity, text)
    return frozenset() if found is None else frozenset(session.scalars(found))


def _matching(session: Session, entity: str, text: str) -> Select[int] | None:
    """The keys of a kind of record; None for a text without words."""
    words = fold(text).split()[:_MOST_WORDS]
    if not words:
        return None
    keys = select(SearchText.entity_id).where(SearchText.entity == entity)
    if db.is_sqlite(session):
        asked = " ".join(f'"{word}"*' for word in words)
        rows = select(_WORDS.c.rowid).where(_WORDS.c.search_words.op("MATCH")(asked))
        return keys.where(SearchText.id.in_(rows))
    simple: ColumnElement[str] = literal_column("'simple'")
    query = func.to_tsquery(simple, " & ".join(f"{word}:*" for word in words))
    return keys.where(func.to_tsvector(simple, SearchText.body).op("@@")(query))
