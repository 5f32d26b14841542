"""Two accounts become one and, undone, are what they were: to the line, to the cent, in every table."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core import (
    account_mergers,
    accounts,
    audit,
    auth,
    backup,
    causes,
    clock,
    db,
    demo,
    doctor,
    exports,
    kpis,
    lump_sums,
    merger_previews,
    portfolio,
    revenue,
    rollups,
    targets,
    teams,
    wallets,
)
from core.accounts import Member
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.importing import lookups
from core.kpis import By, Options
from core.lump_sums import LumpSumDraft
from core.models import (
    Account,
    AccountMerger,
    AttentionDecision,
    AuditEntry,
    Base,
    MergedLine,
    Order,
    OrderLine,
    Product,
    Receivable,
    Target,
    TeamMember,
    Term,
    Wallet,
)
from core.periods import Period
from core.vocabulary import (
    AttentionOutcome,
    BatchKind,
    CauseKind,
    LumpSumKind,
    Role,
    TeamRole,
    TermKind,
    TermStatus,
    WalletBasis,
)
from tests import factories
from tests.core.importing import bringing

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
YEAR = Period.of(JANUARY, date(2026, 12, 31))
# Records of the merger itself, and every version of a target: what is in force is compared on its own.
_NOT_COMPARED = {"audit_entries", "audit_head", "account_mergers", "targets", "submissions", "health_marks"}


def _everything(session, *, without=()):
    """Every row of every table, but for counters of changes."""
    session.flush()
    session.expire_all()
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name in _NOT_COMPARED | set(without):
            continue
        columns = [c for c in table.columns if not (table.name == "accounts" and c.name == "version")]
        found[table.name] = sorted(map(repr, session.execute(select(*columns)).all()))
    in_force = select(
        Target.account_id, Target.month, Target.net_revenue_amount, Target.margin_amount, Target.batch_id
    ).where(Target.superseded_at.is_(None))
    found["targets"] = sorted(map(repr, session.execute(in_force)))
    return found


def _healthy(session):
    return [problem for check in doctor.examine(session, OPERATOR) for problem in check.differences]


def _merge(session, actor, merged, kept, **more):
    versions = merger_previews.preview(session, actor, merged.id, kept.id).versions
    return account_mergers.merge(session, actor, merged.id, kept.id, versions=versions, **more)


def _receivable(session, account, number, amount, day=date(2026, 3, 31)):
    row = Receivable(account_id=account.id, as_of=day, invoice_no=number, due_on=date(2026, 3, 1),
                     amount=Decimal(amount), open_amount=Decimal(amount), batch_id=None)  # fmt: skip
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def pair(session, kam, other_kam, director):
    """Two accounts that are one: their orders meet in number and line, their targets and invoices in a month."""
    north = factories.region(session, "North")
    gone = factories.account(session, other_kam, "OLD", name="Harbour (M) Sdn. Bhd.", country="Malaysia",
                             credit_limit=Decimal(900), region_id=north.id)  # fmt: skip
    kept = factories.account(
        session, kam, "NEW", name="HARBOUR", credit_limit=Decimal(500), region_id=north.id
    )
    tea = factories.product(session, "TEA")
    rice = factories.product(session, "RICE")
    line = factories.line
    line(session, gone, tea, date(2026, 1, 5), quantity="2", unit_cost="6", order_no="S1", line_no=1)  # 20
    line(session, gone, rice, date(2026, 1, 5), quantity="3", order_no="S1", line_no=2)  # 30
    line(session, gone, tea, date(2026, 2, 7), quantity="-1", order_no="S2", line_no=1)  # -10
    line(session, gone, tea, date(2026, 2, 9), quantity="5", order_no="S3", line_no=4)  # 50
    line(session, kept, tea, date(2026, 1, 4), quantity="7", order_no="S1", line_no=1)  # 70, the same number
    line(session, kept, rice, date(2026, 1, 4), quantity="1", order_no="S1", line_no=5)  # 10
    line(session, kept, rice, date(2026, 3, 4), quantity="9", order_no="S9", line_no=1)  # 90
    rollups.rebuild(session)
    month = Decimal(100)
    targets.set_many(session, director, gone.id, {JANUARY: (month, Decimal(20)), FEBRUARY: (month * 2, None)})
    targets.set_many(
        session, director, kept.id, {JANUARY: (Decimal(40), None), date(2026, 3, 1): (month, None)}
    )
    _receivable(session, gone, "I1", "11")
    _receivable(session, gone, "I2", "12")
    _receivable(session, kept, "I2", "12")
    teams.set_codes(session, director, gone.id, [("SAP", "4711")], version=gone.version)
    teams.set_team(session, director, gone.id, [
        Member(director.user_id, TeamRole.MEMBER, JANUARY), Member(kam.user_id, TeamRole.DEPUTY, JANUARY),
    ], version=gone.version)  # fmt: skip
    teams.set_team(
        session, director, kept.id, [Member(kam.user_id, TeamRole.MEMBER, JANUARY)], version=kept.version
    )
    session.add(AttentionDecision(account_id=gone.id, kind="rhythm", occasion="x", outcome=AttentionOutcome.DONE,
                                  reason="", decided_by="ben", decided_at=clock.now()))  # fmt: skip
    causes.record(session, director, gone.id, causes.CauseDraft(CauseKind.DELISTING, JANUARY))
    for account, amount in ((gone, 700), (kept, 800)):
        wallets.record(
            session, director, account.id, _wallet(amount=Decimal(amount), said_by="Buyer"), seen=None
        )
    ranked = _wallet(basis=WalletBasis.ALLOCATED, rank=1, suppliers=3)
    wallets.record(session, director, gone.id, ranked, seen=None)
    session.flush()
    return gone, kept


def _wallet(basis=WalletBasis.DECLARED, **values):
    return wallets.WalletDraft(basis, JANUARY, source="Talk", **values)


def test_causes_and_wallets_move_and_an_estimate_of_both_stays_the_kept_ones(session, pair, director):
    gone, kept = pair

    _merge(session, director, gone, kept)

    assert [one.account_id for one in causes.search(session, director)] == [kept.id]
    held = wallets.latest(session, director, kept.id)
    assert {basis: one.draft.amount for (_category, basis), one in held.items()} == {
        WalletBasis.DECLARED: 800,
        WalletBasis.ALLOCATED: None,
    }


def _term(session, account, number, valid_from=JANUARY, **values):
    session.add(
        Term(
            number=number, kind=TermKind.DISCOUNT, account_id=account.id, scope_key=f"account:{account.id}/all",
            min_quantity=Decimal(0), rate=Decimal("0.05"), status=TermStatus.APPROVED, reason="Talk",
            valid_from=valid_from, valid_to=None, recorded_at=clock.now(), recorded_by="ben", **values,
        )
    )  # fmt: skip
    session.flush()


def test_the_preview_counts_terms_causes_and_wallets_and_what_of_them_stays(session, pair, director):
    gone, kept = pair
    tea = session.scalar(select(Product.id).where(Product.code == "TEA"))
    _term(session, gone, 1)
    _term(session, gone, 2, product_id=tea)
    _term(session, kept, 3, date(2025, 1, 1))
    display = LumpSumDraft(
        LumpSumKind.DISPLAY, Decimal(900), date(2026, 1, 1), date(2026, 6, 30), "end of aisle"
    )
    lump_sums.agree(session, director, gone.id, display)
    withdrawn = lump_sums.agree(session, director, gone.id, display)
    lump_sums.withdraw(session, director, withdrawn, version=withdrawn)

    found = merger_previews.preview(session, director, gone.id, kept.id)
    merger = _merge(session, director, gone, kept)

    assert (found.moved.causes, found.moved.wallets, found.moved.terms) == (1, 2, 2)
    assert (found.there.causes, found.there.wallets, found.there.terms) == (0, 1, 1)
    assert (found.moved.lump_sums, found.moved.lump_sum_money, found.there.lump_sums) == (1, 900, 0)
    assert (found.staying_terms, found.staying_wallets) == (1, 1)
    owners = dict(session.execute(select(Term.number, Term.account_id)).all())
    assert owners == {1: gone.id, 2: kept.id, 3: kept.id}
    entry = session.scalar(
        select(AuditEntry).where(AuditEntry.action == "account:merge", AuditEntry.account_id == kept.id)
    )
    assert {name: entry.changes[name][1] for name in ("causes", "wallets", "terms")} == {
        "causes": 1, "wallets": 1, "terms": 1,
    }  # fmt: skip
    account_mergers.undo(session, director, merger)
    owners = dict(session.execute(select(Term.number, Term.account_id)).all())
    assert owners == {1: gone.id, 2: gone.id, 3: kept.id}


def test_an_estimate_written_down_since_stands_in_the_way_of_undoing_and_goes_back_once_withdrawn(
    session, pair, director
):
    gone, kept = pair
    merger = _merge(session, director, gone, kept)
    (ranked,) = [
        one
        for (_category, basis), one in wallets.latest(session, director, kept.id).items()
        if basis is WalletBasis.ALLOCATED
    ]
    first = _wallet(basis=WalletBasis.ALLOCATED, rank=1, suppliers=3)
    second = _wallet(basis=WalletBasis.ALLOCATED, rank=2, suppliers=3)
    saved = wallets.record(session, director, kept.id, second, seen=ranked.id)

    with pytest.raises(Conflict, match="The wallet estimate for all products was changed"):
        account_mergers.undo(session, director, merger)

    wallets.withdraw(session, director, saved.id)
    wallets.record(session, director, kept.id, first, seen=None)  # as the merger left it
    account_mergers.undo(session, director, merger)

    assert {basis for _category, basis in wallets.latest(session, director, gone.id)} == {
        WalletBasis.DECLARED, WalletBasis.ALLOCATED,
    }  # fmt: skip
    assert {basis for _category, basis in wallets.latest(session, director, kept.id)} == {
        WalletBasis.DECLARED
    }
    staying = select(func.count()).select_from(Wallet).where(Wallet.account_id == kept.id)
    assert session.scalar(staying) == 1


def test_the_preview_says_what_moves_and_where_the_two_meet(session, pair, director):
    gone, kept = pair

    found = merger_previews.preview(session, director, gone.id, kept.id)

    assert (found.moved.orders, found.moved.lines, found.moved.net_revenue) == (3, 4, Decimal(90))
    assert (found.there.orders, found.there.lines, found.there.net_revenue) == (2, 3, Decimal(170))
    assert (found.moved.target_months, found.moved.receivables, found.moved.decisions) == (2, 2, 1)
    assert found.renumbered_lines == 1
    assert found.added_months == (JANUARY,)
    assert found.clashes == (("I2", date(2026, 3, 31)),)
    assert {one.field: (one.kept, one.merged) for one in found.differences} == {
        "name": ("HARBOUR", "Harbour (M) Sdn. Bhd."),
        "owner": ("Anna", "Ben"),
        "country": (None, "Malaysia"),
        "credit_limit": (Decimal(500), Decimal(900)),
    }


def test_a_merger_moves_everything_and_keeps_the_totals(session, pair, director):
    gone, kept = pair
    before = revenue.totals(session, director, YEAR)

    _merge(session, director, gone, kept, take=frozenset({"credit_limit", "owner"}))

    assert revenue.totals(session, director, YEAR) == before
    assert [(row.code, row.measures.net) for row in revenue.by_account(session, director, YEAR)] == [
        ("NEW", Decimal(260))
    ]
    lines = select(OrderLine.order_no, OrderLine.line_no, OrderLine.quantity).where(
        OrderLine.account_id == kept.id
    )
    assert sorted(tuple(row) for row in session.execute(lines)) == [
        ("S1", 1, 7), ("S1", 2, 3), ("S1", 5, 1), ("S1", 6, 2), ("S2", 1, -1), ("S3", 4, 5), ("S9", 1, 9),
    ]  # fmt: skip
    head = session.get(Order, (kept.id, "S1"))
    assert (head.ordered_on, head.line_count, head.net_amount) == (date(2026, 1, 4), 4, Decimal(130))
    assert session.scalar(select(func.count()).where(OrderLine.account_id == gone.id)) == 0
    expected = targets.by_month(session, director, Period.of(JANUARY, date(2026, 3, 31)))
    assert [(one.net_revenue, one.margin) for one in expected.values()] == [
        (Decimal(140), Decimal(20)), (Decimal(200), None), (Decimal(100), None),
    ]  # fmt: skip
    owed = session.execute(
        select(Receivable.account_id, Receivable.invoice_no).order_by(Receivable.invoice_no)
    )
    assert owed.all() == [(kept.id, "I1"), (kept.id, "I2")]
    detail = accounts.get(session, director, kept.id)
    assert (detail.owner, detail.credit_limit, detail.name) == ("Ben", Decimal(900), "HARBOUR")
    assert detail.codes == (("SAP", "4711"),)
    assert [(one.name, one.role) for one in detail.team] == [
        ("Anna", TeamRole.MEMBER), ("Dora", TeamRole.MEMBER),
    ]  # fmt: skip
    assert _healthy(session) == []


def test_undone_everything_is_what_it_was(session, pair, director):
    gone, kept = pair
    before = _everything(session)
    merger = _merge(
        session, director, gone, kept, take=frozenset({"credit_limit", "owner", "country", "name"})
    )
    assert _everything(session) != before

    undone = account_mergers.undo(session, director, merger)

    assert _everything(session) == before
    assert (undone.orders, undone.lines, undone.staying) == (3, 4, 0)
    assert _healthy(session) == []
    assert account_mergers.list_mergers(session, director) == []
    with pytest.raises(Conflict, match="undone already"):
        account_mergers.undo(session, director, merger)
    again = _merge(session, director, gone, kept)
    account_mergers.undo(session, director, again)
    assert _everything(session) == before


def test_no_version_of_a_target_is_overwritten(session, pair, director):
    gone, kept = pair
    rows = select(
        Target.account_id, Target.month, Target.version, Target.net_revenue_amount, Target.recorded_at
    )
    before = set(session.execute(rows).all())

    merger = _merge(session, director, gone, kept)
    account_mergers.undo(session, director, merger)

    assert before < set(session.execute(rows).all())


def test_the_merged_account_is_nowhere_to_be_seen(session, pair, director, viewer):
    gone, kept = pair
    _merge(session, director, gone, kept)

    for actor in (director, viewer, OPERATOR):
        assert [row.code for row in accounts.search(session, actor)] == ["NEW"]
        assert accounts.find(session, actor, [gone.id]) == {}
        with pytest.raises(NotFound):
            accounts.get(session, actor, gone.id)
    board = portfolio.board(session, director, YEAR, day=date(2026, 12, 31))
    assert [row.code for row in board.standings] == ["NEW"]
    result = kpis.compute(session, director, ["accounts", "net_revenue"], YEAR, Options(By.ACCOUNT))
    assert [one.figure.value for one in result] == [Decimal(1), Decimal(260)]
    assert {key for one in result for key, _value in one.by} == {"NEW"}
    for kind in (BatchKind.ACCOUNTS, BatchKind.ORDERS, BatchKind.TARGETS):
        found = list(exports.prepare(session, director, kind).rows)
        assert found
        assert not any("OLD" in row for row in found)


def test_the_former_code_means_the_kept_account(session, pair, director, other_kam):
    gone, kept = pair
    _merge(session, director, gone, kept)

    assert accounts.get_by_code(session, director, "OLD").code == "NEW"
    assert accounts.get_by_code(session, director, "4711").code == "NEW"
    assert lookups.accounts(session, director).find("OLD") == kept.id
    only = exports.prepare(session, director, BatchKind.ORDERS, account_code="OLD")
    assert len(list(only.rows)) == 7
    kpi = kpis.compute(session, director, ["net_revenue"], YEAR, Options(account_code="OLD"))
    assert kpi[0].figure.value == Decimal(260)
    with pytest.raises(Invalid, match="taken"):
        accounts.create(session, director, accounts.AccountDraft(code="OLD", name="Again"))
    with pytest.raises(NotFound):  # Ben owned it; the kept account is Anna's
        accounts.get_by_code(session, other_kam, "OLD")
    assert lookups.accounts(session, other_kam).find("OLD") == lookups.UNKNOWN


def test_the_history_of_both_is_read_at_the_kept_account(session, pair, director, kam):
    gone, kept = pair
    former = session.scalar(select(AuditEntry.id).where(AuditEntry.account_id == gone.id).limit(1))
    _merge(session, director, gone, kept)

    for actor in (director, kam):
        rows = audit.search(session, actor, account_id=kept.id).rows
        assert former in {row.id for row in rows}
        assert all(row.changes is not None for row in rows)
        assert [row.action for row in rows[:2]] == ["account:merge", "account:merge"]
    told = audit.search(session, director, action="account:merge").rows[0].changes
    assert told is not None
    assert told["merged"] == [None, "OLD"]
    assert (told["orders"], told["lines"], Decimal(told["net_amount"][1])) == (
        [None, 3],
        [None, 4],
        Decimal(90),
    )


def test_only_directors_merge_and_only_what_they_see(session, pair, director, kam, viewer):
    gone, kept = pair
    south = factories.region(session, "South")
    rita = auth.actor_for(factories.user(session, "rita", Role.DIRECTOR, regions=[south]))
    nina = auth.actor_for(
        factories.user(session, "nina", Role.DIRECTOR, regions=[factories.region(session, "North")])
    )
    merger = _merge(session, director, gone, kept)
    for actor in (kam, viewer):
        for act in (
            lambda a: merger_previews.preview(session, a, gone.id, kept.id),
            lambda a: account_mergers.merge(session, a, gone.id, kept.id, versions=(1, 1)),
            lambda a: account_mergers.undo(session, a, merger),
        ):
            with pytest.raises(Forbidden):
                act(actor)
    with pytest.raises(NotFound):
        account_mergers.undo(session, rita, merger)
    assert account_mergers.list_mergers(session, rita) == []
    assert [row.merged_code for row in account_mergers.list_mergers(session, nina)] == ["OLD"]
    account_mergers.undo(session, nina, merger)
    with pytest.raises(NotFound):
        merger_previews.preview(session, rita, gone.id, kept.id)
    with pytest.raises(NotFound):
        account_mergers.merge(session, rita, gone.id, kept.id, versions=(1, 1))


def test_a_director_does_not_give_the_account_away(session, pair, director):
    gone, kept = pair
    gone.region_id = factories.region(session, "South").id
    session.flush()
    both = [factories.region(session, "North"), factories.region(session, "South")]
    nina = auth.actor_for(factories.user(session, "nina", Role.DIRECTOR, regions=both[:1]))
    with pytest.raises(NotFound):
        merger_previews.preview(session, nina, gone.id, kept.id)


def test_what_cannot_be_merged(session, pair, director):
    gone, kept = pair
    without = accounts.unassigned(session, director)
    for one, other in ((without, kept), (kept, without)):
        with pytest.raises(Conflict, match="orders without an account"):
            merger_previews.preview(session, director, one.id, other.id)
    with pytest.raises(Invalid):
        merger_previews.preview(session, director, kept.id, kept.id)
    with pytest.raises(Conflict, match="Somebody else changed OLD"):
        account_mergers.merge(session, director, gone.id, kept.id, versions=(gone.version - 1, kept.version))
    with pytest.raises(Invalid):
        account_mergers.merge(session, director, gone.id, kept.id, versions=(1, 1), take=frozenset({"code"}))
    _merge(session, director, gone, kept)
    with pytest.raises(Conflict, match="OLD was merged"):
        merger_previews.preview(session, director, gone.id, kept.id)


def test_chains_are_undone_from_their_end(session, pair, director):
    first, second = pair
    third = factories.account(session, None, "LAST")
    before = _everything(session)
    one = _merge(session, director, first, second)
    between = _everything(session)
    two = _merge(session, director, second, third)

    assert accounts.get_by_code(session, director, "OLD").code == "LAST"
    assert {row.action for row in audit.search(session, director, account_id=third.id).rows} > {"target:set"}
    with pytest.raises(Conflict, match="NEW was merged into LAST later"):
        account_mergers.undo(session, director, one)
    assert account_mergers.undo(session, director, two).merged_code == "NEW"
    assert _everything(session) == between
    account_mergers.undo(session, director, one)
    assert _everything(session) == before
    assert _healthy(session) == []


def test_two_mergers_into_one_account_are_undone_in_turn(session, pair, director):
    gone, kept = pair
    other = factories.account(session, None, "TOO")
    factories.line(session, other, factories.product(session), JANUARY, order_no="S1", line_no=1)
    rollups.rebuild(session)
    before = _everything(session)
    one = _merge(session, director, gone, kept)
    two = _merge(session, director, other, kept)

    with pytest.raises(Conflict, match="TOO was merged into NEW later"):
        account_mergers.undo(session, director, one)
    account_mergers.undo(session, director, two)
    account_mergers.undo(session, director, one)
    assert _everything(session) == before


CHANGES = {
    "an order": (
        "Order S3 was changed",
        lambda s, kept: setattr(s.get(OrderLine, (kept.id, "S3", 4)), "delivered_on", date(2026, 3, 3)),
    ),
    "a line": ("Order S1 was changed", lambda s, kept: s.delete(s.get(OrderLine, (kept.id, "S1", 6)))),
    "a target": (
        "target for 2026-01",
        lambda s, kept: targets.set_many(s, OPERATOR, kept.id, {JANUARY: (Decimal(1), None)}),
    ),
    "an invoice": (
        "Invoice I1 of 2026-03-31",
        lambda s, kept: setattr(
            s.get(Receivable, (kept.id, date(2026, 3, 31), "I1")), "open_amount", Decimal(1)
        ),
    ),
    "a code": (
        "code 4711 of SAP",
        lambda s, kept: teams.set_codes(s, OPERATOR, kept.id, [], version=kept.version),
    ),
    "a team": (
        "time of Dora",
        lambda s, kept: teams.set_team(s, OPERATOR, kept.id, [], version=kept.version),
    ),
    "a field": ("field credit_limit of NEW", lambda s, kept: setattr(kept, "credit_limit", Decimal(3))),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_since_is_named_and_nothing_is_undone(session, pair, director, what):
    gone, kept = pair
    merger = _merge(session, director, gone, kept, take=frozenset({"credit_limit"}))
    told, change = CHANGES[what]
    change(session, session.get(Account, kept.id))
    before = _everything(session)

    with pytest.raises(Conflict, match=told):
        account_mergers.undo(session, director, merger)
    assert _everything(session) == before


ORDERS = "order_no,line_no,ordered_on,account,product,quantity,unit_price\n"


def test_imports_book_to_the_kept_account_and_stay_there(store):
    first = bringing.orders(ORDERS + "A1,1,2026-01-05,OLD,TEA,2,10\nB1,1,2026-01-06,NEW,TEA,1,10\n")
    with db.write() as session:
        ids = {row.code: row.id for row in accounts.search(session, OPERATOR)}
        gone, kept = session.get(Account, ids["OLD"]), session.get(Account, ids["NEW"])
        before = _everything(session)
        merger = _merge(session, OPERATOR, gone, kept)
        gone_id, kept_id = gone.id, kept.id

    again = bringing.orders(ORDERS + "A1,1,2026-01-05,OLD,TEA,2,10\nA2,1,2026-02-05,OLD,TEA,3,10\n")
    assert bringing.counts(again.check) == (2, 1, 0, 1, 0)  # the moved line is the one that stands there
    refused = bringing.dry("accounts", "code,name\nOLD,Something else\n")
    assert bringing.reasons(refused) == {"code: this account was merged into another: change that one": 1}
    assert bringing.bring("targets", "account,month,net_revenue\nOLD,2026-05,100\n").check.accepted == 1
    with pytest.raises(Conflict, match=r"OLD was merged into NEW\. Undo the merge first"):
        bringing.undo(first.batch_id)
    with db.read() as session:
        assert accounts.get_by_code(session, OPERATOR, "OLD").id == kept_id
        assert set(session.scalars(select(Order.account_id))) == {kept_id}

    with db.write() as session:
        undone = account_mergers.undo(session, OPERATOR, merger)
    assert undone.staying == 1
    with db.read() as session:
        assert _healthy(session) == []
        owners = dict(session.execute(select(Order.order_no, Order.account_id)).all())
        assert owners == {"A1": gone_id, "B1": kept_id, "A2": kept_id}
    bringing.undo(again.batch_id)
    with db.write() as session:
        targets.set_many(session, OPERATOR, kept_id, {date(2026, 5, 1): None})
        session.flush()
        assert _everything(session, without=_OF_IMPORTS) == {
            name: rows for name, rows in before.items() if name not in _OF_IMPORTS
        }
    bringing.undo(first.batch_id)
    assert bringing.net() == 0


_OF_IMPORTS = {"import_batches", "import_changes", "import_mappings", "import_rejects"}


def test_an_import_that_changed_a_moved_order_is_undone_first(store):
    bringing.orders(ORDERS + "A1,1,2026-01-05,OLD,TEA,2,10\nB1,1,2026-01-06,NEW,TEA,1,10\n")
    with db.write() as session:
        ids = {row.code: row.id for row in accounts.search(session, OPERATOR)}
        gone, kept = session.get(Account, ids["OLD"]), session.get(Account, ids["NEW"])
        before = _everything(session, without=_OF_IMPORTS)
        merger = _merge(session, OPERATOR, gone, kept)
    changing = bringing.orders(ORDERS + "A1,1,2026-01-05,OLD,TEA,9,10\n")

    with (
        pytest.raises(Conflict, match=f"Order A1 was changed; .* {changing.batch_id}"),
        db.write() as session,
    ):
        account_mergers.undo(session, OPERATOR, merger)
    bringing.undo(changing.batch_id)
    with db.write() as session:
        account_mergers.undo(session, OPERATOR, merger)
        after = _everything(session, without=_OF_IMPORTS)
        versions = {"orders"}  # the heads count the changes in between
        assert {k: v for k, v in after.items() if k not in versions} == {
            k: v for k, v in before.items() if k not in versions
        }
        assert _healthy(session) == []


def test_two_people_merge_at_once_and_one_of_them_learns_it(store):
    with db.write() as session:
        a, b = factories.account(session, None, "AAA"), factories.account(session, None, "BBB")
        factories.line(session, a, factories.product(session), JANUARY)
        rollups.rebuild(session)
        ids, versions = (a.id, b.id), (a.version, b.version)
    start, outcomes = threading.Barrier(2), []

    def merge(one, other):
        start.wait()
        try:
            with db.write() as session:
                account_mergers.merge(session, OPERATOR, one, other, versions=versions)
            outcomes.append("merged")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=merge, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["merged", "refused"]
    with db.read() as session:
        assert _healthy(session) == []


def test_every_table_that_refers_to_accounts_is_thought_of():
    account = Base.metadata.tables["accounts"]
    referring = {
        table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table is account
    }
    moved = {
        "orders",
        "order_lines",
        "targets",
        "receivables",
        "account_codes",
        "team_members",
        "attention_decisions",
        "causes",
        "wallets",
        "terms",
        "lump_sums",
        "lump_sum_entries",
        "price_round_accounts",
        "competitor_claims",
        "competitor_presences",
        "objections",
        "contests",
        "account_notes",
        "loyalty_members",
        "loyalty_enrolments",
        "loyalty_entries",
        "loyalty_lots",
        "loyalty_requests",
    }
    sums = {
        name
        for name in referring
        if name.startswith(
            ("revenue_", "delivery_", "foreign_sales_", "order_days", "order_booked_", "health_", "packed_")
        )
        or name == "account_rhythms"
    }
    stays = {"replaced_lines"}  # material for undoing imports, which wait until the merger is undone
    stays |= {"forecast_series", "forecast_points", "forecast_overrides"}  # frozen: read at the kept account
    stays |= {"account_structures"}  # whose the merged account was; its lines count as the kept account's
    own = {"accounts", "account_mergers", "merged_lines"}
    assert referring == moved | sums | stays | own


def test_a_backup_brings_mergers_back(session, pair, director, tmp_path):
    gone, kept = pair
    before = _everything(session)
    merger = _merge(session, director, gone, kept)
    merged = _everything(session)
    session.commit()

    backup.save(OPERATOR, tmp_path / "utama.backup")
    with db.write() as other:
        account_mergers.undo(other, director, merger)
    backup.load(OPERATOR, tmp_path / "utama.backup")

    with db.write() as other:
        assert _everything(other) == merged
        account_mergers.undo(other, director, merger)
        assert _everything(other) == before


_LINES = st.lists(
    st.tuples(
        st.sampled_from(["merged", "kept", "other"]),
        st.sampled_from(["S1", "S2", "S3"]),
        st.integers(1, 4),
        st.integers(-5, 20).filter(bool),
        st.integers(1, 4),
    ),
    max_size=25,
    unique_by=lambda row: row[:3],
)


@given(rows=_LINES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_lines_the_company_is_the_same_and_undo_gives_them_back(store, rows):
    db_session = db.write()
    with db_session as session:
        account = {name: factories.account(session) for name in ("merged", "kept", "other")}
        product = factories.product(session)
        for name, order_no, line_no, quantity, month in rows:
            factories.line(
                session, account[name], product, date(2026, month, 9), quantity=str(quantity),
                order_no=order_no, line_no=line_no, unit_cost="3" if line_no % 2 else None,
            )  # fmt: skip
        rollups.rebuild(session)
        total, before = revenue.totals(session, OPERATOR, YEAR), _everything(session)
        merger = _merge(session, OPERATOR, account["merged"], account["kept"])
        assert revenue.totals(session, OPERATOR, YEAR) == total
        assert rollups.differences(session) == []
        assert session.scalar(select(func.count()).select_from(MergedLine)) == len(
            [row for row in rows if row[0] == "merged"]
        )
        account_mergers.undo(session, OPERATOR, merger)
        assert _everything(session) == before
        assert rollups.differences(session) == []
        for model in (OrderLine, Order):
            session.query(model).delete()
        rollups.rebuild(session)


def test_a_merger_leaves_its_numbers_when_undone(session, pair, director):
    gone, kept = pair
    merger = _merge(session, director, gone, kept)
    (row,) = account_mergers.list_mergers(session, director, kept.id)
    assert (row.merged_code, row.kept_code, row.merged_by, row.orders, row.lines) == (
        "OLD",
        "NEW",
        "dora",
        3,
        4,
    )
    account_mergers.undo(session, director, merger)

    kept_row = session.get(AccountMerger, merger)
    assert (kept_row.undone_by, kept_row.details) == ("dora", {"orders": 3, "lines": 4})
    assert session.scalar(select(func.count()).select_from(TeamMember)) == 3


def test_the_demo_goes_with_an_account_that_was_merged(sqlite_store):
    with db.write() as session:
        demo.load(session, OPERATOR, accounts=4, lines=400)
    with db.write() as session:
        one, other = session.scalars(select(Account).order_by(Account.id).limit(2))
        total = revenue.totals(session, OPERATOR, YEAR)
        merger = _merge(session, OPERATOR, one, other)
        assert revenue.totals(session, OPERATOR, YEAR) == total
        account_mergers.undo(session, OPERATOR, merger)
        _merge(session, OPERATOR, one, other)
        assert _healthy(session) == []
    with db.write() as session:
        demo.remove(session, OPERATOR, with_own_data=True)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0
        assert session.scalar(select(func.count()).select_from(AccountMerger)) == 0
        assert session.scalar(select(func.count()).select_from(MergedLine)) == 0
