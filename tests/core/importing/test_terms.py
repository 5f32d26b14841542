from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import auth, db, entitlements, exports, term_versions, terms
from core.errors import Conflict, Forbidden, NotFound
from core.models import Group, Segment, Term
from core.term_drafts import Scope, TermDraft
from core.vocabulary import BatchKind, Role, TermKind, TermStatus
from tests import factories
from tests.core.importing.bringing import bring, counts, reasons, undo

pytestmark = pytest.mark.usefixtures("store")

TERMS = (
    "kind,value,valid_from,valid_to,account,group,segment,product,category,min_quantity,stacks,status,recorded_on,reason\n"
    "special_price,8.5,2026-01-01,2026-06-30,A,,,P,,,,approved,2025-12-01,opening\n"
    "special_price,8.25,2026-01-01,2026-06-30,A,,,P,,,,approved,2026-02-01,matched a competitor\n"
    "discount,0.05,2026-01-01,,,Chain,,,,,yes,approved,2025-12-01,\n"
    "quantity_tier,0.1,2026-01-01,,,,Retail,,Tea,24,,approved,2025-12-01,\n"
    "quantity_tier,0.15,2026-01-01,,,,Retail,,Tea,96,,approved,2025-12-01,\n"
    "promotion,0.2,2026-08-01,2026-08-31,A,,,,,,,draft,2026-07-01,\n"
)


@pytest.fixture
def company(store):
    with db.write() as session:
        chain, retail = Group(code="Chain", name="Chain"), Segment(name="Retail")
        session.add_all([chain, retail])
        session.flush()
        anna = auth.actor_for(factories.user(session, "anna", Role.MANAGER))
        ben = auth.actor_for(factories.user(session, "ben", Role.MANAGER))
        a = factories.account(session, anna, "A", group_id=chain.id, segment_id=retail.id).id
        factories.account(session, ben, "B", group_id=chain.id)
        factories.product(session, "P", category="Tea")
        factories.product(session, "Q", category="Coffee")
    bring("products", "code,list_price,valid_from\nP,10,2025-01-01\nQ,20,2025-01-01\n")
    return anna, ben, a


def price(account="A", product="P", quantity="1", on=date(2026, 3, 1), known=None, actor=auth.OPERATOR):
    with db.read() as session:
        return entitlements.document(
            entitlements.price(session, actor, account, product, Decimal(quantity), on, known_on=known)
        )


def test_terms_come_by_file_and_make_prices_on_both_clocks(company):
    outcome = bring("terms", TERMS)

    assert counts(outcome.check) == (6, 6, 1, 0, 0)
    assert price()["net_price"] == "8.2500"
    assert price(known=date(2026, 1, 31))["net_price"] == "8.5000"
    assert price(known=date(2026, 2, 1))["net_price"] == "8.2500"
    # Before anything was known, the list price.
    assert price(known=date(2025, 11, 30))["net_price"] == "10.0000"
    # The special price ends with the last of June; then the discount of the chain, 5%.
    assert price(on=date(2026, 6, 30))["net_price"] == "8.2500"
    assert price(on=date(2026, 7, 1))["net_price"] == "9.5000"


def test_every_candidate_is_won_or_lost_with_its_reason(company):
    bring("terms", TERMS)

    found = price(quantity="30", on=date(2026, 8, 10))

    assert found["list_price"] == "10.0000"
    assert [(one["kind"], one["amount"]) for one in found["layers"]] == [("discount", "0.5000")]
    assert sorted((one["kind"], one["reason"]) for one in found["lost"]) == [
        ("promotion", "not approved"),
        ("quantity_tier", "quantity"),
        ("quantity_tier", "scope beaten"),
        ("special_price", "wrong date"),
    ]
    assert price(product="Q", on=date(2026, 8, 10))["net_price"] == "19.0000"


def test_the_same_file_again_changes_nothing_and_an_undone_one_applies_again(company):
    first = bring("terms", TERMS)
    assert counts(bring("terms", TERMS).check) == (6, 0, 0, 6, 0)

    undo(first.batch_id)

    assert price()["net_price"] == "10.0000"
    assert price(known=date(2026, 1, 15))["net_price"] == "10.0000"
    assert counts(bring("terms", TERMS).check) == (6, 6, 1, 0, 0)
    assert price()["net_price"] == "8.2500"


def test_an_undone_correction_puts_the_former_value_back_on_both_clocks(company):
    bring("terms", TERMS)
    head, *rows = TERMS.splitlines()
    second = bring("terms", f"{head}\n{rows[1].replace('8.25', '7').replace('2026-02-01', '2026-04-01')}\n")
    assert (price()["net_price"], price(known=date(2026, 3, 31))["net_price"]) == ("7.0000", "8.2500")

    undo(second.batch_id)

    assert price()["net_price"] == "8.2500"
    assert price(known=date(2026, 4, 15))["net_price"] == "8.2500"


