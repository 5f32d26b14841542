"""The figures by name: worked vectors, and values over any period in the form that other programs read."""

import json
from datetime import date
from decimal import Decimal

import pytest
import typer
from typer.testing import CliRunner

from core import auth, kpis, rollups, targets
from core.commands import kpi as command
from core.concentration import Concentration
from core.errors import Forbidden, Invalid, NotFound
from core.kpi_registry import KPIS
from core.kpis import By, Options
from core.periods import Period
from core.retention import Retention
from core.vocabulary import Role
from tests import factories

YEAR = Period.of(date(2026, 1, 1), date(2026, 12, 31))
REQUIRED = [
    "net_revenue", "gross_revenue", "discount", "discount_rate", "returns", "orders", "lines", "quantity",
    "accounts", "active_accounts", "margin", "margin_rate",
]  # fmt: skip


def _amounts(**values: int) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in values.items()}


def test_retention_counts_the_accounts_that_bought_then_and_no_new_ones():
    found = Retention.between(_amounts(a=1000, b=500, c=300, d=200), _amounts(a=1200, b=400, c=300, e=250))

    assert found.net == Decimal("0.95")  # (1200 + 400 + 300) / 2000
    assert found.gross == Decimal("0.85")  # (1000 + 400 + 300) / 2000
    assert found.logo == Decimal("0.75")


def test_a_negative_now_lowers_net_retention_and_keeps_nothing():
    found = Retention.between(_amounts(a=100, b=100, c=-50), _amounts(a=-20, b=90, c=70))

    assert found.net == Decimal("0.35")  # (-20 + 90) / 200
    assert found.gross == Decimal("0.45")  # (0 + 90) / 200
    assert (found.accounts_base, found.accounts_kept) == (2, 1)


def test_without_a_base_there_is_no_retention():
    found = Retention.between({}, _amounts(a=10))

    assert (found.net, found.gross, found.logo) == (None, None, None)


def test_concentration_of_four_accounts():
    found = Concentration.of(_amounts(a=1200, b=400, c=300, e=250).values())

    assert found.hhi is not None
    assert round(found.hhi) == 3791  # (1200² + 400² + 300² + 250²) ÷ 2150² × 10,000
    assert found.top_share(1) == Decimal(1200) / 2150
    assert found.top_share(3) == Decimal(1900) / 2150
    assert found.effective_accounts is not None
    assert round(found.effective_accounts, 2) == Decimal("2.64")


@pytest.mark.parametrize(
    ("shares", "hhi"), [((20, 19, 18, 17, 16, 10), 1730), ((20, 16, 16, 16, 16, 16), 1680), ((100,), 10000)]
)
def test_concentration_of_known_shares(shares, hhi):
    assert Concentration.of(Decimal(share) for share in shares).hhi == hhi


def test_gini_is_zero_for_equals_and_grows_with_difference():
    assert Concentration.of([Decimal(5)] * 4).gini == 0
    # 2 × (1·1 + 2·3) ÷ (2 × 4) − 3 ÷ 2
    assert Concentration.of([Decimal(3), Decimal(1)]).gini == Decimal("0.25")
    assert Concentration.of([Decimal(-3)]).gini is None


@pytest.fixture
def sold(session, kam, other_kam):
    """Two accounts over two years, a return, an unassigned order, and one order in two months."""
    north = factories.region(session, "North")
    harbour = factories.account(session, kam, "HARBOUR", region_id=north.id)
    hill = factories.account(session, other_kam, "HILL")
    nobody = factories.account(session, code="UNASSIGNED", is_unassigned=True)
    tea = factories.product(session, "TEA", category="Drinks")
    rice = factories.product(session, "RICE", category="Food")
    line = factories.line
    line(session, harbour, tea, date(2025, 3, 1), quantity="20")  # 200
    line(session, hill, tea, date(2025, 5, 1), quantity="10")  # 100
    line(
        session, harbour, tea, date(2026, 1, 31), quantity="10", net_price="9", unit_cost="6", order_no="1"
    )  # 90
    line(
        session, harbour, rice, date(2026, 2, 1), quantity="4", list_price="25", order_no="1", line_no=2
    )  # 100
    line(
        session, harbour, tea, date(2026, 4, 2), quantity="-2", net_price="9", unit_cost="6", order_no="R1"
    )  # -18
    line(
        session, hill, rice, date(2026, 11, 5), quantity="2.5", list_price="25", net_price="20", order_no="2"
    )  # 50
    line(session, nobody, rice, date(2026, 12, 31), quantity="1", list_price="24", order_no="3")  # 24
    rollups.rebuild(session)
    return {"harbour": harbour, "hill": hill}


