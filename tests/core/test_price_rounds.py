from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core import account_mergers, clock, price_round_records, price_rounds
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.price_round_records import AnswerDraft, RoundDraft
from core.vocabulary import RoundAnswer
from tests import factories

TODAY = date(2026, 6, 15)
EFFECTIVE = date(2026, 4, 1)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 6, 15, 12, tzinfo=UTC))
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def shops(session, kam, other_kam):
    """Anna's shop paid 10.00 for tea before and 10.30 since; Ben's paid 20.00 for jam and pays it still."""
    mine, theirs = factories.account(session, kam, "MINE"), factories.account(session, other_kam, "THEIRS")
    mine.tea = factories.product(session, "TEA", category="Drinks")
    mine.jam = factories.product(session, "JAM", category="Spreads")
    new = factories.product(session, "NEW", category="Drinks")
    factories.line(session, mine, mine.tea, date(2025, 5, 2), quantity="60", list_price="12", net_price="9")
    factories.line(
        session, mine, mine.tea, date(2026, 3, 31), quantity="40", list_price="12", net_price="11.50"
    )
    factories.line(session, mine, mine.tea, date(2025, 3, 31), quantity="99", list_price="12", net_price="1")
    factories.line(
        session, mine, mine.tea, date(2026, 4, 1), quantity="50", list_price="12", net_price="10.30"
    )
    factories.line(
        session, mine, mine.tea, date(2026, 4, 2), quantity="-5", list_price="12", net_price="10.30"
    )
    factories.line(session, mine, new, date(2026, 4, 9), quantity="7", list_price="12", net_price="12")
    factories.line(
        session, theirs, mine.jam, date(2026, 1, 5), quantity="100", list_price="25", net_price="20"
    )
    factories.line(
        session, theirs, mine.jam, date(2026, 5, 5), quantity="30", list_price="25", net_price="20"
    )
    mine.other = theirs
    return mine


def amounts(*values):
    return tuple(Decimal(value) for value in values)


def announced(session, actor, shops, ids, **more):
    given = {"rate": Decimal("0.05"), **more}
    return price_round_records.announce(
        session, actor, RoundDraft("April 2026", date(2026, 2, 1), EFFECTIVE, tuple(ids), **given)
    )


def answered(session, actor, round_id, account_id, said, version=1, **more):
    return price_round_records.answer(
        session, actor, round_id, account_id, AnswerDraft(said, **more), version=version
    )


def test_what_was_realised_is_weighed_by_what_was_bought_since(session, shops, director):
    number = announced(session, director, shops, [shops.id, shops.other.id])

    found = price_rounds.detail(session, director, number)

    # Anna's: before (60 × 9 + 40 × 11.50) ÷ 100 = 10.00, asked 10.50; since: 50 at 10.30. Returns count in neither.
    theirs, mine = found.accounts
    assert (mine.revenue, mine.asked_for) == amounts(1000, 50)
    assert (mine.before, mine.asked, mine.realised) == amounts(500, 525, 515)
    assert round(mine.realisation, 6) == Decimal("0.980952")
    assert mine.increase == Decimal("0.03")
    # Ben's: 20.00, asked 21.00; since: 30 at 20.00.
    assert (theirs.before, theirs.asked, theirs.realised) == amounts(600, 630, 600)
    # Together (515 + 600) ÷ (525 + 630) and ÷ (500 + 600) − 1.
    assert round(found.realisation, 6) == Decimal("0.965368")
    assert found.increase == Decimal("0.013636")
    assert found.asked_for == 150


def test_prices_by_product_ask_for_nothing_of_other_products(session, shops, director):
    number = announced(
        session, director, shops, [shops.id, shops.other.id], rate=None, prices={shops.tea.id: Decimal(11)}
    )

    theirs = next(
        one for one in price_rounds.detail(session, director, number).accounts if one.code == "THEIRS"
    )
    mine = next(one for one in price_rounds.detail(session, director, number).accounts if one.code == "MINE")

    assert (mine.asked_for, mine.asked) == amounts(100, 550)
    assert (theirs.asked_for, theirs.asked) == amounts(0, 0)
    assert theirs.realisation is None


