from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core import clock, db, exports, importing, term_versions, term_yaml
from core.auth import OPERATOR
from core.errors import Conflict, Invalid
from core.exports import Format
from core.importing import Options, cells, files
from core.models import Account, Group, Segment, Term, TermDecision, Unit
from core.term_drafts import Scope, TermDraft
from core.vocabulary import BatchKind, TermDate, TermKind, TermStatus, TierBasis, TierMode, TierPeriod
from tests import factories

YEAR = date(2026, 1, 1)
GRANT = "  terms:\n  - product: B\n    grants:\n    - kind: discount\n"
SHARES = st.decimals("0", "1", places=6)
MONEY = st.decimals("0", "99999", places=4)
REASONS = (
    st.text(st.sampled_from("abyz ÄéБ茶09:#'\"=-@+&*!%{}[],>|?"), max_size=12)
    .map(lambda text: cells.clean(" ".join(text.split())))
    .filter(lambda text: not text or not cells.is_unknown(text))
)


@pytest.fixture
def names(session):
    """What terms can be for, in a store of its own."""
    return base(session)


def base(session):
    shop = session.scalar(select(Account).where(Account.code == "0017"))
    if shop is not None:
        return _bases[shop.name]
    group, segment, unit = Group(code="Big", name="Big"), Segment(name="Retail"), Unit(name="carton")
    session.add_all([group, segment, unit])
    session.flush()
    shop = factories.account(session, None, "0017", group_id=group.id, segment_id=segment.id)
    goods = [
        factories.product(session, code, category=name) for code, name in (("TEA", "Drinks"), ("1e5", "No"))
    ]
    shop.name = f"Shop {len(_bases)}"
    whom = [{"account_id": shop.id}, {"group_id": group.id}, {"segment_id": segment.id}]
    what = [{"product_id": goods[0].id}, {"product_id": goods[1].id}, {"category_id": goods[0].category_id},
            {"category_id": goods[1].category_id}, {}]  # fmt: skip
    _bases[shop.name] = (whom, what, unit.id)
    return whom, what, unit.id


_bases: dict[Any, Any] = {}


@st.composite
def granted(draw):
    """A term as plain values: whom and what by their place in the lists of `base`."""
    kind = draw(st.sampled_from(TermKind))
    first = YEAR + timedelta(draw(st.integers(-400, 400)))
    more = {}
    if kind.is_money:
        value = draw(MONEY)
    elif kind is TermKind.PAYMENT_TERMS:
        value = Decimal(draw(st.integers(0, 120)))
    else:
        value = draw(SHARES)
    if kind is TermKind.VOLUME_TIER:
        more = {"basis": draw(st.sampled_from([TierBasis.PERIOD_REVENUE, TierBasis.PERIOD_QUANTITY])),
                "period": draw(st.sampled_from(TierPeriod)), "mode": draw(st.sampled_from(TierMode))}  # fmt: skip
    if kind is TermKind.PROMPT_PAYMENT:
        more = {"days": draw(st.integers(0, 60))}
    least = draw(st.sampled_from(["0", "1", "12.5", "480"]))
    days = draw(st.none() | st.integers(1, 500))
    return (
        draw(st.integers(0, 2)), draw(st.integers(0, 4)), draw(st.booleans()),
        {
            "kind": kind, "value": value, "valid_from": first,
            "valid_to": None if days is None else first + timedelta(days),
            "min_quantity": Decimal("12" if kind is TermKind.QUANTITY_TIER and least == "0" else least),
            "stacks": draw(st.booleans()), "governed_by": draw(st.sampled_from(TermDate)),
            "status": draw(st.sampled_from(TermStatus)), "reason": draw(REASONS), **more,
        },
    )  # fmt: skip


def record(session, names, terms):
    whom, what, unit_id = names
    for who, goods, packed, values in terms:
        draft = TermDraft(
            scope=Scope(**whom[who], **what[goods]), unit_id=unit_id if packed else None, **values
        )
        try:
            with session.begin_nested():
                term_versions.record(session, OPERATOR, draft)
        except Conflict:
            continue  # it would meet another one: not what this is about


def written(form):
    with db.read() as session:
        prepared = exports.prepare(session, OPERATOR, BatchKind.TERMS)
        stream = io.BytesIO()
        exports.write(prepared, stream, form)
    return stream.getvalue()


