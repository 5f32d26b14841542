"""The demo company in a store: loaded whole, marked, told apart from own data, and gone without a trace."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest
import typer
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from core import audit, auth, bulk, clock, db, demo, passwords, rollups, settings, startup
from core.auth import OPERATOR
from core.commands import demo as demo_command
from core.errors import Conflict, Forbidden, Invalid
from core.models import (
    Account,
    AccountCode,
    AccountMonth,
    AuditEntry,
    Base,
    Category,
    ImportBatch,
    ListPrice,
    Order,
    OrderLine,
    PackSize,
    Product,
    Region,
    Setting,
    Target,
    TeamMember,
    TotalMonth,
    UnitCost,
    User,
)
from core.vocabulary import BatchKind, BatchStatus, Permission, Role, TeamRole
from tests import factories
from tests.conftest import on_sqlite

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "rounds", lambda: 4)


@pytest.fixture
def loaded(session: Session) -> demo.DemoLoad:
    return demo.load(session, OPERATOR, lines=5_000)


@pytest.fixture
def app() -> typer.Typer:
    """The command line with this one family; a second entry keeps the command's name on it."""
    line = typer.Typer()
    line.callback()(lambda: None)
    demo_command.register(line)
    return line


def count(session: Session, kind: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(kind)) or 0


def rows_everywhere(session: Session) -> dict[str, int]:
    """How many rows each table holds, empty ones left out; the audit is never cut."""
    counts = {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }
    return {name: rows for name, rows in counts.items() if rows and not name.startswith("audit_")}


def told_in_file(reminder: str, document: dict) -> bool:
    return all(person["passphrase"] in reminder for person in document["sign_ins"])


def contents(session: Session) -> list[tuple[object, ...]]:
    """What the demo says, without the moments and hashes of its loading."""
    lines = select(*[column for column in OrderLine.__table__.columns if column.name != "batch_id"])
    prices = select(ListPrice.product_id, ListPrice.valid_from, ListPrice.price, ListPrice.recorded_at)
    targets = select(*Target.__table__.columns)
    return [
        tuple(row)
        for query in (
            lines.order_by(OrderLine.account_id, OrderLine.order_no, OrderLine.line_no),
            prices.order_by(ListPrice.product_id, ListPrice.valid_from),
            targets.order_by(Target.account_id, Target.month, Target.version),
        )
        for row in session.execute(query)
    ]


@on_sqlite
def test_it_says_what_it_loaded(session, loaded):
    assert loaded.accounts == count(session, Account) == 50
    assert loaded.products == count(session, Product) == 220
    assert loaded.lines == count(session, OrderLine)
    assert loaded.orders == count(session, Order)
    assert loaded.targets == count(session, Target)
    assert count(session, Category) == 12
    assert (loaded.first_on, loaded.last_on) == (date(2023, 12, 1), TODAY)


def test_the_same_day_and_seed_load_the_same_rows_into_any_store(session, loaded):
    first = contents(session)
    ids = {row.code: row.id for row in session.scalars(select(Account))}
    demo.remove(session, OPERATOR)
    demo.load(session, OPERATOR, lines=5_000)

    # A second load gets other ids on PostgreSQL, so accounts and products are compared by their place.
    shift = session.scalar(select(func.min(Account.id))) - min(ids.values())
    first_product = session.scalar(select(func.min(Product.id)))
    again = contents(session)
    assert len(again) == len(first)
    assert sum(row.count(None) for row in again) == sum(row.count(None) for row in first)
    moved = {row.code: row.id - shift for row in session.scalars(select(Account))}
    assert moved == ids
    assert first_product is not None
    assert [row[1:3] for row in again] == [row[1:3] for row in first]
    assert [row[-3:] for row in again] == [row[-3:] for row in first]


@on_sqlite
def test_an_order_sums_up_its_lines(session, loaded):
    sums = select(
        OrderLine.account_id, OrderLine.order_no, func.count(), func.sum(OrderLine.net_amount)
    ).group_by(OrderLine.account_id, OrderLine.order_no)
    orders = select(Order.account_id, Order.order_no, Order.line_count, Order.net_amount)

    assert sorted(map(tuple, session.execute(sums))) == sorted(map(tuple, session.execute(orders)))