def test_a_round_of_a_category_leaves_the_others_out(session, shops, director):
    number = announced(
        session, director, shops, [shops.id, shops.other.id], category_id=shops.jam.category_id
    )

    assert {one.code: one.asked_for for one in price_rounds.detail(session, director, number).accounts} == {
        "THEIRS": 100, "MINE": 0,
    }  # fmt: skip


def test_answers_add_up_to_what_was_agreed(session, shops, director, kam):
    number = announced(session, director, shops, [shops.id, shops.other.id])
    answered(session, kam, number, shops.id, RoundAnswer.NEGOTIATED, rate=Decimal("0.03"), note="from May on")
    answered(session, director, number, shops.other.id, RoundAnswer.ACCEPTED)

    found = price_rounds.detail(session, director, number)

    assert found.row.answers == {RoundAnswer.NEGOTIATED: 1, RoundAnswer.ACCEPTED: 1}
    assert found.agreed == 1000 * Decimal("0.03") + 100
    assert found.accounts[1].draft.answered_on == TODAY


def test_everybody_sees_their_own_accounts_of_a_round(session, shops, director, kam):
    number = announced(session, director, shops, [shops.id, shops.other.id])

    assert [one.code for one in price_rounds.detail(session, kam, number).accounts] == ["MINE"]
    assert price_rounds.search(session, kam)[0].accounts == 1
    with pytest.raises(NotFound):
        answered(session, kam, number, shops.other.id, RoundAnswer.ACCEPTED)
    with pytest.raises(NotFound):
        announced(session, kam, shops, [shops.other.id])
    with pytest.raises(Forbidden):
        price_round_records.withdraw(session, kam, number, version=1)


def test_a_round_of_others_alone_is_absent(session, shops, other_kam, kam):
    number = announced(session, other_kam, shops, [shops.other.id])

    assert price_rounds.search(session, kam) == []
    with pytest.raises(NotFound):
        price_rounds.detail(session, kam, number)


def test_two_who_answer_at_once_see_both(session, shops, director, kam):
    number = announced(session, director, shops, [shops.id])
    answered(session, kam, number, shops.id, RoundAnswer.REFUSED, note="too much")

    with pytest.raises(Conflict) as conflict:
        answered(session, director, number, shops.id, RoundAnswer.ACCEPTED)

    assert conflict.value.current["answer"] is RoundAnswer.REFUSED
    assert answered(session, director, number, shops.id, RoundAnswer.ACCEPTED, conflict.value.version) == 3


def test_a_round_can_be_taken_back_until_somebody_has_answered(session, shops, director):
    first, second = (announced(session, director, shops, [shops.id]) for _time in range(2))
    answered(session, director, first, shops.id, RoundAnswer.ACCEPTED)

    with pytest.raises(Conflict):
        price_round_records.withdraw(session, director, first, version=1)
    taken_back = price_round_records.withdraw(session, director, second, version=1)

    assert [row.id for row in price_rounds.search(session, director)] == [first]
    with pytest.raises(Conflict):
        price_round_records.restore(session, director, second, version=1)
    price_round_records.restore(session, director, second, version=taken_back)
    assert {row.id for row in price_rounds.search(session, director)} == {first, second}


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("rate", {"rate": None}),
        ("rate", {"prices": {1: Decimal(1)}}),
        ("rate", {"rate": Decimal(5)}),
        ("prices", {"rate": None, "prices": {1: Decimal(-1)}}),
    ],
)
def test_a_round_that_cannot_be_meant_is_refused_under_its_field(session, shops, director, field, more):
    with pytest.raises(Invalid) as problem:
        announced(session, director, shops, [shops.id], **more)
    assert field in problem.value.fields


def test_the_answer_goes_along_when_an_account_turns_out_to_be_another(session, shops, director):
    number = announced(session, director, shops, [shops.id])
    kept = factories.account(session, None, "KEPT")
    merger = account_mergers.merge(session, director, shops.id, kept.id, versions=(1, 1))

    assert [one.code for one in price_rounds.detail(session, director, number).accounts] == ["KEPT"]
    account_mergers.undo(session, director, merger)
    assert [one.code for one in price_rounds.detail(session, director, number).accounts] == ["MINE"]
