from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.errors import Invalid
from core.loyalty import lots, outlooks, rules, spec_documents
from core.loyalty.lots import NO_END, Movement, Phase
from core.loyalty.rules import TierRules, VersionInForce, milli
from core.loyalty.specs import Spec, TierSpec
from core.loyalty_vocabulary import DowngradePolicy, EntryKind, LotExpiry, PointRounding, TierWindow

TIERS = (
    TierSpec("Bronze", Decimal(100)),
    TierSpec("Silver", Decimal(500)),
    TierSpec("Gold", Decimal(1000)),
)
POINT = rules.SCALE


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def held(spec: Spec, gained: dict[str, int], until: str, joined: str = "2025-01-01") -> str:
    return history(spec, gained, until, joined).at(day(until)).name


def history(spec: Spec, gained: dict[str, int], until: str, joined: str = "2025-01-01"):
    version = VersionInForce(1, date.fromisoformat(joined), None, spec)
    by_day = {day(on): points * POINT for on, points in gained.items()}
    return rules.tiers_over([version], by_day, date.fromisoformat(joined), date.fromisoformat(until))


# One point below, at, and above each threshold, in thousandths too.
BOUNDARIES = [
    ("0", 0), ("99", 0), ("99.999", 0), ("100", 1), ("100.001", 1), ("101", 1),
    ("499", 1), ("499.999", 1), ("500", 2), ("500.001", 2), ("501", 2),
    ("999", 2), ("999.999", 2), ("1000", 3), ("1000.001", 3), ("1001", 3),
]  # fmt: skip


@pytest.mark.parametrize(("points", "tier"), BOUNDARIES)
@pytest.mark.parametrize("window", list(TierWindow))
def test_every_tier_begins_exactly_at_its_threshold(points, tier, window):
    spec = Spec(tiers=TIERS, window=window)

    assert TierRules.of(spec).reached(milli(Decimal(points))) == tier
    found = rules.tiers_over(
        [VersionInForce(1, date(2025, 1, 1), None, spec)],
        {day("2025-03-01"): milli(Decimal(points))},
        date(2025, 1, 1),
        date(2025, 3, 1),
    )
    assert found.track.held == tier


# What 2025 and 2026 brought, and the tier on 31 December 2026 and on 1 January 2027, by policy.
DOWNGRADES = [
    (DowngradePolicy.TO_EARNED, 1000, 0, "Gold", ""),
    (DowngradePolicy.TO_EARNED, 1000, 99, "Gold", ""),
    (DowngradePolicy.TO_EARNED, 1000, 100, "Gold", "Bronze"),
    (DowngradePolicy.TO_EARNED, 1000, 101, "Gold", "Bronze"),
    (DowngradePolicy.TO_EARNED, 1000, 999, "Gold", "Silver"),
    (DowngradePolicy.TO_EARNED, 1000, 1000, "Gold", "Gold"),
    (DowngradePolicy.ONE_STEP, 1000, 0, "Gold", "Silver"),
    (DowngradePolicy.ONE_STEP, 1000, 999, "Gold", "Silver"),
    (DowngradePolicy.ONE_STEP, 1000, 1000, "Gold", "Gold"),
    (DowngradePolicy.NEVER, 1000, 0, "Gold", "Gold"),
]


@pytest.mark.parametrize(("policy", "first", "second", "before", "after"), DOWNGRADES)
def test_a_tier_holds_to_the_end_of_the_next_window_and_falls_as_far_as_the_policy_says(
    policy, first, second, before, after
):
    spec = Spec(tiers=TIERS, downgrade=policy)
    gained = {"2025-06-01": first, "2026-06-01": second}

    assert held(spec, gained, "2025-05-31") == ""
    assert held(spec, gained, "2025-06-01") == "Gold"
    assert held(spec, gained, "2026-12-31") == before
    assert held(spec, gained, "2027-01-01") == after


def test_days_of_grace_put_off_a_review_and_what_comes_in_them_counts():
    spec = Spec(tiers=TIERS, grace_days=30)
    gained = {"2025-06-01": 500}

    assert held(spec, gained, "2027-01-30") == "Silver"  # grace: 1 to 30 January
    assert held(spec, gained, "2027-01-31") == ""
    assert held(spec, {**gained, "2027-01-30": 500}, "2027-06-01") == "Silver"
    assert held(spec, {**gained, "2027-01-30": 499}, "2027-06-01") == "Bronze"