def test_the_rollups_hold_what_the_lines_hold(session, loaded):
    net = session.scalar(select(func.sum(OrderLine.net_amount)))

    assert session.scalar(select(func.sum(AccountMonth.net_amount))) == net
    assert session.scalar(select(func.sum(TotalMonth.net_amount))) == net
    assert session.scalar(select(func.sum(TotalMonth.lines))) == loaded.lines
    assert count(session, TotalMonth) == 36
    assert rollups.differences(session) == []


@on_sqlite
def test_revenue_is_booked_on_the_invoice_or_else_on_the_order(session, loaded):
    for line in session.scalars(select(OrderLine).limit(500)):
        assert line.booked_on == (line.invoiced_on or line.ordered_on)
        assert line.booked_month == line.booked_on.replace(day=1)
        assert line.booked_on <= TODAY


@on_sqlite
def test_a_lines_list_price_is_the_one_that_held_on_the_day(session, loaded):
    query = (
        select(OrderLine.list_price, ListPrice.price)
        .join(
            ListPrice,
            (ListPrice.product_id == OrderLine.product_id)
            & (ListPrice.valid_from <= OrderLine.ordered_on)
            & (ListPrice.valid_to.is_(None) | (ListPrice.valid_to > OrderLine.ordered_on)),
        )
        .where(OrderLine.currency == "MYR", OrderLine.quantity > 0)
    )
    pairs = session.execute(query).all()
    sold = select(func.count()).where(OrderLine.currency == "MYR", OrderLine.quantity > 0)

    assert len(pairs) == session.scalar(sold)  # exactly one price held each time
    assert all(charged == published for charged, published in pairs)


@on_sqlite
def test_a_lines_cost_is_the_one_that_held_on_the_day_or_unknown(session, loaded):
    query = (
        select(OrderLine.unit_cost, UnitCost.cost)
        .outerjoin(
            UnitCost,
            (UnitCost.product_id == OrderLine.product_id)
            & (UnitCost.valid_from <= OrderLine.ordered_on)
            & (UnitCost.valid_to.is_(None) | (UnitCost.valid_to > OrderLine.ordered_on)),
        )
        .where(OrderLine.currency == "MYR", OrderLine.quantity > 0)
    )

    assert all(booked == held for booked, held in session.execute(query))


@on_sqlite
def test_a_new_products_cost_is_unknown_and_so_is_the_margin_of_its_lines(session, loaded):
    unknown = session.scalars(select(OrderLine).where(OrderLine.unit_cost.is_(None))).all()
    known = session.scalars(select(OrderLine).where(OrderLine.unit_cost.is_not(None))).all()

    assert 0 < len(unknown) < 0.02 * loaded.lines
    assert all(line.cost_amount is None for line in unknown)
    assert all(line.cost_amount is not None for line in known)


@on_sqlite
def test_every_product_has_a_unit_a_pallet_and_a_price(session, loaded):
    assert session.scalar(select(func.count()).where(Product.unit_id.is_(None))) == 0
    assert count(session, PackSize) == 220
    priced = session.scalar(select(func.count(ListPrice.product_id.distinct())))
    assert priced == 220


@on_sqlite
def test_export_orders_keep_their_currency_and_rate(session, loaded):
    line = session.scalars(
        select(OrderLine).where(OrderLine.currency == "USD", OrderLine.quantity > 0)
    ).first()

    assert Decimal("3.5") < line.fx_rate < Decimal("5.5")
    # Booked once, half up: quantity × net price × rate.
    exact = line.quantity * line.net_price * line.fx_rate
    assert abs(line.net_amount - exact) <= Decimal("0.00005")


@on_sqlite
def test_people_are_as_promised(session, loaded):
    users = {user.username: auth.actor_for(user) for user in session.scalars(select(User))}
    directors = [actor for actor in users.values() if Role.DIRECTOR in actor.roles]
    managers = [actor for actor in users.values() if Role.MANAGER in actor.roles]

    assert sum(Role.ADMIN in actor.roles for actor in users.values()) == 1
    assert sum(Role.VIEWER in actor.roles for actor in users.values()) == 1
    assert sorted(len(actor.region_ids) for actor in directors) == [0, 3]
    assert all(actor.sees_cost for actor in directors)
    assert len(managers) == 6
    assert {actor.sees_cost for actor in managers} == {True, False}
    assert all(user.is_demo for user in session.scalars(select(User)))


