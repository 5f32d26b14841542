"""Terms leave as CSV, XLSX and readable YAML, and come back as what they were."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core import auth, db, exports, importing, term_versions
from core.errors import Conflict
from core.exports import Format
from core.importing import Options, cells
from core.models import Term, Unit
from core.term_drafts import Scope, TermDraft
from core.vocabulary import (
    BatchKind,
    Role,
    TermDate,
    TermKind,
    TermStatus,
    TierBasis,
    TierMode,
    TierPeriod,
)
from tests import factories
from tests.core.importing.bringing import counts, reasons

pytestmark = pytest.mark.usefixtures("store")

FIRST = date(2026, 1, 1)


@pytest.fixture
def company(store):
    """Account and goods with names that files like to misread."""
    with db.write() as session:
        anna = auth.actor_for(factories.user(session, "anna", Role.MANAGER))
        ben = auth.actor_for(factories.user(session, "ben", Role.MANAGER))
        account = factories.account(session, anna, "0017").id
        other = factories.account(session, ben, "no").id
        tea = factories.product(session, "1.50", category="Tea: green & black")
        session.add(Unit(name="Carton"))
        session.flush()
        goods = (Scope(product_id=tea.id), Scope(category_id=tea.category_id), Scope())
        unit = session.scalar(select(Unit.id).where(Unit.name == "Carton"))
    return account, other, goods, unit, ben


def out(form, account="0017", actor=auth.OPERATOR):
    stream = io.BytesIO()
    with db.read() as session:
        exports.write(
            exports.prepare(session, actor, BatchKind.TERMS, account_code=account), stream, Format(form)
        )
    return stream.getvalue()


def rows_out(form):
    """What the file says, whatever it is written as: a workbook holds the moment it was written."""
    data = out(form)
    if form != "xlsx":
        return data
    upload = importing.receive(io.BytesIO(data), "terms.xlsx")
    try:
        return upload.headers, upload.text.read_text()
    finally:
        importing.discard(upload)


def back(data, form="yaml", actor=auth.OPERATOR):
    upload = importing.receive(io.BytesIO(data.encode() if isinstance(data, str) else data), f"terms.{form}")
    try:
        mapped = importing.explicit(BatchKind.TERMS, upload, {})
        return importing.apply(actor, BatchKind.TERMS, upload, Options(columns=mapped))
    finally:
        importing.discard(upload)


def grant(account, scope=None, **values):
    one = {
        "kind": TermKind.DISCOUNT,
        "value": Decimal("0.05"),
        "valid_from": FIRST,
        "status": TermStatus.APPROVED,
        "recorded_at": datetime(2025, 12, 1, 9, 30, tzinfo=UTC),
        **values,
    }
    recorded_at = one.pop("recorded_at")
    scope = scope or Scope()
    draft = TermDraft(Scope(account, None, None, scope.product_id, scope.category_id), **one)
    with db.write() as session:
        term_versions.record(session, auth.OPERATOR, draft, recorded_at=recorded_at)


def some_terms(account, goods, unit):
    grant(account, goods[2], reason="annual: “basic”", stacks=True)
    grant(
        account, goods[0], kind=TermKind.SPECIAL_PRICE, value=Decimal("8.125"), unit_id=unit,
        valid_to=date(2026, 7, 1), reason="yes",
    )  # fmt: skip
    # Corrected on the same day, by hand, at another hour.
    grant(
        account, goods[0], kind=TermKind.SPECIAL_PRICE, value=Decimal("8.1"), unit_id=unit,
        valid_to=date(2026, 7, 1), reason="- 1 #", recorded_at=datetime(2025, 12, 1, 14, tzinfo=UTC),
    )  # fmt: skip
    grant(
        account, goods[1], kind=TermKind.QUANTITY_TIER, value=Decimal("0.1"), min_quantity=Decimal("1.234"),
        governed_by=TermDate.INVOICE, status=TermStatus.DRAFT,
    )  # fmt: skip
    grant(account, kind=TermKind.PAYMENT_TERMS, value=Decimal(30))
    grant(account, kind=TermKind.PROMPT_PAYMENT, value=Decimal("0.02"), days=10)
    grant(
        account, kind=TermKind.VOLUME_TIER, value=Decimal("0.03"), min_quantity=Decimal(100000),
        basis=TierBasis.PERIOD_REVENUE, period=TierPeriod.YEAR, mode=TierMode.ALL_UNITS,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "xlsx", "yaml"])
def test_what_was_exported_comes_back_as_unchanged_and_fills_an_empty_store(company, form):
    account, _other, goods, unit, _ben = company
    some_terms(account, goods, unit)
    whole, said = out(form), rows_out(form)

    assert counts(back(whole, form).check) == (6, 0, 0, 6, 0)

    with db.write() as session:
        session.execute(delete(Term))
    assert counts(back(whole, form).check) == (6, 6, 0, 0, 0)
    assert rows_out(form) == said


# What files take for nothing, or take off, is no text of its own.
texts = st.text("ab =+-'\"#:&*!%@0?1.,é中\u00a0“|>{[~", max_size=20).filter(
    lambda text: (text == cells.clean(text) and not cells.is_unknown(text)) or not text
)
shares = st.integers(0, 1_000_000).map(lambda one: Decimal(one) / 1_000_000)
prices = st.integers(0, 10**9).map(lambda one: Decimal(one) / 10_000)


@st.composite
def grants(draw):
    kind = draw(st.sampled_from(TermKind))
    money = kind.is_money
    days = st.integers(0, 365)
    value = draw(prices if money else days.map(Decimal) if kind is TermKind.PAYMENT_TERMS else shares)
    volume = kind is TermKind.VOLUME_TIER
    first = FIRST + timedelta(days=draw(st.integers(-400, 400)))
    return {
        "scope": draw(st.integers(0, 2)),
        "kind": kind,
        "value": value,
        "valid_from": first,
        "valid_to": draw(st.none() | st.integers(1, 400).map(lambda days: first + timedelta(days=days))),
        "min_quantity": draw(st.integers(1, 10**7)) / Decimal(1000) if draw(st.booleans()) or
        kind is TermKind.QUANTITY_TIER else Decimal(0),
        "stacks": draw(st.booleans()),
        "governed_by": draw(st.sampled_from(TermDate)),
        "status": draw(st.sampled_from(TermStatus)),
        "reason": draw(texts),
        "basis": draw(st.sampled_from([TierBasis.PERIOD_QUANTITY, TierBasis.PERIOD_REVENUE]))
        if volume else TierBasis.LINE,
        "period": draw(st.sampled_from(TierPeriod)) if volume else None,
        "mode": draw(st.sampled_from(TierMode)) if volume else None,
        "days": draw(days) if kind is TermKind.PROMPT_PAYMENT else None,
        "recorded_at": datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 300_000))),
    }  # fmt: skip


@settings(
    max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(grants(), min_size=1, max_size=8))
def test_any_terms_make_the_round_trip_in_every_format(company, drafts):
    account, _other, goods, _unit, _ben = company
    with db.write() as session:
        session.execute(delete(Term))
    made = 0
    for one in sorted(drafts, key=lambda one: one["recorded_at"]):
        values = dict(one)
        try:
            grant(account, goods[values.pop("scope")], **values)
            made += 1
        except Conflict:
            continue
    for form in ("csv", "xlsx", "yaml"):
        whole, said = out(form), rows_out(form)
        again = back(whole, form).check
        assert (again.unchanged, again.rejected) == (again.read, 0), again.reasons
        with db.write() as session:
            session.execute(delete(Term))
        assert reasons(back(whole, form).check) == {}
        assert rows_out(form) == said


def test_a_reason_of_several_lines_comes_back_as_unchanged(company):
    account, _other, _goods, _unit, _ben = company
    grant(account, reason="first line\nsecond line")

    for form in ("csv", "xlsx", "yaml"):
        assert counts(back(out(form), form).check) == (1, 0, 0, 1, 0)