def test_a_trailing_year_forgets_a_day_once_a_year_is_over():
    spec = Spec(tiers=TIERS, window=TierWindow.TRAILING_YEAR)
    gained = {"2025-02-10": 400, "2025-06-01": 100}

    assert held(spec, gained, "2025-06-01") == "Silver"
    assert held(spec, gained, "2026-02-09") == "Silver"
    assert held(spec, gained, "2026-02-10") == "Bronze"
    assert held(spec, gained, "2026-05-31") == "Bronze"
    assert held(spec, gained, "2026-06-01") == ""


def test_grace_in_a_trailing_year_ends_where_enough_comes_again():
    spec = Spec(
        tiers=TIERS, window=TierWindow.TRAILING_YEAR, grace_days=10, downgrade=DowngradePolicy.ONE_STEP
    )
    gained = {"2025-02-10": 1000}

    assert held(spec, gained, "2026-02-19") == "Gold"
    assert held(spec, gained, "2026-02-20") == "Silver"
    assert held(spec, {**gained, "2026-02-19": 1000}, "2026-03-30") == "Gold"
    assert held(spec, gained, "2026-03-02") == "Silver"  # a second step takes days of grace of its own
    assert held(spec, gained, "2026-03-03") == "Bronze"


def test_an_anniversary_begins_on_the_day_of_joining_of_each_year():
    spec = Spec(tiers=TIERS, window=TierWindow.ANNIVERSARY)
    gained = {"2025-06-01": 100}

    assert held(spec, gained, "2027-04-14", joined="2025-04-15") == "Bronze"
    assert held(spec, gained, "2027-04-15", joined="2025-04-15") == ""
    assert rules.window_of(TierWindow.ANNIVERSARY, date(2025, 2, 28), date(2024, 2, 29)) == (
        date(2025, 2, 28),
        date(2026, 2, 28),
    )


def test_another_version_keeps_the_tier_of_the_same_name_until_its_review():
    low = Spec(tiers=TIERS)
    high = replace(low, tiers=(TierSpec("Silver", Decimal(5000)), TierSpec("Gold", Decimal(9000))))
    versions = [
        VersionInForce(1, date(2025, 1, 1), date(2025, 9, 1), low),
        VersionInForce(2, date(2025, 9, 1), None, high),
    ]

    found = rules.tiers_over(versions, {day("2025-03-01"): 500 * POINT}, date(2025, 1, 1), date(2026, 6, 1))

    assert found.at(day("2025-08-31")).name == "Silver"
    assert found.at(day("2025-12-31")).name == "Silver"
    assert found.at(day("2026-01-01")).name == ""


def test_the_outlook_says_what_is_missing_and_until_when_the_tier_is_sure():
    spec = Spec(tiers=TIERS, grace_days=30)

    found = outlooks.outlook(
        history(spec, {"2025-06-01": 499}, "2025-07-01"), {day("2025-06-01"): 499 * POINT}, date(2025, 7, 1)
    )
    assert (found.tier, found.next_tier, found.to_next) == (1, 2, 1 * POINT)
    assert found.to_stay == 0
    assert found.until == date(2027, 1, 30)  # enough for 2026 too, and 30 days of grace
    assert found.window_ends_on == date(2025, 12, 31)

    later = outlooks.outlook(history(spec, {"2025-06-01": 499}, "2026-07-01"), {}, date(2026, 7, 1))
    assert (later.to_stay, later.to_next, later.until) == (100 * POINT, 500 * POINT, date(2027, 1, 30))
    assert later.projected_tier == 0


@pytest.mark.parametrize(
    ("window", "grace", "policy"),
    [
        (w, g, p)
        for w in TierWindow
        for g in (0, 45)
        for p in (DowngradePolicy.TO_EARNED, DowngradePolicy.ONE_STEP)
    ],
)
def test_the_last_sure_day_is_the_one_before_the_tier_falls(window, grace, policy):
    spec = Spec(tiers=TIERS, window=window, grace_days=grace, downgrade=policy)
    gained = {"2025-02-10": 300, "2025-03-31": 250, "2025-11-30": 200}
    for on in ("2025-04-01", "2025-12-31", "2026-02-20", "2026-04-20"):
        past = {key: value for key, value in gained.items() if key <= on}
        now = outlooks.outlook(history(spec, past, on, joined="2025-01-15"), {}, date.fromisoformat(on))
        if not now.tier:
            continue
        name = held(spec, past, on, joined="2025-01-15")
        assert held(spec, past, now.until.isoformat(), joined="2025-01-15") == name
        after = (now.until + timedelta(days=1)).isoformat()
        assert held(spec, past, after, joined="2025-01-15") != name