def read(data, form, **more):
    upload = importing.receive(io.BytesIO(data), f"terms.{form}")
    try:
        options = Options(columns=importing.explicit(BatchKind.TERMS, upload, {}), **more)
        return importing.apply(OPERATOR, BatchKind.TERMS, upload, options, lambda *_a: None).check
    finally:
        importing.discard(upload)


@pytest.mark.parametrize("form", list(Format))
@given(terms=st.lists(granted(), min_size=1, max_size=8))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_export_comes_back_unchanged_and_fills_an_empty_store_alike(store, form, terms):
    _forget_terms()
    with db.write() as session:
        record(session, base(session), terms)
    first = written(form)

    again = read(first, form)
    assert (again.rejected, again.accepted, again.unchanged) == (0, 0, again.read), again.reasons

    _forget_terms()
    filled = read(first, form)
    assert (filled.rejected, filled.unchanged) == (0, 0), filled.reasons
    if form is Format.XLSX:  # a workbook says when it was made
        assert _cells(written(form)) == _cells(first)
    else:
        assert written(form) == first


def _forget_terms():
    with db.write() as session:
        session.execute(delete(TermDecision))
        session.execute(delete(Term))


def _cells(workbook):
    upload = importing.receive(io.BytesIO(workbook), "terms.xlsx")
    try:
        return upload.headers, [row for _line, row in files.read_rows(upload, set(range(100)))]
    finally:
        importing.discard(upload)


def test_it_is_grouped_by_what_it_is_for_and_says_only_what_is_not_usual(session, names):
    whom, what, _unit = names
    for goods, kind, value in ((4, TermKind.DISCOUNT, "0.05"), (2, TermKind.QUANTITY_TIER, "0.1"),
                               (0, TermKind.SPECIAL_PRICE, "8.5")):  # fmt: skip
        draft = TermDraft(Scope(**whom[0], **what[goods]), kind, Decimal(value), YEAR, reason="yearly: talk",
                          min_quantity=Decimal(24 if kind is TermKind.QUANTITY_TIER else 0),
                          status=TermStatus.APPROVED)  # fmt: skip
        term_versions.record(session, OPERATOR, draft)
    today = clock.today()
    stream = io.BytesIO()
    exports.write(
        exports.prepare(session, OPERATOR, BatchKind.TERMS, account_code="0017"), stream, Format.YAML
    )

    assert (
        stream.getvalue().decode()
        == f"""\
- account: '0017'
  terms:
    - product: TEA
      grants:
        - kind: special_price
          value: 8.5
          valid_from: 2026-01-01
          reason: 'yearly: talk'
          status: approved
          recorded_on: {today}
    - category: Drinks
      grants:
        - kind: quantity_tier
          value: 0.1
          min_quantity: 24
          valid_from: 2026-01-01
          reason: 'yearly: talk'
          status: approved
          recorded_on: {today}
    - everything: yes
      grants:
        - kind: discount
          value: 0.05
          valid_from: 2026-01-01
          reason: 'yearly: talk'
          status: approved
          recorded_on: {today}
"""
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- account: [1", "cannot be read"),
        ("a: &x [1]\nb: *x", "no references"),
        ("- account: A\n  terms: 3", "“terms” is not a list"),
        (
            "- account: A\n  terms:\n  - product: B\n    grants:\n    - kind: discount\n      price: 3",
            "has no “price”",
        ),
        (
            "- account: [A]\n  terms:\n  - product: B\n    grants:\n    - kind: discount",
            "“account” is one value",
        ),
        ("[" * 40 + "]" * 40, "nested too deeply"),
        ("!!python/object/apply:os.system ['true']", "is not a list"),
    ],
)
def test_what_is_no_term_file_is_refused_with_a_sentence(tmp_path, text, reason):
    path = tmp_path / "terms.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(Invalid, match=reason):
        term_yaml.convert(path, tmp_path / "terms.csv")


def test_only_terms_are_written_as_yaml(session):
    with pytest.raises(Invalid, match="Only terms"):
        exports.write(exports.prepare(session, OPERATOR, BatchKind.PRODUCTS), io.BytesIO(), Format.YAML)
