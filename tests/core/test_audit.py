"""Nothing changes without a trace, and no trace can be changed unseen."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import audit, db
from core.audit import Subject
from core.auth import OPERATOR
from core.models import AuditEntry
from tests import factories


def _two_entries(session):
    audit.record(session, OPERATOR, "account:update", Subject("account", "1", "A1"), {"name": ("Old", "New")})
    audit.record(
        session,
        OPERATOR,
        "target:update",
        Subject("target", "1", "A1"),
        {"net_revenue_amount": (None, Decimal("10.5000")), "month": (None, date(2026, 1, 1))},
    )


def test_entries_are_numbered_without_a_gap_and_the_chain_holds(session):
    _two_entries(session)

    assert [row.id for row in session.query(AuditEntry).order_by(AuditEntry.id)] == [1, 2]
    assert audit.broken_at(session) is None


def test_the_chain_holds_after_the_store_is_read_anew(session):
    _two_entries(session)
    session.commit()

    with db.read() as again:
        assert audit.broken_at(again) is None


def test_a_changed_entry_is_found(session, store):
    _two_entries(session)
    if store == "sqlite":
        session.execute(text("DROP TRIGGER audit_entries_no_update"))
    session.execute(text("UPDATE audit_entries SET label = 'A2' WHERE id = 1"))
    session.expire_all()

    assert audit.broken_at(session) == 1


def test_a_cut_off_tail_is_found(session, store):
    _two_entries(session)
    if store == "sqlite":
        session.execute(text("DROP TRIGGER audit_entries_no_delete"))
    session.execute(text("DELETE FROM audit_entries WHERE id = 2"))
    session.expire_all()

    assert audit.broken_at(session) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET label = 'x'",
        "DELETE FROM audit_entries",
        "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE id = 1",
    ],
)
def test_sqlite_refuses_to_change_what_was_recorded(sqlite_store, statement):
    with db.write() as session:
        _two_entries(session)

    with pytest.raises(DBAPIError, match="append-only"), db.write() as session:
        session.execute(text(statement))


def test_a_manager_reads_what_happened_to_own_accounts_and_nothing_else(session, kam, other_kam):
    mine = factories.account(session, kam, "MINE")
    theirs = factories.account(session, other_kam, "THEIRS")
    for account in (mine, theirs):
        subject = Subject("account", str(account.id), account.code, account.id)
        audit.record(session, OPERATOR, "account:update", subject, {"name": ("a", "b")})

    seen = audit.search(session, kam).rows

    assert [row.label for row in seen] == ["MINE"]
    assert seen[0].changes == {"name": ["a", "b"]}