@pytest.mark.parametrize(
    ("amount", "step", "rounding", "points"),
    [
        (10_999, 1000, PointRounding.DOWN, 10_000),
        (10_500, 1000, PointRounding.HALF_UP, 11_000),
        (10_499, 1000, PointRounding.HALF_UP, 10_000),
        (10_001, 1000, PointRounding.UP, 11_000),
        (10_000, 1000, PointRounding.UP, 10_000),
        (14_999, 5000, PointRounding.DOWN, 10_000),
        (12_500, 5000, PointRounding.HALF_UP, 15_000),
        (-5_000, 1000, PointRounding.DOWN, 0),
    ],
)
def test_points_are_rounded_to_steps_as_the_programme_says(amount, step, rounding, points):
    assert rules.rounded(amount, 1, step, rounding) == points


@pytest.mark.parametrize(
    ("kind", "months", "earned", "last"),
    [
        (LotExpiry.NEVER, 12, "2025-01-31", None),
        (LotExpiry.MONTHS, 1, "2025-01-31", "2025-02-28"),
        (LotExpiry.MONTHS, 12, "2024-02-29", "2025-02-28"),
        (LotExpiry.END_OF_MONTH, 12, "2025-03-05", "2026-03-31"),
        (LotExpiry.END_OF_YEAR, 12, "2025-03-05", "2026-12-31"),
        (LotExpiry.INACTIVITY, 12, "2025-03-05", None),
    ],
)
def test_points_have_a_last_day(kind, months, earned, last):
    spec = Spec(expiry=kind, expiry_months=months)

    found = rules.expires_on(spec, date.fromisoformat(earned))

    assert found == (None if last is None else date.fromisoformat(last))


def move(
    source: str, on: str, points: int, last: str = "", kind: EntryKind | None = None, **more
) -> Movement:
    kind = kind or (EntryKind.EARN if points > 0 else EntryKind.REDEEM)
    return Movement(
        source=source, account_id=1, kind=kind, posted=day(on), points=points * POINT,
        expires=day(last) if last else NO_END, **more,
    )  # fmt: skip


def test_what_lapses_first_is_spent_first():
    found = lots.fold(
        [
            move("late", "2025-01-01", 100, "2026-12-31"),
            move("early", "2025-02-01", 100, "2025-12-31"),
            move("gift", "2025-03-01", -150),
        ],
        day("2025-04-01"),
    )

    assert found.lots[1, "early"].remaining == 0
    assert found.lots[1, "late"].remaining == 50 * POINT
    assert found.balance == found.active(day("2025-04-01")) == 50 * POINT


def test_points_can_be_spent_on_their_last_day_and_not_on_the_next():
    earned = move("a", "2025-01-01", 100, "2025-06-30")

    on_time = lots.fold([earned, move("b", "2025-06-30", -100)], day("2025-07-01"))
    late = lots.fold([earned, move("b", "2025-07-01", -100)], day("2025-07-01"))

    assert (on_time.expired, on_time.uncovered) == (0, 0)
    assert (late.expired, late.uncovered) == (100 * POINT, 100 * POINT)


def test_pending_points_cannot_be_spent_and_do_not_keep_others_from_it():
    movements = [
        move("soon", "2025-01-01", 100, "2025-03-31", active=day("2025-02-01")),
        move("now", "2025-01-01", 50, "2025-12-31"),
        move("gift", "2025-01-15", -50),
    ]

    found = lots.fold(movements, day("2025-01-15"))

    assert (found.active(day("2025-01-15")), found.pending(day("2025-01-15"))) == (0, 100 * POINT)
    assert found.active(day("2025-02-01")) == 100 * POINT


def test_what_is_taken_back_after_it_was_spent_is_owed_by_the_next_points():
    movements = [
        move("order", "2025-01-01", 100, phase=Phase.ORDERS),
        move("gift", "2025-01-02", -80),
        move("return", "2025-01-03", -100, kind=EntryKind.REVERSE, phase=Phase.ORDERS, reverses="order"),
        move("next", "2025-01-04", 200, phase=Phase.ORDERS),
    ]

    owing = lots.fold(movements[:3], day("2025-01-03"))
    paid = lots.fold(movements, day("2025-01-04"))

    assert (owing.owed, owing.balance, owing.active(day("2025-01-03"))) == (80 * POINT, -80 * POINT, 0)
    assert (paid.owed, paid.balance) == (0, 120 * POINT)


