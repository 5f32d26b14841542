from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core import auth, clock, competitor_claims, competitors, db, exports
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimFilter
from core.errors import Conflict, Forbidden
from core.exports import Format
from core.vocabulary import BatchKind, Permission, Role
from tests import factories
from tests.core.importing.bringing import bring, counts, dry, reasons, undo

pytestmark = pytest.mark.usefixtures("store")

HEAD = (
    "competitor,account,topic,swot,statement,product,price,price_gap,observed_on,valid_to,source_kind,source,"
    "reliability,credibility,confidential,confirmed_on,recorded_on\n"
)
CLAIMS = HEAD + (
    "BrandX,A,price,threat,Three percent below,P,,-0.03,02/11/2026,31/12/2026,buyer,Siti,b,2,no,,2026-11-03\n"
    "brandx,A,logistics,weakness,Lorries late,,,,28/10/2026,,user,,,,ya,,\n"
    "Segar,,price,threat,Their list,P,4.25,,01/11/2026,,market,,A,1,,20/11/2026,\n"
)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: date(2026, 11, 24))
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 24, 9, tzinfo=UTC))


@pytest.fixture
def people(store):
    with db.write() as session:
        anna = auth.actor_for(factories.user(session, "anna", Role.MANAGER))
        ben = auth.actor_for(factories.user(session, "ben", Role.MANAGER))
        vera = auth.actor_for(factories.user(session, "vera", Role.VIEWER, grants=[Permission.DATA_IMPORT]))
        factories.account(session, anna, "A")
        factories.account(session, ben, "B")
        factories.product(session, "P")
    return anna, ben, vera


def found(actor, **more):
    with db.read() as session:
        return competitor_claims.search(session, actor, **more)


def exported(actor):
    stream = io.BytesIO()
    with db.read() as session:
        exports.write(exports.prepare(session, actor, BatchKind.COMPETITOR_CLAIMS), stream, Format.CSV)
    return stream.getvalue().decode()


def test_claims_come_by_file_with_their_competitors_and_both_clocks(people):
    anna, ben, vera = people
    outcome = bring("competitor_claims", CLAIMS, actor=anna)

    assert counts(outcome.check) == (3, 3, 0, 0, 0)
    rows = {row.draft.statement: row for row in found(anna)}
    price = rows["Three percent below"]
    assert (price.draft.price_gap, price.draft.last_on, price.grade) == (
        Decimal("-0.03"),
        date(2026, 12, 31),
        "B2",
    )
    assert price.recorded_at.date() <= date(2026, 11, 3)
    assert rows["Their list"].confirmed_on == date(2026, 11, 20)
    assert rows["Lorries late"].draft.is_confidential
    with db.read() as session:
        assert [row.name for row in competitors.search(session, anna)] == ["BrandX", "Segar"]
    assert {row.draft.statement for row in found(ben)} == {"Their list"}
    assert {row.draft.statement for row in found(vera)} == {"Their list", "Three percent below"}
    assert len(found(anna, claims=ClaimFilter(text="lorries"))) == 1


def test_the_same_file_again_changes_nothing_and_after_an_undo_it_applies_again(people):
    anna = people[0]
    first = bring("competitor_claims", CLAIMS, actor=anna)
    assert counts(bring("competitor_claims", CLAIMS, actor=anna).check) == (3, 0, 0, 3, 0)
    undo(first.batch_id, anna)
    assert found(anna) == []
    assert counts(bring("competitor_claims", CLAIMS, actor=anna).check) == (3, 3, 0, 0, 0)


def test_a_changed_row_is_a_new_version_and_undone_the_former_one_holds(people):
    anna = people[0]
    bring("competitor_claims", CLAIMS, actor=anna)
    second = bring("competitor_claims", CLAIMS.replace("-0.03", "-0.05"), actor=anna)

    assert counts(second.check) == (3, 1, 1, 2, 0)
    undo(second.batch_id, anna)
    assert {row.draft.price_gap for row in found(anna)} == {Decimal("-0.03"), None}


def test_what_was_changed_since_stands_against_an_undo(people):
    anna = people[0]
    first = bring("competitor_claims", CLAIMS, actor=anna)
    bring("competitor_claims", CLAIMS.replace("-0.03", "-0.05"), actor=anna)

    with pytest.raises(Conflict, match="changed since"):
        undo(first.batch_id, anna)


def test_rows_are_refused_with_the_reason_at_their_cell(people):
    anna = people[0]
    wrong = HEAD + (
        "BrandX,B,price,threat,Of Ben,,,-0.03,02/11/2026,,buyer,,,,,,\n"
        "BrandX,A,price,threat,Themselves,,,-0.03,02/11/2026,,competitor,,,,,,\n"
        "BrandX,A,price,threat,Themselves,,,-0.03,02/11/2026,,own_staff,lunch with BrandX sales manager,,,,,\n"
        "BrandX,A,nonsense,threat,Topic,,,,02/11/2026,,buyer,,,,,,\n"
        "BrandX,A,price,threat,Both,P,4,-0.03,02/11/2026,,buyer,,,,,,\n"
        "BrandX,A,goal,threat,Later,,,,02/12/2026,,buyer,,,,,,\n"
        "BrandX,A,goal,threat,Grade,,,,02/11/2026,,buyer,,G,9,,,\n"
        ",A,goal,threat,Nobody,,,,02/11/2026,,buyer,,,,,,\n"
        "BrandX,A,goal,threat,Fine,,,,02/11/2026,,buyer,,,,,,\n"
    )
    check = dry("competitor_claims", wrong, actor=anna)

    assert counts(check) == (9, 1, 0, 0, 8)
    said = " ".join(reasons(check))
    for part in (
        "competition law",
        "among yours",
        "the topic is",
        "from A to F",
        "up to today",
        "either their price",
    ):
        assert part in said


def test_who_may_not_write_of_competitors_may_not_bring_them(people):
    with pytest.raises(Forbidden):
        dry("competitor_claims", CLAIMS, actor=people[2])


def test_an_export_has_what_its_reader_sees_and_comes_back_as_it_was(people):
    anna, ben, vera = people
    bring("competitor_claims", CLAIMS + "BrandX,A,goal,threat,=1+1,,,,02/11/2026,,buyer,,,,,,\n", actor=anna)

    again = bring("competitor_claims", exported(anna), actor=anna).check
    assert (counts(again), reasons(again)) == ((4, 0, 0, 4, 0), {})
    assert "Lorries late" in exported(anna)
    assert "Lorries late" not in exported(vera)
    assert "Three percent below" not in exported(ben)
    assert ",'=1+1," in exported(anna)
    with pytest.raises(Forbidden), db.write() as session:
        ada = auth.actor_for(factories.user(session, "ada", Role.ADMIN))
        exports.prepare(session, ada, BatchKind.COMPETITOR_CLAIMS)
    assert {row.state for row in found(anna)} == {ClaimState.LIVE}