@on_sqlite
def test_pass_phrases_are_told_once_kept_as_hashes_and_never_the_same(session, loaded):
    told = {person.username: person.passphrase for person in loaded.sign_ins}

    assert len(set(told.values())) == len(told) == count(session, User)
    for user in session.scalars(select(User)):
        assert passwords.fits(told[user.username], user.password_hash)
        assert passwords.problem(told[user.username], username=user.username) is None
    demo.remove(session, OPERATOR)
    again = demo.load(session, OPERATOR, lines=500)
    assert {person.passphrase for person in again.sign_ins}.isdisjoint(told.values())


@on_sqlite
def test_pass_phrases_are_nowhere_in_the_store(session, loaded):
    kept = [*session.scalars(select(AuditEntry.changes)), *session.scalars(select(Setting.value))]

    assert not any(person.passphrase in str(kept) for person in loaded.sign_ins)


@on_sqlite
def test_a_manager_sees_the_accounts_that_are_hers_or_that_she_stands_in_for(session, loaded):
    meiling = auth.actor_named(session, "meiling")
    visible = set(session.scalars(select(Account.code).where(auth.visible_accounts(meiling))))
    own = set(session.scalars(select(Account.code).where(Account.owner_id == meiling.user_id)))

    # A member of the hypermart's team; her time as a deputy for KA-0023 is over.
    assert visible - own == {"KA-0001"}


@on_sqlite
def test_deputies_are_past_present_and_to_come(session, loaded):
    deputies = session.scalars(select(TeamMember).where(TeamMember.role == TeamRole.DEPUTY)).all()

    assert any(row.valid_to <= TODAY for row in deputies)
    assert any(row.valid_from <= TODAY < row.valid_to for row in deputies)
    assert any(row.valid_from > TODAY for row in deputies)


@on_sqlite
def test_every_account_is_known_to_the_accounting_system(session, loaded):
    known = session.scalar(select(func.count()).where(AccountCode.source == "erp"))

    assert known == 50
    assert session.scalar(select(func.count()).where(AccountCode.source == "edi")) > 20


@on_sqlite
def test_one_audit_entry_tells_of_the_demo(session, loaded):
    entries = session.scalars(select(AuditEntry)).all()

    assert [(entry.action, entry.actor) for entry in entries] == [("demo:load", "operator")]
    assert entries[0].changes["accounts"] == [None, 50]
    assert audit.broken_at(session) is None


def test_the_store_knows_that_it_holds_the_demo(session):
    assert not demo.is_loaded(session)

    demo.load(session, OPERATOR, lines=500)

    assert demo.is_loaded(session)
    assert settings.get(session).company == "Selasih Rimba Industries Sdn Bhd"
    assert settings.get(session).base_currency == "MYR"


def test_it_loads_only_into_an_empty_store(session):
    factories.account(session)

    with pytest.raises(Conflict, match="only into an empty store"):
        demo.load(session, OPERATOR, lines=500)


@on_sqlite
def test_it_does_not_load_twice(session):
    demo.load(session, OPERATOR, lines=500)

    with pytest.raises(Conflict, match="loaded already"):
        demo.load(session, OPERATOR, lines=500)


@on_sqlite
def test_it_does_not_take_over_somebodys_name(session):
    factories.user(session, "kumar", Role.MANAGER)

    with pytest.raises(Conflict, match="A user named kumar exists already"):
        demo.load(session, OPERATOR, lines=500)


@on_sqlite
def test_it_does_not_change_a_base_currency_that_was_decided(session):
    settings.put(session, {"base_currency": "EUR"})

    with pytest.raises(Conflict, match="counts in MYR"):
        demo.load(session, OPERATOR, lines=500)


@on_sqlite
def test_only_who_maintains_the_store_may_load_and_remove_it(session, director):
    with pytest.raises(Forbidden):
        demo.load(session, director, lines=500)
    demo.load(session, OPERATOR, lines=500)
    with pytest.raises(Forbidden):
        demo.remove(session, director)


def test_sizes_that_make_no_company_are_refused(session):
    with pytest.raises(Invalid, match="too few"):
        demo.load(session, OPERATOR, accounts=50, lines=100)


def test_removing_it_leaves_no_row(session, loaded):
    demo.remove(session, OPERATOR)

    assert rows_everywhere(session) == {}
    assert not demo.is_loaded(session)
    assert [entry.action for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))] == [
        "demo:load",
        "demo:remove",
    ]
    assert audit.broken_at(session) is None