def test_inactivity_ends_all_points_together():
    movements = [
        move("a", "2025-01-10", 100),
        move("gift", "2025-03-01", -10),
        move("b", "2026-04-01", 5),
    ]

    found = lots.fold(movements, day("2026-04-01"), idle_months=12)

    assert found.lapses == {(1, "a"): (day("2026-03-01"), 90 * POINT)}
    assert found.balance == 5 * POINT


def test_an_expiry_told_from_elsewhere_is_not_counted_beside_the_lapse():
    earned = move("a", "2025-01-01", 100, "2025-06-30")
    other = move("b", "2025-01-01", 40)
    told = move("x", "2025-07-05", -100, kind=EntryKind.EXPIRE)

    found = lots.fold([earned, other, told], day("2025-07-05"))

    assert (found.expired, found.balance) == (100 * POINT, 40 * POINT)


def test_kpis_14():
    movements = [
        move("issued", "2025-01-01", 10_000, "2025-12-31"),
        move("redeemed", "2025-02-01", -5_200),
        move("expired", "2025-03-01", -800, kind=EntryKind.EXPIRE),
    ]

    found = lots.fold(movements, day("2025-03-01"))

    assert found.balance == 4_000 * POINT
    assert found.issued - found.redeemed - found.expired - found.taken == found.balance


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"earning": {"points_per": "0"}}, "earning.points_per"),
        ({"earning": {"points_per": "many"}}, "earning.points_per"),
        ({"earning": {"basis": "luck"}}, "earning.basis"),
        (
            {"earning": {"multipliers": [{"product": "P", "category": "C", "factor": "2"}]}},
            "earning.multipliers.0.product",
        ),
        ({"earning": {"campaigns": [{"factor": "2"}]}}, "earning.campaigns.0.first_on"),
        (
            {"earning": {"campaigns": [{"factor": "2", "first_on": "2025-02-01", "last_on": "2025-01-01"}]}},
            "earning.campaigns.0.last_on",
        ),
        (
            {"tiers": {"steps": [{"name": "A", "threshold": "5"}, {"name": "B", "threshold": "5"}]}},
            "tiers.steps.1.threshold",
        ),
        (
            {"tiers": {"steps": [{"name": "A", "threshold": "5"}, {"name": "A", "threshold": "6"}]}},
            "tiers.steps.1.name",
        ),
        ({"tiers": {"grace_days": "1.5"}}, "tiers.grace_days"),
        (
            {"tiers": {"steps": [{"name": "A", "threshold": "5", "benefits": {"discount_rate": "1"}}]}},
            "tiers.steps.0.benefits.discount_rate",
        ),
        ({"expiry": {"kind": "months", "months": 0}}, "expiry.months"),
        ({"rewards": [{"name": "", "points": "5"}]}, "rewards.0.name"),
        ({"rewards": [{"name": "Mug", "points": "0"}]}, "rewards.0.points"),
        ({"bonuses": {"referral": "-1"}}, "bonuses.referral"),
        ({"redemption_rate": "1.5"}, "redemption_rate"),
        ({"tires": {}}, "tires"),
        ({"rewards": "none"}, "rewards"),
    ],
)
def test_a_specification_says_which_field_is_wrong(document, where):
    with pytest.raises(Invalid) as refused:
        spec_documents.parse(document)
    assert where in refused.value.fields


def test_a_specification_reads_what_it_wrote():
    spec = spec_documents.parse(
        {
            "earning": {
                "points_per": "0.5",
                "multipliers": [{"category": "Tea", "factor": "2"}],
                "campaigns": [
                    {"name": "May", "factor": "3", "first_on": "2025-05-01", "last_on": "2025-05-31"}
                ],
            },
            "tiers": {
                "window": "anniversary",
                "steps": [
                    {
                        "name": "Gold",
                        "threshold": "1000",
                        "factor": "1.25",
                        "benefits": {"discount_rate": "0.02", "free_freight": True},
                    }
                ],
            },
            "expiry": {"kind": "end_of_year", "months": 12},
            "rewards": [{"name": "Display", "points": "500", "cost": "120"}],
            "bonuses": {"referral": "250"},
        }
    )

    assert spec_documents.parse(spec.document()) == spec
