from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from core import clock, db, portfolio, rollups
from core.models import Account, AuditEntry, Receivable
from core.periods import Period
from pages.ui import filters, portfolio_parts, tables
from tests import factories

DAY = date(2026, 3, 31)
TILES = (
    "net_revenue", "margin_rate", "price_realisation", "discount_rate", "target_attainment", "active_accounts",
    "top_share",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _end_of_march(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def people(session, kam, other_kam, director, viewer):
    """Anna's account brought 120 and Ben's 50 this year; Ben's brought 200 a year ago."""
    soap = factories.product(session, "SOAP")
    anna = factories.account(session, kam, "A", name="Anna's shop")
    ben = factories.account(session, other_kam, "B", name="Ben's shop")
    factories.line(
        session,
        anna,
        soap,
        date(2026, 2, 10),
        quantity="12",
        list_price="12.5",
        net_price="10",
        unit_cost="6",
    )
    factories.line(session, ben, soap, date(2026, 1, 4), quantity="5", list_price="10")
    factories.line(session, ben, soap, date(2025, 1, 4), quantity="20", list_price="10")
    rollups.rebuild(session)
    session.commit()
    return {"kam": kam, "other_kam": other_kam, "director": director, "viewer": viewer}


def open_portfolio(open_page, actor, **query):
    page = open_page("accounts/portfolio.py", actor, **query)
    assert not page.exception
    return page


def choose(page, **values):
    """What a person sets in the filters."""
    for key, value in values.items():
        page.session_state[key] = value
    page.run()
    assert not page.exception
    return page


def figures(page):
    return {metric.label: metric.value for metric in page.metric}


def accounts_shown(page):
    frames = [frame.value for frame in page.dataframe if "attention" in frame.value.columns]
    return list(frames[0]["name"]) if frames else []


@pytest.mark.parametrize(
    ("who", "total"), [("kam", 120), ("other_kam", 50), ("director", 170), ("viewer", 170)]
)
def test_a_figure_opens_into_rows_that_add_up_to_it(people, open_page, who, total):
    page = open_portfolio(open_page, people[who])
    assert figures(page)["Net revenue"] == f"RM\u00a0{total}"

    page.button(key="open_net_revenue").click().run()

    rows = next(frame.value for frame in page.dataframe if "numerator" in frame.value.columns)
    assert rows["numerator"].sum() == total
    assert any("returns included" in text.value for text in page.markdown)


def test_every_tile_of_a_director_opens(people, open_page):
    page = open_portfolio(open_page, people["director"])
    opened = [name for name in TILES if any(button.key == f"open_{name}" for button in page.button)]
    assert opened == [name for name in TILES if name != "price_realisation"]

    for name in opened:
        page.button(key=f"open_{name}").click().run()
        assert not page.exception
        assert any("numerator" in frame.value.columns for frame in page.dataframe), name


def test_margin_stands_nowhere_for_who_may_not_see_cost(people, open_page):
    page = open_portfolio(open_page, people["viewer"])

    assert "Margin" not in figures(page)
    assert all("margin" not in frame.value.columns for frame in page.dataframe)
    with db.read() as session:
        board = portfolio.board(session, people["viewer"], Period.of(date(2026, 1, 1), DAY), day=DAY)
    head = tables.export_rows(board.standings, sees_cost=board.sees_cost)[0]
    assert not {"margin", "margin_rate"} & set(head)


def test_a_manager_sees_no_other_managers_account(people, open_page):
    page = open_portfolio(open_page, people["kam"])

    assert accounts_shown(page) == ["Anna's shop"]
    assert all("Ben" not in str(frame.value.to_dict()) for frame in page.dataframe)


def test_filters_narrow_figures_and_table_alike(people, open_page):
    page = choose(open_portfolio(open_page, people["director"]), owner=["Ben"], chosen_period="12m")

    assert accounts_shown(page) == ["Ben's shop"]
    assert figures(page)["Net revenue"] == "RM\u00a050"


def test_a_link_names_the_period_in_words_of_no_language(people, open_page):
    page = open_portfolio(open_page, people["director"], period="month")

    assert any("1 Mar" in text.value or "Mar 2026" in text.value for text in page.caption)
    assert figures(page)["Net revenue"] == "RM\u00a00"


def test_only_what_needs_attention_says_why_in_words(people, open_page):
    page = choose(open_portfolio(open_page, people["director"]), attention=True)

    (frame,) = [frame.value for frame in page.dataframe if "attention" in frame.value.columns]
    assert list(frame["name"]) == ["Ben's shop"]
    assert frame["attention"][0].startswith("RM\u00a0150 below last year (\u221275%)")


def test_as_many_accounts_need_attention_as_on_today(people, open_page):
    with db.write() as session:
        ids = dict(session.execute(select(Account.code, Account.id)).all())
        # By Portfolio's own figures nothing is wrong with Anna's shop.
        for code, amount in (("A", 70), ("B", 900)):
            session.add(
                Receivable(
                    account_id=ids[code], as_of=DAY, invoice_no=f"R{amount}", due_on=DAY - timedelta(days=20),
                    amount=Decimal(amount), open_amount=Decimal(amount), batch_id=None,
                )
            )  # fmt: skip
    page = open_page("work/today.py", people["director"])
    assert any("2 accounts need attention" in text.value for text in page.caption)

    page = choose(open_portfolio(open_page, people["director"], period="month"), attention=True)

    assert page.toggle(key="attention").label == "Needs attention (2)"
    (frame,) = [frame.value for frame in page.dataframe if "attention" in frame.value.columns]
    assert list(frame["name"]) == ["Ben's shop", "Anna's shop"]  # the greatest money first
    assert frame["attention"][1] == "RM\u00a070 overdue in 1 invoice, the oldest by 20 days"
    page = choose(page, attention=True, grouped=True)
    (frame,) = [frame.value for frame in page.dataframe if "attention" in frame.value.columns]
    assert len(frame) == 2


def test_a_search_that_finds_nothing_says_so(people, open_page):
    page = choose(open_portfolio(open_page, people["director"]), search="nobody")

    assert "No account fits these filters" in page.info[0].value


def test_a_store_without_orders_leads_to_the_import(session, director, open_page):
    session.commit()

    page = open_portfolio(open_page, director)

    assert page.info[0].value.startswith("There are no orders yet.")


def test_what_leaves_the_house_stands_in_the_audit_and_runs_no_formula(people):
    actor = people["director"]
    with db.read() as session:
        board = portfolio.board(session, actor, Period.of(date(2026, 1, 1), DAY), day=DAY)

    text = portfolio_parts.export("csv", board.standings, board, actor, {"owner": "Ben"}).decode("utf-8-sig")

    assert [line.split(",")[0] for line in text.splitlines()] == ["code", "A", "B"]
    assert tables.safe_cell("=1+1") == "'=1+1"
    assert portfolio_parts.export("xlsx", board.standings, board, actor, {})[:2] == b"PK"
    with db.read() as session:
        entries = session.query(AuditEntry).filter_by(action="export:portfolio").all()
    assert [entry.changes["rows"] for entry in entries] == [[None, 2], [None, 2]]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("ytd", date(2026, 1, 1)),
        ("12m", date(2025, 4, 1)),
        ("quarter", date(2026, 1, 1)),
        ("month", date(2026, 3, 1)),
    ],
)
def test_a_named_period_ends_today(name, first):
    assert filters.named_period(name, DAY, 1) == Period.of(first, DAY)


def test_a_quarter_follows_the_fiscal_year():
    # The year starts in February, so its quarters do in February, May, August and November.
    assert filters.named_period("quarter", date(2026, 3, 31), 2).start == date(2026, 2, 1)
    assert filters.named_period("ytd", date(2026, 1, 15), 2).start == date(2025, 2, 1)


def test_what_moved_most_is_named_and_the_rest_is_one():
    # Nine accounts with changes of 1 to 9: the seven greatest by name, 1 and 2 together.
    class Row:
        def __init__(self, change):
            self.name = f"Account {change}"
            self.now = type("Now", (), {"net": Decimal(change)})
            self.year_ago = type("Then", (), {"net": Decimal(0)})

    rows: Any = [Row(change) for change in range(1, 10)]

    shown = portfolio_parts.moves(rows)

    assert [move.amount for move in shown] == [9, 8, 7, 6, 5, 4, 3, 3]
    assert shown[-1].name == "2 others"