def test_overlaps_of_one_scope_kind_and_quantity_are_refused_and_shifted_neighbours_are_not(company):
    head = "kind,value,valid_from,valid_to,account,product\n"
    bring("terms", head + "special_price,9,2026-01-01,2026-03-31,A,P\nspecial_price,8,2026-04-01,,A,P\n")

    outcome = bring("terms", head + "special_price,7,2026-06-01,,A,P\n")
    assert reasons(outcome.check) == {
        "valid_from: an approved term of the same scope, kind and minimum quantity holds on some of these days": 1
    }
    # The first one lasts a month longer and the second begins a month later: looked at after both.
    shifted = bring(
        "terms",
        "kind,value,valid_from,valid_to,account,product\n"
        "special_price,7,2026-06-01,,A,P\nspecial_price,8,2026-04-01,2026-05-31,A,P\n",
    )
    assert counts(shifted.check) == (2, 2, 1, 0, 0)
    assert [price(on=day)["net_price"] for day in (date(2026, 5, 31), date(2026, 6, 1))] == [
        "8.0000",
        "7.0000",
    ]


def test_bad_rows_are_named(company):
    outcome = bring(
        "terms",
        "kind,value,valid_from,valid_to,account,segment,product,category,stacks,status,recorded_on\n"
        "bonus,1,2026-01-01,,A,,,,,,\n"
        "discount,1.5,2026-01-01,,A,,,,,,\n"
        "discount,0.1,2026-01-01,2025-01-01,A,,,,,,\n"
        "discount,0.1,2026-01-01,,A,Retail,,,,,\n"
        "discount,0.1,2026-01-01,,,,,,,,\n"
        "discount,0.1,2026-01-01,,A,,P,Tea,,,\n"
        "discount,0.1,2026-01-01,,A,,X,,,,\n"
        "discount,0.1,2026-01-01,,X,,,,,,\n"
        "discount,0.1,2026-01-01,,A,,,,maybe,,\n"
        "discount,0.1,2026-01-01,,A,,,,,gone,\n"
        "discount,0.1,2026-01-01,,A,,,,,,2100-01-01\n"
        "quantity_tier,0.1,2026-01-01,,A,,,,,,\n",
    )

    assert counts(outcome.check) == (12, 0, 0, 0, 12)
    assert len(reasons(outcome.check)) == 11  # two rows lack their one customer


def test_managers_propose_for_their_own_accounts_and_approve_nothing(company):
    anna, ben, account_id = company
    head = "kind,value,valid_from,account,group,status\n"

    outcome = bring("terms", head + "discount,0.1,2026-01-01,A,,\n", actor=anna)
    assert counts(outcome.check) == (1, 1, 0, 0, 0)
    assert price()["lost"][0]["reason"] == "not approved"
    for row in (
        "discount,0.1,2026-01-01,B,,",
        "discount,0.1,2026-01-01,,Chain,",
        "discount,0.1,2026-01-01,A,,approved",
    ):
        assert counts(bring("terms", f"{head}{row}\n", actor=anna).check) == (1, 0, 0, 0, 1)
    with db.write() as session, pytest.raises(Forbidden):
        draft = TermDraft(Scope(account_id=account_id), TermKind.DISCOUNT, Decimal("0.1"), date(2026, 1, 1),
                          status=TermStatus.APPROVED)  # fmt: skip
        term_versions.record(session, anna, draft)
    with pytest.raises(NotFound):
        price(actor=ben)
    with db.read() as session:
        assert [row.account for row in terms.search(session, anna)] == ["A"]
        assert terms.search(session, ben) == []


def test_an_export_of_terms_is_read_back_as_unchanged(company, tmp_path):
    bring("terms", TERMS)
    with db.read() as session, (tmp_path / "terms.csv").open("wb") as file:
        assert (
            exports.write(exports.prepare(session, auth.OPERATOR, BatchKind.TERMS), file, exports.Format.CSV)
            == 5
        )

    assert counts(bring("terms", (tmp_path / "terms.csv").read_bytes()).check) == (5, 0, 0, 5, 0)


def test_recording_over_an_overlap_is_a_conflict_that_names_the_other(company):
    _anna, _ben, account_id = company
    scope = Scope(account_id=account_id)

    def grant(first, value="0.1"):
        draft = TermDraft(scope, TermKind.DISCOUNT, Decimal(value), first, status=TermStatus.APPROVED)
        with db.write() as session:
            return term_versions.record(session, auth.OPERATOR, draft).number

    number = grant(date(2026, 1, 1))
    with pytest.raises(Conflict, match=f"T{number} "):
        grant(date(2026, 2, 1))
    assert grant(date(2026, 1, 1), "0.2") == number
    with db.read() as session:
        versions = session.scalars(select(Term).order_by(Term.id)).all()
        assert [(one.rate, one.superseded_at is None) for one in versions] == [
            (Decimal("0.1"), False),
            (Decimal("0.2"), True),
        ]
