"""What competitors put at stake, how far their prices are from ours, and how contests ended: by hand."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import (
    battlecards,
    clock,
    competitor_claim_records,
    competitor_claims,
    competitors,
    contests,
    objections,
    presences,
    price_gaps,
    rollups,
    threats,
    wallets,
    whitespace_grid,
)
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimDraft
from core.competitors import CompetitorDraft
from core.contests import ContestDraft, RateBy
from core.errors import Conflict, Invalid, NotFound
from core.filters import AccountFilter
from core.models import PackSize, Unit
from core.objections import ObjectionDraft
from core.presences import PresenceDraft
from core.vocabulary import (
    ClaimTopic,
    ContestOutcome,
    ContestReason,
    ObjectionOutcome,
    Reliability,
    SourceKind,
    Swot,
    WalletBasis,
)
from tests import factories

DAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def trade(session, kam, other_kam, director):
    """Anna's shop bought 100 noodles at 10 (cost 6) and 50 tea at 4 (cost unknown); Ben's hill 10 noodles at 8."""
    noodles = factories.product(session, "NOODLES", category="Food")
    tea = factories.product(session, "TEA", category="Drinks")
    shop, hill = factories.account(session, kam, "SHOP"), factories.account(session, other_kam, "HILL")
    factories.line(session, shop, noodles, date(2026, 10, 5), quantity="100", net_price="10", unit_cost="6")
    factories.line(session, shop, tea, date(2026, 2, 5), quantity="50", net_price="4")
    factories.line(session, hill, noodles, date(2026, 10, 5), quantity="10", net_price="8", unit_cost="6")
    rollups.rebuild(session)
    carton = Unit(name="ctn")
    session.add(carton)
    session.flush()
    session.add(PackSize(product_id=noodles.id, unit_id=carton.id, base_units=Decimal(12)))
    rival = competitors.create(session, director, CompetitorDraft("BrandX"))
    return {"shop": shop, "hill": hill, "noodles": noodles, "tea": tea, "carton": carton, "rival": rival}


def say(session, actor, trade, where="shop", **values):
    account = trade[where].id if where else None
    said = {"topic": ClaimTopic.PRICE, "observed_on": DAY, "source_kind": SourceKind.BUYER,
            "reliability": Reliability.A, "credibility": 1, "statement": "Cheaper"}  # fmt: skip
    made = ClaimDraft(trade["rival"], account_id=account, **{**said, **values})
    return competitor_claim_records.record(session, actor, made)


def gaps(session, actor):
    return {
        one.claim.number: one
        for one in price_gaps.gaps(session, actor, competitor_claims.search(session, actor))
    }


def test_a_price_per_carton_is_compared_per_piece(session, director, trade):
    number = say(session, director, trade, price=Decimal(114), unit_id=trade["carton"].id,
                 product_id=trade["noodles"].id)  # fmt: skip
    one = gaps(session, director)[number]

    # 114 for 12 is 9.50; ours is 1,000 for 100. Margin 400 of 1,000: a cut of 5 % costs as much as an eighth.
    assert (one.theirs, one.ours, one.gap) == (Decimal("9.5"), 10, Decimal("-0.05"))
    assert (one.margin_rate, one.break_even, one.sales) == (Decimal("0.4"), Decimal("0.125"), 1000)
    assert round(one.index, 6) == Decimal("1.052632")


def test_without_the_right_to_cost_there_is_no_break_even(session, kam, trade):
    number = say(session, kam, trade, price_gap=Decimal("-0.05"), product_id=trade["noodles"].id)
    one = gaps(session, kam)[number]

    assert (one.gap, one.theirs) == (Decimal("-0.05"), Decimal("9.5"))
    assert (one.margin_rate, one.break_even) == (None, None)


def test_a_unit_without_a_pack_size_makes_no_price(session, director, trade):
    number = say(
        session, director, trade, price=Decimal(40), unit_id=trade["carton"].id, product_id=trade["tea"].id
    )

    assert gaps(session, director)[number].gap is None


def test_a_claim_of_the_market_stands_beside_all_that_one_sees(session, kam, director, trade):
    number = say(session, director, trade, where=None, price=Decimal(9), product_id=trade["noodles"].id)

    assert gaps(session, kam)[number].ours == 10  # Anna's alone
    assert gaps(session, director)[number].ours == Decimal("9.8182")  # 1,080 for 110


def test_the_index_is_a_ratio_of_sums_with_its_observations_and_their_age(session, director, trade):
    noodles, tea = trade["noodles"], trade["tea"]
    food = noodles.category_id
    say(session, director, trade, price_gap=Decimal("-0.2"), product_id=noodles.id)
    say(session, director, trade, price_gap=Decimal("0.2"), product_id=noodles.id,
        observed_on=DAY - timedelta(days=50))  # fmt: skip
    say(session, director, trade, price_gap=Decimal("-0.5"), product_id=tea.id, observed_on=date(2026, 3, 1))
    refuted = say(session, director, trade, price_gap=Decimal("-0.9"), category_id=food)
    competitor_claim_records.refute(session, director, refuted, version=refuted)
    found = list(gaps(session, director).values())

    # 2 ÷ (0.8 + 1.2) = 1, where the mean of 1.25 and 0.83 would not be. The old claim about tea counts no more.
    now = price_gaps.index_now(found)
    assert [(one.scope, one.index, one.observations, one.oldest_days, one.newest_days) for one in now] == [
        (noodles.name, 1, 2, 50, 0)
    ]
    over = price_gaps.index_over_time(found)
    assert [(one.scope, one.month, one.index) for one in over] == [
        (noodles.name, date(2026, 10, 1), Decimal(1) / Decimal("1.2")),
        (noodles.name, date(2026, 11, 1), Decimal("1.25")),
        (tea.name, date(2026, 3, 1), 2),
    ]


def test_the_board_ranks_by_margin_at_stake_times_freshness_times_strength(session, director, trade):
    sure = say(session, director, trade, price_gap=Decimal("-0.05"), product_id=trade["noodles"].id,
               observed_on=DAY - timedelta(days=60), reliability=Reliability.B)  # fmt: skip
    say(session, director, trade, topic=ClaimTopic.GOAL, statement="Wants it all", reliability=Reliability.E,
        credibility=5)  # fmt: skip
    say(session, director, trade, where="hill", price_gap=Decimal("-0.1"))
    say(session, director, trade, where="hill", swot=Swot.WEAKNESS, topic=ClaimTopic.LOGISTICS)
    board = threats.board(session, director)

    # Shop: 400 × ½ × 0.8 = 160, beyond the whole account's 400 × 1 × 0.04. Hill: 20 × 1 × 1.
    assert [(one.account_code, one.exposure, one.claims) for one in board.rows] == [
        ("SHOP", 160, 2),
        ("HILL", 20, 1),
    ]
    assert (board.rows[0].claim.number, board.rows[0].gap.break_even) == (sure, Decimal("0.125"))
    assert (board.exposure, board.accounts, board.is_margin) == (180, 2, True)
    only = threats.board(session, director, AccountFilter(account_ids=frozenset({trade["hill"].id})))
    assert [one.account_code for one in only.rows] == ["HILL"]


def test_without_the_right_to_cost_net_revenue_is_at_stake(session, kam, trade):
    say(session, kam, trade, price_gap=Decimal("-0.05"))
    board = threats.board(session, kam)

    assert [(one.at_stake, one.exposure) for one in board.rows] == [(1200, 1200)]
    assert not board.is_margin


def test_an_unknown_margin_is_unknown_and_last(session, director, trade):
    say(session, director, trade, price_gap=Decimal("-0.05"), product_id=trade["tea"].id)
    say(session, director, trade, where="hill", price_gap=Decimal("-0.05"))

    assert [(one.account_code, one.exposure) for one in threats.board(session, director).rows] == [
        ("HILL", 20), ("SHOP", None)
    ]  # fmt: skip


def test_a_claim_of_the_market_threatens_where_the_competitor_stands(session, kam, director, trade):
    drinks = trade["tea"].category_id
    presences.record(session, kam, trade["shop"].id, PresenceDraft(trade["rival"], drinks,
                     contract_ends_on=DAY + timedelta(days=60)))  # fmt: skip
    say(session, director, trade, where=None, price_gap=Decimal("-0.05"), category_id=drinks)
    say(
        session,
        director,
        trade,
        where=None,
        price_gap=Decimal("-0.05"),
        category_id=trade["noodles"].category_id,
    )

    rows = threats.board(session, kam).rows
    assert [(one.account_code, one.claims, one.at_stake) for one in rows] == [("SHOP", 1, 200)]
    assert rows[0].contract_ends_on == date(2027, 1, 23)


# --- the battlecard ---


def test_a_battlecard_says_no_old_claim_as_a_fact(session, director, trade):
    def aged(days, **more):
        return say(session, director, trade, observed_on=DAY - timedelta(days=days),
                   **{"price_gap": Decimal("-0.01"), **more})  # fmt: skip

    live, asked, stale = aged(60), aged(61), aged(121)
    over = say(session, director, trade, price_gap=Decimal("-0.02"), observed_on=DAY - timedelta(days=9),
               last_on=DAY - timedelta(days=1))  # fmt: skip
    refuted = aged(3)
    competitor_claim_records.refute(session, director, refuted, version=refuted)
    card = battlecards.card(session, director, trade["rival"], account_id=trade["shop"].id)

    facts = [row.number for rows in card.facts.sides.values() for row in rows]
    assert (facts, [row.number for row in card.to_confirm], card.left_out) == ([live], [asked], 3)
    said = {row.number for one in card.advantages for row in one.claims} | {
        one.claim.number for one in card.gaps
    }
    assert not said & {stale, over, refuted, asked}


def test_a_battlecard_has_the_answers_that_won_and_what_speaks_for_us(session, kam, director, trade):
    for answer, outcome in (("Smaller packs", ObjectionOutcome.WON), ("Nothing", ObjectionOutcome.LOST)):
        made = ObjectionDraft(
            "Too dear", answer, outcome=outcome, raised_on=DAY, competitor_id=trade["rival"]
        )
        objections.record(session, kam, trade["shop"].id, made)
    late = say(
        session,
        kam,
        trade,
        topic=ClaimTopic.LOGISTICS,
        swot=Swot.WEAKNESS,
        category_id=trade["tea"].category_id,
    )
    dear = say(
        session, kam, trade, swot=Swot.OPPORTUNITY, price_gap=Decimal("0.1"), product_id=trade["noodles"].id
    )
    card = battlecards.card(session, kam, trade["rival"])

    assert [row.draft.answer for row in card.answers] == ["Smaller packs"]
    assert {one.scope: [row.number for row in one.claims] for one in card.advantages} == {
        "Drinks": [late], trade["noodles"].name: [dear]
    }  # fmt: skip
    with pytest.raises(NotFound):
        battlecards.card(session, kam, trade["rival"], account_id=trade["hill"].id)


# --- contests, presences, objections ---


def contest(trade, outcome, **values):
    said = {"decided_on": DAY, "reason": ContestReason.PRICE}
    return ContestDraft(trade["rival"], "Shelf", outcome, **{**said, **values})


def test_win_rates_come_with_how_many_they_are_made_of(session, kam, other_kam, director, trade):
    won, lost = ContestOutcome.WON, ContestOutcome.LOST
    for actor, where, made in (
        (kam, "shop", contest(trade, won, amount=Decimal(300))),
        (kam, "shop", contest(trade, lost, amount=Decimal(100), was_avoidable=True, lesson="Ask earlier")),
        (kam, "shop", contest(trade, lost, reason=ContestReason.DELIVERY, was_avoidable=False)),
        (other_kam, "hill", contest(trade, lost)),
    ):
        contests.record(session, actor, trade[where].id, made)
    rows = contests.search(session, director)

    whole = contests.total(rows)
    assert (whole.won, whole.lost, whole.rate) == (1, 3, Decimal("0.25"))
    assert (whole.amount_rate, whole.avoidable, whole.judged) == (Decimal("0.75"), 1, 2)
    by_reason = {one.key: (one.won, one.contests) for one in contests.rates(rows, RateBy.REASON)}
    assert by_reason == {"price": (1, 3), "delivery": (0, 1)}
    assert [one.key for one in contests.rates(rows, RateBy.MANAGER)] == ["Anna", "Ben"]
    assert contests.total([]).rate is None
    assert len(contests.search(session, kam)) == 3


def test_a_contest_is_changed_taken_back_and_brought_back(session, kam, director, trade):
    made = contest(trade, ContestOutcome.LOST, our_price=Decimal(10), their_price=Decimal("9.7"))
    number = contests.record(session, kam, trade["shop"].id, made)
    row = contests.search(session, kam)[0]
    assert (row.price_gap, row.needs_lesson) == (Decimal("-0.03"), True)
    told = replace(made, was_avoidable=True, lesson="Call before the tender")
    at = contests.update(session, kam, number, told, version=row.version)
    with pytest.raises(Conflict) as caught:
        contests.update(session, director, number, made, version=row.version)
    assert caught.value.current == {"was_avoidable": True, "lesson": "Call before the tender"}
    at = contests.withdraw(session, kam, number, version=at)
    assert contests.search(session, kam) == []
    contests.restore(session, kam, number, version=at)
    assert len(contests.search(session, kam)) == 1


def test_a_competitor_stands_once_with_a_category_at_an_account(session, kam, trade):
    made = PresenceDraft(trade["rival"], trade["tea"].category_id, share=Decimal("0.4"))
    presences.record(session, kam, trade["shop"].id, made)
    for wrong, field in (
        (made, "category_id"),
        (replace(made, category_id=None, share=Decimal("1.2")), "share"),
        (replace(made, category_id=None, low_share=Decimal("0.5")), "share"),
        (
            replace(made, category_id=None, since_on=DAY, contract_ends_on=DAY - timedelta(days=1)),
            "contract_ends_on",
        ),
    ):
        with pytest.raises(Invalid) as caught:
            presences.record(session, kam, trade["shop"].id, wrong)
        assert field in caught.value.fields


def test_whitespace_is_what_neither_we_nor_they_have(session, kam, trade):
    drinks, food = trade["tea"].category_id, trade["noodles"].category_id
    shop = trade["shop"].id

    def wallet(category, amount):
        said = wallets.WalletDraft(
            WalletBasis.DECLARED, DAY, category, Decimal(amount), said_by="Buyer", source="Talk"
        )
        wallets.record(session, kam, shop, said, seen=None)

    wallet(drinks, 1000)
    wallet(food, 900)  # less than the 1,000 that we sell: the estimate is wrong
    presences.record(session, kam, shop, PresenceDraft(trade["rival"], drinks, share=Decimal("0.3")))
    other = competitors.create(session, kam, CompetitorDraft("Other"))
    at = presences.record(session, kam, shop, PresenceDraft(other, drinks))

    def cells():
        return {one.category: one for one in whitespace_grid.grid(session, kam).cells}

    # A competitor whose share nobody knows: what is not ours stands undivided.
    assert (cells()["Drinks"].elsewhere, cells()["Drinks"].theirs, cells()["Drinks"].open) == (
        800,
        None,
        None,
    )
    presences.withdraw(session, kam, at, version=1)
    one = cells()["Drinks"]
    assert (one.ours, one.theirs, one.open, one.competitors) == (200, 300, 500, ("BrandX",))
    assert (cells()["Food"].elsewhere, cells()["Food"].is_below_sales) == (0, True)


def test_states_of_a_search_are_as_of_the_day_that_is_asked(session, kam, trade):
    say(session, kam, trade, price_gap=Decimal("-0.05"))

    states = [
        competitor_claims.search(session, kam, day=DAY + timedelta(days=days))[0].state
        for days in (0, 61, 121)
    ]
    assert states == [ClaimState.LIVE, ClaimState.TO_CONFIRM, ClaimState.STALE]