def _document(session, actor, names, period=YEAR, **options):
    return kpis.document(session, period, kpis.compute(session, actor, names, period, Options(**options)))


def test_the_figures_of_a_year(session, sold, director):
    document = _document(session, director, REQUIRED)

    assert (document["from"], document["to"]) == ("2026-01-01", "2026-12-31")
    assert {figure["name"]: (figure["value"], figure["rows"]) for figure in document["kpis"]} == {
        "net_revenue": ("246.0000", "5"),  # 90 + 100 - 18 + 50 + 24
        "gross_revenue": ("266.5000", "5"),  # 100 + 100 - 20 + 62.5 + 24
        "discount": ("20.5000", "5"),
        "discount_rate": ("0.076923", "5"),  # 20.5 / 266.5
        "returns": ("-18.0000", "1"),
        "orders": ("4", "5"),
        "lines": ("5", "5"),
        "quantity": ("15.5", "5"),
        "accounts": ("2", "4"),
        "active_accounts": ("2", "4"),
        "margin": ("24.0000", "2"),  # 72 - 48
        "margin_rate": ("0.333333", "2"),
    }
    rate = next(figure for figure in document["kpis"] if figure["name"] == "margin_rate")
    assert rate["parts"] == {"margin": "24.0000", "covered_net_revenue": "72.0000"}
    assert {figure["unit"] for figure in document["kpis"]} == {"MYR", "ratio", "count", "quantity"}


@pytest.mark.parametrize("by", list(By))
def test_additive_values_sum_to_the_total_for_every_breakdown(session, sold, director, by):
    for period in (YEAR, Period.of(date(2025, 3, 1), date(2026, 12, 30))):
        for figure in _document(session, director, ["net_revenue", "gross_revenue", "lines"], period, by=by)[
            "kpis"
        ]:
            parts = sum(Decimal(row["value"]) for row in figure["by"])
            assert parts == Decimal(figure["value"]), figure["name"]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (By.MONTH, [
            ("2026-01", "90.0000"), ("2026-02", "100.0000"), ("2026-04", "-18.0000"), ("2026-11", "50.0000"),
            ("2026-12", "24.0000"),
        ]),
        (By.QUARTER, [("2026-Q1", "190.0000"), ("2026-Q2", "-18.0000"), ("2026-Q4", "74.0000")]),
        (By.YEAR, [("2026", "246.0000")]),
        (By.ACCOUNT, [("HARBOUR", "172.0000"), ("HILL", "50.0000"), ("UNASSIGNED", "24.0000")]),
        (By.PRODUCT, [("RICE", "174.0000"), ("TEA", "72.0000")]),
        (By.CATEGORY, [("Drinks", "72.0000"), ("Food", "174.0000")]),
        (By.OWNER, [("anna", "172.0000"), ("ben", "50.0000"), (None, "24.0000")]),
        (By.REGION, [("North", "172.0000"), (None, "74.0000")]),
        (By.SEGMENT, [(None, "246.0000")]),
        (By.COUNTRY, [(None, "246.0000")]),
    ],
)  # fmt: skip
def test_keys_are_names_in_order_and_none_is_null(session, sold, director, by, expected):
    figure = _document(session, director, ["net_revenue"], by=by)["kpis"][0]

    assert [(row["key"], row["value"]) for row in figure["by"]] == expected


def test_orders_are_counted_as_numbers_not_added_up(session, sold, director):
    by_month = _document(session, director, ["orders"], by=By.MONTH)["kpis"][0]
    by_account = _document(session, director, ["orders"], by=By.ACCOUNT)["kpis"][0]

    # Order 1 has a line in January and one in February: it is in both months, and once in the total.
    assert [row["value"] for row in by_month["by"]] == ["1", "1", "1", "1", "1"]
    assert by_month["value"] == "4"
    assert [(row["key"], row["value"]) for row in by_account["by"]] == [
        ("HARBOUR", "2"),
        ("HILL", "1"),
        ("UNASSIGNED", "1"),
    ]


