"""What the company decided for everybody: its name, currency, fiscal year, languages and thresholds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from babel.numbers import is_currency
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, claim_rules, delivery_sums, health_marks, health_rules, otif, rfm_rule, rollups
from core.audit import Subject
from core.auth import Actor
from core.claim_rules import HALF_LIVES, HalfLives
from core.errors import Conflict, Invalid
from core.health_rules import RULES, HealthRule, Measure
from core.language import LANGUAGES, _
from core.models import OrderLine, Setting
from core.otif import OtifRule
from core.rfm_rule import RfmRule
from core.vocabulary import ClaimTopic, OtifBasis, OtifLevel, Permission


@dataclass(frozen=True)
class Settings:
    """One field a setting, with what holds until somebody decides otherwise."""

    company: str = ""
    base_currency: str = "MYR"
    fiscal_year_month: int = 1  # first month of the fiscal year
    languages: tuple[str, ...] = ("en", "ms")
    rhythm_amber: Decimal = Decimal("1.5")  # days since the last order ÷ the account's median gap
    rhythm_red: Decimal = Decimal("2.5")
    fall_share: Decimal = Decimal("0.2")  # a fall against last year beyond this share asks for attention …
    fall_spread: Decimal = Decimal(
        2
    )  # … where it is also beyond so many times the account's own usual spread
    confirm_days: int = 180  # data that nobody confirmed for longer ask for attention
    # Terms that end within so many days, with nothing after them, ask for attention.
    terms_expire_days: int = 30
    otif_basis: OtifBasis = OtifRule.basis  # the day on which a delivery is due
    otif_early_days: int = OtifRule.early_days  # days before it that are on time still
    otif_late_days: int = OtifRule.late_days  # … and after it
    otif_in_full_share: Decimal = OtifRule.in_full_share  # of the ordered quantity that counts as in full
    otif_level: OtifLevel = OtifRule.level  # what is counted: order lines or whole orders
    rfm_days: tuple[Decimal, ...] = (
        RfmRule.days
    )  # since the last order: at most, for the scores 5, 4, 3 and 2
    rfm_orders: tuple[Decimal, ...] = RfmRule.orders  # in the window: at least
    rfm_amount: tuple[Decimal, ...] = RfmRule.amount  # in the window: at least, in the base currency
    rfm_by_margin: bool = RfmRule.by_margin  # whether that amount is margin
    abc_a_share: Decimal = Decimal("0.8")  # class A: the largest accounts up to this share of net revenue
    abc_b_share: Decimal = Decimal("0.95")  # class B: the next ones up to this share; the rest is C
    # Bands of competition law (US merger guidelines of 2023), borrowed: a convention, no law for customers.
    hhi_moderate: Decimal = Decimal(1000)
    hhi_high: Decimal = Decimal(1800)
    health_trend_weight: int = RULES[Measure.TREND].weight
    health_trend_zero_at: Decimal = RULES[Measure.TREND].zero_at  # change on last year ÷ usual spread
    health_trend_full_at: Decimal = RULES[Measure.TREND].full_at
    health_price_weight: int = RULES[Measure.PRICE].weight
    health_price_zero_at: Decimal = RULES[Measure.PRICE].zero_at  # change of price realisation, a share
    health_price_full_at: Decimal = RULES[Measure.PRICE].full_at
    health_rhythm_weight: int = RULES[Measure.RHYTHM].weight
    health_rhythm_zero_at: Decimal = RULES[Measure.RHYTHM].zero_at  # days since the last order ÷ usual gap
    health_rhythm_full_at: Decimal = RULES[Measure.RHYTHM].full_at
    health_otif_weight: int = RULES[Measure.OTIF].weight
    health_otif_zero_at: Decimal = RULES[Measure.OTIF].zero_at  # share of deliveries
    health_otif_full_at: Decimal = RULES[Measure.OTIF].full_at
    health_payment_weight: int = RULES[Measure.PAYMENT].weight
    health_payment_zero_at: Decimal = RULES[Measure.PAYMENT].zero_at  # overdue ÷ open
    health_payment_full_at: Decimal = RULES[Measure.PAYMENT].full_at
    health_breadth_weight: int = RULES[Measure.BREADTH].weight
    health_breadth_zero_at: Decimal = RULES[Measure.BREADTH].zero_at  # share of the categories bought before
    health_breadth_full_at: Decimal = RULES[Measure.BREADTH].full_at
    health_target_weight: int = RULES[Measure.TARGET].weight
    health_target_zero_at: Decimal = RULES[Measure.TARGET].zero_at  # net revenue ÷ target
    health_target_full_at: Decimal = RULES[Measure.TARGET].full_at
    health_data_weight: int = RULES[Measure.DATA].weight
    health_data_zero_at: Decimal = RULES[Measure.DATA].zero_at  # days since somebody confirmed the data
    health_data_full_at: Decimal = RULES[Measure.DATA].full_at
    health_green: Decimal = Decimal(70)  # the score from which an account is green
    health_amber: Decimal = Decimal(40)
    health_least_coverage: Decimal = Decimal("0.5")  # with less known a score has no band
    # Days after which half of a competitor claim's worth is gone, by topic.
    claim_days_price: int = HALF_LIVES[ClaimTopic.PRICE]
    claim_days_terms: int = HALF_LIVES[ClaimTopic.TERMS]
    claim_days_product: int = HALF_LIVES[ClaimTopic.PRODUCT]
    claim_days_people: int = HALF_LIVES[ClaimTopic.PEOPLE]
    claim_days_logistics: int = HALF_LIVES[ClaimTopic.LOGISTICS]
    claim_days_finance: int = HALF_LIVES[ClaimTopic.FINANCE]
    claim_days_legal: int = HALF_LIVES[ClaimTopic.LEGAL]
    claim_days_goal: int = HALF_LIVES[ClaimTopic.GOAL]
    contract_end_days: int = 60  # a competitor's contract that ends within so many days is an opening
    demo: str = ""  # which demo company is loaded, if any

    @cached_property
    def otif(self) -> OtifRule:
        return OtifRule.of(vars(self))

    @cached_property
    def rfm(self) -> RfmRule:
        return RfmRule.of(vars(self))

    @cached_property
    def half_lives(self) -> HalfLives:
        return HalfLives.of(vars(self))

    @cached_property
    def health(self) -> HealthRule:
        return HealthRule.of(vars(self))


_DECIMALS = {
    "rhythm_amber", "rhythm_red", "fall_share", "fall_spread",
    "abc_a_share", "abc_b_share", "hhi_moderate", "hhi_high",
}  # fmt: skip


def get(session: Session) -> Settings:
    """The settings in force; everybody may know them."""
    stored = {row.key: row.value for row in session.scalars(select(Setting))}
    known = {field.name for field in fields(Settings)}
    return replace(Settings(), **{key: _typed(key, value) for key, value in stored.items() if key in known})


def update(session: Session, actor: Actor, changes: dict[str, Any], *, seen: Settings | None = None) -> None:
    """Decide some settings anew; raises Invalid naming each field that breaks a rule.

    `seen` is what the form showed at first: what somebody else decided since is a Conflict.
    """
    auth.require(actor, Permission.SETTING_WRITE)
    before = get(session)
    if seen is not None:
        _refuse_overtaken(before, seen, changes)
    after = replace(before, **changes)
    found = problems(after)
    if found:
        raise Invalid(next(iter(found.values())), fields=found)
    if after.base_currency != before.base_currency and session.scalar(select(OrderLine.account_id).limit(1)):
        raise Conflict(
            _("The base currency cannot change while the store holds orders: their amounts are in it.")
        )
    judges_anew = not after.otif.judges_like(before.otif)
    if judges_anew:
        rollups.lock(session)
    put(session, {key: getattr(after, key) for key in changes})
    if judges_anew:
        delivery_sums.rebuild(session)
    if after.otif != before.otif:
        health_marks.raise_for(session, health_marks.Kind.RULES)
    different = audit.differences(asdict(before), asdict(after))
    if different:
        audit.record(
            session, actor, "setting:update", Subject("setting", "company", after.company), different
        )


def _refuse_overtaken(stored: Settings, seen: Settings, changes: dict[str, Any]) -> None:
    overtaken = {key: getattr(stored, key) for key in changes if getattr(stored, key) != getattr(seen, key)}
    overtaken = {key: value for key, value in overtaken.items() if value != changes[key]}
    if overtaken:
        raise Conflict(
            _("Somebody else changed these settings meanwhile. Look at the new values and save again."),
            current=overtaken,
            version=stored,
        )


def put(session: Session, values: dict[str, Any]) -> None:
    """Store values as they are; for `update` and the demo company, which record it themselves."""
    for key, value in values.items():
        row = session.get(Setting, key)
        if row is None:
            session.add(Setting(key=key, value=audit.plain(value)))
        else:
            row.value = audit.plain(value)
    session.flush()


def _typed(key: str, value: Any) -> Any:
    if key in _DECIMALS:
        try:
            return Decimal(value)
        except InvalidOperation:
            return getattr(Settings(), key)
    if key in otif.KEYS:
        return otif.typed(key, value)
    if key in rfm_rule.KEYS:
        return rfm_rule.typed(key, value)
    if key in health_rules.DEFAULTS:
        return health_rules.typed(key, value)
    if key in claim_rules.KEYS:
        return claim_rules.typed(key, value)
    return tuple(value) if key == "languages" else value


def problems(values: Settings) -> dict[str, str]:
    """What is wrong, by field."""
    found = {}
    if not is_currency(values.base_currency):
        found["base_currency"] = _("Give a currency by its three letters, such as MYR.")
    if not 1 <= values.fiscal_year_month <= 12:
        found["fiscal_year_month"] = _("A month is a number from 1 to 12.")
    if not values.languages or any(language not in LANGUAGES for language in values.languages):
        found["languages"] = _("Choose at least one of the languages that Utama speaks.")
    if not 0 < values.abc_a_share < values.abc_b_share < 1:
        found["abc_a_share"] = _("Give shares between 0 and 1, class A below class B, such as 0.8 and 0.95.")
    if not 0 < values.hhi_moderate < values.hhi_high <= 10_000:
        found["hhi_moderate"] = _("Give indices between 0 and 10,000, the moderate one below the high one.")
    return (
        found
        | _of_attention(values)
        | otif.problems(values.otif)
        | rfm_rule.problems(values.rfm)
        | health_rules.problems(values.health)
        | claim_rules.problems(values.half_lives)
    )


def _of_attention(values: Settings) -> dict[str, str]:
    found = {}
    if not 1 <= values.rhythm_amber < values.rhythm_red:
        found["rhythm_amber"] = _("Amber starts at 1 or more, and red later than amber.")
    if not 0 < values.fall_share < 1:
        found["fall_share"] = _("Give a share between 0 and 1, such as 0.2 for a fifth.")
    if not 0 <= values.fall_spread <= 10:
        found["fall_spread"] = _("Give a number from 0 to 10; 0 asks at every fall beyond the share.")
    for field, most in (("confirm_days", 3650), ("terms_expire_days", 365), ("contract_end_days", 365)):
        if not 1 <= getattr(values, field) <= most:
            found[field] = _("Give a number of days from 1 to {most}.").format(most=most)
    return found
