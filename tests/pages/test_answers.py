"""An answer is given again only to the same person, for the same question, in the same state of the store."""

from datetime import date
from decimal import Decimal

import pytest

from core import accounts, audit, auth, db, health_renewal, portfolio_tiles, rollups
from core.audit import Subject
from core.auth import OPERATOR
from core.models import Product, User
from core.periods import Period
from pages.ui import answers, renewal
from tests import factories

YEAR = Period.of(date(2026, 1, 1), date(2026, 12, 31))
DAY = date(2026, 6, 30)


@pytest.fixture(autouse=True)
def _empty():
    answers.forget()


@pytest.fixture
def sold(session, kam, other_kam, director):
    """Anna's and Ben's accounts with an order each, and one entry in the audit; the product's id."""
    product = factories.product(session)
    product_id = product.id
    for owner, amount in ((kam, "100"), (other_kam, "7")):
        account = factories.account(session, owner)
        factories.line(session, account, product, date(2026, 3, 1), list_price=amount)
    rollups.rebuild(session)
    audit.record(session, OPERATOR, "test:begin", Subject("test", "1", "1"))
    session.commit()
    return product_id


def _net(actor):
    with db.read() as session:
        ask = answers.asker(session, actor)
        return ask(portfolio_tiles.overview, YEAR, day=DAY).tiles["net_revenue"].value


def _add(owner, product_id, *, entry):
    with db.write() as session:
        account = factories.account(session, owner)
        product = session.get_one(Product, product_id)
        factories.line(session, account, product, date(2026, 4, 1), list_price="50")
        rollups.rebuild(session)
        if entry:
            audit.record(session, OPERATOR, "test:add", Subject("test", "2", "2"))


def test_each_person_gets_their_own_answer(sold, kam, other_kam, director):
    assert [_net(kam), _net(other_kam), _net(director)] == [Decimal(100), Decimal(7), Decimal(107)]
    assert [_net(kam), _net(other_kam), _net(director)] == [Decimal(100), Decimal(7), Decimal(107)]


def test_a_change_of_the_store_is_seen_at_once(sold, kam):
    assert _net(kam) == Decimal(100)
    _add(kam, sold, entry=True)
    assert _net(kam) == Decimal(150)


def test_without_a_change_nothing_is_read_again(sold, kam, monkeypatch):
    assert _net(kam) == Decimal(100)
    monkeypatch.setattr(portfolio_tiles.portfolio, "board", None)
    assert _net(kam) == Decimal(100)


def test_who_loses_a_permission_or_an_account_loses_the_answer(sold, kam):
    assert _net(kam) == Decimal(100)
    with db.write() as session:
        (row,) = accounts.search(session, kam)
        detail = accounts.get(session, OPERATOR, row.id)
        draft = accounts.AccountDraft(detail.code, detail.name, owner_id=None)
        accounts.update(session, OPERATOR, row.id, draft, version=detail.version)
        after = auth.actor_for(session.get_one(User, kam.user_id))
    assert not _net(after)


def test_a_store_whose_state_is_not_known_is_always_read(session, kam):
    product = factories.product(session)
    account = factories.account(session, kam)
    factories.line(session, account, product, date(2026, 3, 1), list_price="100")
    rollups.rebuild(session)
    product_id = product.id
    session.commit()
    assert _net(kam) == Decimal(100)
    _add(kam, product_id, entry=False)
    assert _net(kam) == Decimal(150)


def test_an_answer_is_not_kept_for_ever(sold, kam, monkeypatch):
    assert _net(kam) == Decimal(100)
    _add(kam, sold, entry=False)  # as by hand in the database, past the audit
    assert _net(kam) == Decimal(100)
    later = answers.time.monotonic() + answers.LIFETIME + 1
    monkeypatch.setattr(answers.time, "monotonic", lambda: later)
    assert _net(kam) == Decimal(150)


def test_only_so_many_answers_are_kept(sold, kam):
    for day in range(1, 29):
        for month in range(1, 8):
            with db.read() as session:
                ask = answers.asker(session, kam)
                ask(portfolio_tiles.overview, YEAR, day=date(2026, month, day))
    assert len(answers._answers) == answers.KEPT


def _record(action, entity):
    with db.write() as session:
        audit.record(session, OPERATOR, action, Subject(entity, "1", "1"))


def test_what_cannot_move_a_figure_lets_it_be_given_again(sold, kam, monkeypatch):
    assert _net(kam) == Decimal(100)
    monkeypatch.setattr(portfolio_tiles.portfolio, "board", None)
    for action, entity in (
        ("attention:done", "attention"),
        ("export:revenue", "export"),
        ("view:create", "view"),
    ):
        _record(action, entity)
        assert _net(kam) == Decimal(100)


@pytest.mark.parametrize(
    "entity",
    ["account", "group", "import_batch", "order", "setting", "store", "target", "user", "of a later kind"],
)
def test_whatever_else_changes_is_seen_at_once(sold, kam, monkeypatch, entity):
    assert _net(kam) == Decimal(100)
    monkeypatch.setattr(portfolio_tiles.portfolio, "board", None)
    _record(f"{entity}:update", entity)
    with pytest.raises(TypeError):
        _net(kam)


@pytest.fixture
def renewable(monkeypatch):
    """Every answer counts as slow."""
    monkeypatch.setattr(answers, "SLOW", 0.0)


def test_after_a_change_an_answer_is_found_again_before_somebody_asks(sold, kam, renewable, monkeypatch):
    assert _net(kam) == Decimal(100)
    assert answers.renew(0.0) == 0.0
    _add(kam, sold, entry=True)
    assert answers.renew(0.0) > 0.0
    assert answers.renew(0.0) == 0.0
    monkeypatch.setattr(portfolio_tiles.portfolio, "board", None)
    assert _net(kam) == Decimal(150)


def test_what_was_found_again_is_old_after_the_next_change(sold, kam, renewable):
    assert _net(kam) == Decimal(100)
    _add(kam, sold, entry=True)
    assert answers.renew(0.0) > 0.0
    _add(kam, sold, entry=True)
    assert _net(kam) == Decimal(200)


def test_what_was_found_again_is_of_who_asked(sold, kam, other_kam, renewable):
    assert [_net(kam), _net(other_kam)] == [Decimal(100), Decimal(7)]
    _add(kam, sold, entry=True)
    while answers.renew(0.0):
        pass
    assert [_net(kam), _net(other_kam)] == [Decimal(150), Decimal(7)]


def test_what_is_quick_or_long_ago_is_not_found_again(sold, kam, monkeypatch):
    monkeypatch.setattr(answers, "SLOW", 60.0)
    assert _net(kam) == Decimal(100)
    _add(kam, sold, entry=True)
    assert answers.renew(0.0) == 0.0
    monkeypatch.setattr(answers, "SLOW", 0.0)
    assert answers.renew(answers.time.monotonic()) == 0.0


def test_the_server_looks_for_health_to_read_only_once_the_store_is_another(sold, kam, monkeypatch):
    looked: list[object] = []
    read = health_renewal.read

    def counted(*asked):
        looked.append(asked)
        return read(*asked)

    monkeypatch.setattr(health_renewal, "read", counted)
    health = renewal._Health()

    assert health.read() > 0  # both accounts are read and kept
    assert (health.read(), health.read(), len(looked)) == (0, 0, 2)
    _add(kam, sold, entry=True)
    assert health.read() > 0
    assert (health.read(), health.read(), len(looked)) == (0, 0, 4)