def test_ratios_are_made_anew_for_each_key(session, sold, director):
    figure = _document(session, director, ["discount_rate", "margin_rate"], by=By.ACCOUNT)["kpis"]

    assert [row["value"] for row in figure[0]["by"]] == [
        "0.044444",
        "0.200000",
        "0.000000",
    ]  # 8/180, 12.5/62.5, 0/24
    assert [row["value"] for row in figure[1]["by"]] == ["0.333333", None, None]


def test_where_nothing_was_sold_a_figure_is_unknown(session, sold, director):
    names = [
        *REQUIRED,
        "hhi",
        "net_revenue_retention",
        "target_attainment",
        "repeat_order_rate",
        "price_realisation",
    ]

    figures = _document(session, director, names, Period.of(date(2030, 1, 1), date(2030, 1, 31)))["kpis"]

    assert {figure["value"] for figure in figures} == {None}
    assert {figure["rows"] for figure in figures} == {"0"}


def test_retention_against_the_year_before_and_against_a_chosen_window(session, sold, director):
    names = ["net_revenue_retention", "gross_revenue_retention", "logo_retention"]

    usual = _document(session, director, names)["kpis"]
    chosen = _document(session, director, names, base=Period.of(date(2025, 5, 1), date(2025, 5, 31)))["kpis"]
    by_account = _document(session, director, names[:1], by=By.ACCOUNT)["kpis"][0]

    assert [figure["value"] for figure in usual] == ["0.740000", "0.740000", "1.000000"]  # (172 + 50) / 300
    assert usual[0]["parts"] == {
        "opening": "300.0000", "kept": "222.0000", "closing": "222.0000", "accounts_base": "2", "accounts_kept": "2",
    }  # fmt: skip
    assert [figure["value"] for figure in chosen] == [
        "0.500000",
        "0.500000",
        "1.000000",
    ]  # Hill alone: 50 / 100
    assert by_account["by"] == [
        {"key": "HARBOUR", "value": "0.860000"},
        {"key": "HILL", "value": "0.500000"},
        {"key": "UNASSIGNED", "value": None},
    ]


def test_an_account_that_was_lost_stands_in_the_breakdown_with_zero(session, sold, director):
    period = Period.of(date(2026, 1, 1), date(2026, 5, 31))

    figure = _document(session, director, ["logo_retention"], period, by=By.ACCOUNT)["kpis"][0]

    assert figure["value"] == "0.500000"
    assert {row["key"]: row["value"] for row in figure["by"]}["HILL"] == "0.000000"


def test_the_largest_accounts_and_their_share(session, sold, director):
    figures = _document(session, director, ["top_share", "hhi", "effective_accounts", "gini"], top=1)["kpis"]

    assert [figure["value"] for figure in figures] == [
        "0.774775",  # 172 / 222
        "6510.023537",  # (172² + 50²) / 222² × 10,000 = 32084 / 49284 × 10,000
        "1.536093",  # 49284 / 32084
        "0.274775",  # 2 × (50 + 2 × 172) / (2 × 222) − 3 / 2
    ]
    assert figures[0]["parts"] == {"top": "172.0000", "net_revenue": "222.0000", "accounts": "2"}


def test_an_account_that_ordered_twice_repeats_and_a_return_is_no_order(session, sold, director):
    rate = _document(session, director, ["repeat_order_rate"])["kpis"][0]
    both_years = _document(
        session, director, ["repeat_order_rate"], Period.of(date(2025, 1, 1), date(2026, 12, 31))
    )

    assert rate["value"] == "0.000000"  # Harbour: order 1 and a return; Hill: order 2
    assert both_years["kpis"][0]["value"] == "1.000000"


def test_target_attainment_sums_up_actuals_and_targets(session, sold, director):
    for code, amount in (("harbour", 100), ("hill", 300)):
        targets.set_many(session, director, sold[code].id, {date(2026, 1, 1): (Decimal(amount), None)})

    whole = _document(session, director, ["target_attainment"], by=By.ACCOUNT)["kpis"][0]
    first_day = Period.of(date(2026, 1, 31), date(2026, 1, 31))

    assert whole["value"] == "0.615000"  # 246 / 400
    assert {row["key"]: row["value"] for row in whole["by"]} == {
        "HARBOUR": "1.720000",
        "HILL": "0.166667",
        "UNASSIGNED": None,
    }
    # One day of 31: 100 / 31 = 3.2258 and 300 / 31 = 9.6774, together 400 / 31 = 12.9032.
    assert (
        _document(session, director, ["target_attainment"], first_day)["kpis"][0]["parts"]["target"]
        == "12.9032"
    )