@on_sqlite
def test_removing_it_keeps_own_users_their_regions_and_their_settings(session):
    settings.put(session, {"company": "Own Company"})
    demo.load(session, OPERATOR, lines=500)
    sabah = session.scalar(select(Region).where(Region.name == "Sabah"))
    factories.user(session, "dora", Role.DIRECTOR, regions=[sabah], grants=[Permission.COST_READ])

    demo.remove(session, OPERATOR)

    # Without her region she would suddenly see everything.
    dora = auth.actor_named(session, "dora")
    assert not dora.sees_everything
    assert dora.sees_cost
    assert rows_everywhere(session) == {
        "regions": 1, "settings": 1, "user_grants": 1, "user_regions": 1, "user_roles": 1, "users": 1,
    }  # fmt: skip
    assert settings.get(session).company == "Own Company"


def test_removing_what_is_not_there_is_refused(session):
    with pytest.raises(Conflict, match="nothing to remove"):
        demo.remove(session, OPERATOR)


@on_sqlite
def test_own_data_beside_the_demo_goes_only_when_that_is_said(session, loaded):
    factories.account(session, code="OWN-1")
    factories.product(session, code="OWN-P")
    session.add(
        ImportBatch(
            kind=BatchKind.ORDERS, status=BatchStatus.APPLIED, file_name="own.csv", sha256="0",
            actor="operator", started_at=clock.now(), options={}, summary={},
        )
    )  # fmt: skip
    session.flush()

    assert demo.remains(session, OPERATOR) == demo.Remains(batches=1, accounts=1, products=1, targets=0)
    with pytest.raises(Conflict, match="imported files 1, accounts 1, products 1, targets 0"):
        demo.remove(session, OPERATOR)
    assert count(session, Account) == 51
    demo.remove(session, OPERATOR, with_own_data=True)
    assert rows_everywhere(session) == {}


def test_the_command_prints_the_sign_ins_and_takes_everything_out_again(store, app):
    run = CliRunner()

    loading = run.invoke(app, ["demo", "--lines", "1000", "--seed", "3", "--json"])
    document = orjson.loads(loading.stdout)
    with db.read() as session:
        kept = session.scalar(select(User.password_hash).where(User.username == "farah"))
        name = settings.get(session).demo
    kept_file = startup.demo_sign_ins()
    reminder, mode = kept_file.read_text(encoding="utf-8"), kept_file.stat().st_mode & 0o777
    removing = run.invoke(app, ["demo", "--remove"])

    assert told_in_file(reminder, document)
    assert mode == 0o600
    assert not kept_file.exists()
    assert (loading.exit_code, removing.exit_code) == (0, 0)
    assert document["accounts"] == 50
    told = {person["username"]: person["passphrase"] for person in document["sign_ins"]}
    assert passwords.fits(told["farah"], kept)
    assert name == "Selasih Rimba Industries Sdn Bhd, seed 3, 2026-11-23"
    with db.read() as session:
        assert rows_everywhere(session) == {}


def test_the_command_refuses_a_second_load_with_a_sentence(sqlite_store, app):
    run = CliRunner()
    run.invoke(app, ["demo", "--lines", "500"])

    again = run.invoke(app, ["demo", "--lines", "500"])

    assert again.exit_code == 1
    assert isinstance(again.exception, Conflict)


def test_rows_through_the_driver_are_those_of_the_models(session):
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    account = factories.account(session)
    written = bulk.insert_rows(
        session,
        "targets",
        ("account_id", "month", "version", "net_revenue_amount", "recorded_at", "recorded_by"),
        [(account.id, "2026-03-01", 1, 1_234_567, bulk.stored_moment(session, moment), "dora")],
    )

    target = session.scalars(select(Target)).one()
    assert written == 1
    assert (target.net_revenue_amount, target.margin_amount) == (Decimal("123.4567"), None)
    assert (target.month, target.recorded_at) == (date(2026, 3, 1), moment)


def test_rows_through_the_driver_go_with_the_transaction(store):
    with db.write() as session:
        bulk.insert_rows(session, "regions", ("name",), [("Central",)])
        session.rollback()

    with db.read() as session:
        assert count(session, Region) == 0


def test_statistics_are_renewed_on_both_stores(session, loaded):
    connection: Connection = session.connection()
    if connection.dialect.name == "sqlite":
        known = connection.execute(
            text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'order_lines'")
        ).scalar()
    else:
        known = connection.execute(
            text("SELECT count(*) FROM pg_stats WHERE tablename = 'order_lines'")
        ).scalar()
    assert known
