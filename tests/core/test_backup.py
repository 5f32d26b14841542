"""A backup is the whole store in one file, and a damaged one never replaces anything."""

import json
import stat
import zipfile
from datetime import date

import pytest
from sqlalchemy import select

from core import audit, backup, clock, config, db, doctor, rollups
from core.auth import OPERATOR
from core.errors import Forbidden, Invalid, NotFound
from core.models import Account, AuditEntry, OrderLine, WebSession
from core.vocabulary import Role
from tests import factories


@pytest.fixture
def sold(session):
    account, product = factories.account(session, code="HARBOUR"), factories.product(session)
    factories.line(session, account, product, date(2026, 1, 5), quantity="2", net_price="9.99", order_no="1")
    user = factories.user(session, "anna", Role.MANAGER)
    session.add(
        WebSession(
            token_hash="x",
            user_id=user.id,
            created_at=clock.now(),
            seen_at=clock.now(),
            expires_at=clock.now(),
        )
    )
    rollups.rebuild(session)
    session.commit()


def _codes():
    with db.read() as session:
        return list(session.scalars(select(Account.code).order_by(Account.code)))


def _add(code):
    with db.write() as session:
        factories.account(session, code=code)


def _repacked(source, target, *, manifest=None, store=None):
    """The same backup with some of it exchanged."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        words = json.loads(old.read("manifest.json")) | (manifest or {})
        new.writestr("manifest.json", json.dumps(words))
        new.writestr("store", store if store is not None else old.read("store"))
    return target


def test_a_restored_store_is_the_one_that_was_saved(sold, tmp_path):
    manifest = backup.save(OPERATOR, tmp_path / "utama.backup")
    _add("LATER")

    backup.load(OPERATOR, tmp_path / "utama.backup")

    assert manifest.net_amount == "19.98"  # 2 × 9.99
    assert manifest.rows["order_lines"] == 1
    assert _codes() == ["HARBOUR"]
    with db.read() as session:
        assert session.scalar(select(OrderLine.order_no)) == "1"
        assert [check.differences for check in doctor.examine(session, OPERATOR) if not check.is_well] == []


def test_a_backup_is_for_its_owners_eyes_and_leaves_nothing_beside_it(sold, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()

    backup.save(OPERATOR, folder / "one")

    assert stat.S_IMODE((folder / "one").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["one"]


def test_backup_and_restore_stand_in_the_audit_and_sessions_end(sold, tmp_path):
    backup.save(OPERATOR, tmp_path / "one")
    backup.load(OPERATOR, tmp_path / "one")

    with db.read() as session:
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert actions == ["store:restore"]  # the entry about the backup came after it
        assert audit.broken_at(session) is None
        assert session.scalar(select(WebSession.revoked_at)) is not None


@pytest.mark.parametrize(
    ("manifest", "inside", "sentence"),
    [
        ({}, b"something else", "is damaged"),
        ({"sha256": "0" * 64}, None, "is damaged"),
        ({"net_amount": "20"}, None, "does not hold what its manifest says"),
        ({"audit_hash": "f" * 64}, None, "does not hold what its manifest says"),
        ({"revision": "9999"}, None, "A newer Utama"),
        ({"kind": "abacus"}, None, "another kind"),
        ({"surprise": 1}, None, "is not a backup"),
    ],
)
def test_a_backup_that_is_not_what_it_says_changes_nothing(sold, tmp_path, manifest, inside, sentence):
    backup.save(OPERATOR, tmp_path / "one")
    _add("LATER")
    other = _repacked(tmp_path / "one", tmp_path / "other", manifest=manifest, store=inside)

    with pytest.raises(Invalid, match=sentence):
        backup.load(OPERATOR, other)

    assert _codes() == ["HARBOUR", "LATER"]


def test_any_other_file_is_refused(sold, tmp_path):
    (tmp_path / "text").write_text("order_no,account")

    with pytest.raises(Invalid, match="is not a backup"):
        backup.load(OPERATOR, tmp_path / "text")
    with pytest.raises(NotFound):
        backup.load(OPERATOR, tmp_path / "nowhere")
    with pytest.raises(Invalid, match="no place"):
        backup.save(OPERATOR, tmp_path / "nowhere" / "one")


def test_only_those_who_maintain_the_store_save_and_restore(session, director, tmp_path):
    with pytest.raises(Forbidden):
        backup.save(director, tmp_path / "one")
    with pytest.raises(Forbidden):
        backup.load(director, tmp_path / "one")


def test_a_store_that_cannot_be_read_any_more_is_replaced_and_kept_beside(sqlite_store, tmp_path):
    _add("HARBOUR")
    backup.save(OPERATOR, tmp_path / "one")
    db.reset()
    for path in tmp_path.glob("utama.db*"):
        path.write_bytes(b"this was a database once" * 400)

    backup.load(OPERATOR, tmp_path / "one")

    assert _codes() == ["HARBOUR"]
    assert (tmp_path / "utama.db.damaged").exists()
    assert config.load().store_url.endswith("utama.db")