def test_a_manager_sees_the_figures_of_own_accounts(session, sold, kam):
    document = _document(session, kam, ["net_revenue", "accounts", "orders", "quantity"], by=By.ACCOUNT)

    assert [figure["value"] for figure in document["kpis"]] == ["172.0000", "1", "2", "12"]
    assert [row["key"] for row in document["kpis"][0]["by"]] == ["HARBOUR"]
    with pytest.raises(NotFound):
        _document(session, kam, ["net_revenue"], account_code="HILL")
    with pytest.raises(NotFound):
        _document(session, kam, ["net_revenue"], account_code="NO SUCH")


def test_one_account_alone(session, sold, director):
    document = _document(session, director, ["net_revenue", "orders"], account_code="HARBOUR")

    assert [figure["value"] for figure in document["kpis"]] == ["172.0000", "2"]


def test_figures_about_cost_are_left_out_for_who_may_not_see_cost(session, sold, viewer):
    document = _document(session, viewer, ["net_revenue", "margin", "margin_rate"])

    assert [figure["name"] for figure in document["kpis"]] == ["net_revenue"]


def test_an_unknown_name_is_answered_with_the_known_ones(session, sold, director):
    with pytest.raises(Invalid, match="Did you mean net_revenue"):
        kpis.compute(session, director, ["net_revenu"], YEAR)


def test_an_administrator_reads_no_figures(session, sold):
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))

    with pytest.raises(Forbidden):
        kpis.compute(session, admin, ["accounts"], YEAR)


def test_every_kpi_says_what_it_is():
    for kpi in KPIS.values():
        assert all(
            (kpi.question, kpi.formula, kpi.unit, kpi.direction, kpi.grain, kpi.numerator, kpi.period_rule)
        )
        assert bool(kpi.denominator) == (kpi.unit in ("ratio", "index")), kpi.name


def _run(*arguments: str):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    command.register(app)
    return CliRunner().invoke(app, ["kpi", *arguments])


def test_the_command_prints_one_json_document(session, sold):
    session.commit()

    result = _run(
        "net_revenue", "orders", "--from", "2026-01-31", "--to", "2026-04-02", "--by", "month", "--json"
    )

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "from": "2026-01-31",
        "to": "2026-04-02",
        "kpis": [
            {
                "name": "net_revenue", "value": "172.0000", "unit": "MYR", "rows": "3", "parts": {},
                "by": [
                    {"key": "2026-01", "value": "90.0000"},
                    {"key": "2026-02", "value": "100.0000"},
                    {"key": "2026-04", "value": "-18.0000"},
                ],
            },
            {
                "name": "orders", "value": "2", "unit": "count", "rows": "3", "parts": {},
                "by": [
                    {"key": "2026-01", "value": "1"},
                    {"key": "2026-02", "value": "1"},
                    {"key": "2026-04", "value": "1"},
                ],
            },
        ],
    }  # fmt: skip


def test_the_command_acts_for_a_user_and_tells_what_it_left_out(session, sold, kam):
    session.commit()

    result = _run(
        "net_revenue", "margin", "--from", "2026-01-01", "--to", "2026-12-31", "--as", "anna", "--json"
    )

    assert [figure["value"] for figure in json.loads(result.stdout)["kpis"]] == ["172.0000"]
    assert "margin" in result.stderr


def test_the_command_refuses_with_a_sentence_or_as_wrong_usage(session, sold):
    session.commit()

    assert isinstance(_run("nonsense", "--from", "2026-01-01", "--to", "2026-12-31").exception, Invalid)
    assert isinstance(_run("orders", "--from", "2026-02-01", "--to", "2026-01-31").exception, Invalid)
    assert _run("orders", "--from", "yesterday", "--to", "2026-01-31").exit_code == 2
    assert (
        _run("orders", "--from", "2026-01-01", "--to", "2026-01-31", "--base-from", "2025-01-01").exit_code
        == 2
    )
