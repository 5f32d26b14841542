from __future__ import annotations

import io
import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import (
    account_mergers,
    approvals,
    auth,
    authority,
    clock,
    db,
    entitlements,
    exports,
    floors,
    precedents,
    product_prices,
    term_versions,
    terms,
)
from core.auth import OPERATOR
from core.authority import LimitDraft, Measure
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.exports import Format
from core.floors import FloorDraft
from core.models import AuditEntry, FloorPrice, Segment, TermDecision
from core.term_drafts import Scope, TermDraft
from core.vocabulary import BatchKind, DecisionOutcome, Permission, Role, TermKind, TermStatus
from tests import factories
from tests.core.importing.bringing import bring, counts, reasons

TODAY = date(2026, 6, 15)
JAN, JULY = date(2026, 1, 1), date(2026, 7, 1)


@pytest.fixture(autouse=True)
def ticking(monkeypatch):
    """Noon of a day; each look at the clock is a second later, so that versions have an order."""
    seconds = iter(range(100_000))
    lock = threading.Lock()

    def now():
        with lock:
            passed = next(seconds)
        return datetime(2026, 6, 15, 12 + passed // 3600, passed // 60 % 60, passed % 60, tzinfo=UTC)

    monkeypatch.setattr(clock, "now", now)
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def shop(session, kam):
    retail = Segment(name="Retail")
    session.add(retail)
    session.flush()
    row = factories.account(session, kam, "SHOP", name="Aman Mart", segment_id=retail.id)
    row.tea = factories.product(session, "TEA", category="Drinks")
    product_prices.set_list_price(session, OPERATOR, row.tea.id, date(2025, 1, 1), Decimal(100))
    product_prices.set_cost(session, OPERATOR, row.tea.id, date(2025, 1, 1), Decimal(60))
    factories.line(session, row, row.tea, date(2026, 5, 1), quantity="10", list_price="100", net_price="95")
    return row


def draft(shop, value="80", **more):
    scope = more.pop("scope", None) or Scope(account_id=shop.id, product_id=shop.tea.id)
    kind = more.pop("kind", TermKind.SPECIAL_PRICE)
    return TermDraft(scope, kind, Decimal(value), **{"valid_from": JAN, "reason": "tender", **more})


def submitted(session, actor, shop, value="80", **more):
    term = term_versions.record(session, actor, draft(shop, value, **more))
    return approvals.submit(session, actor, term.number, version=term.id)


def limit(session, role, discount=None, margin=None, contract=None, since=JAN):
    discount, margin, contract = (
        None if one is None else Decimal(one) for one in (discount, margin, contract)
    )
    newest = max((row.id for row in authority.search(session, OPERATOR, role=role)
                  if row.superseded_at is None), default=None)  # fmt: skip
    return authority.record(
        session, OPERATOR, LimitDraft(role, since, discount, margin, contract, "rule"), version=newest
    )


def net(session, day=TODAY, account="SHOP"):
    return entitlements.price(session, OPERATOR, account, "TEA", Decimal(1), day).net_price


def standing(session, number):
    return [row for row in terms.search(session, OPERATOR) if row.number == number]


def decisions(session):
    return [
        (one.outcome, one.asked_by, one.decided_by, one.reason)
        for one in session.scalars(select(TermDecision))
    ]


def test_without_a_limit_a_manager_asks_and_a_director_decides(session, shop, kam, director):
    asked = submitted(session, kam, shop)

    assert not asked.is_in_force
    assert asked.sentence == "No authority is recorded for your role: a director approves it."
    assert net(session) == 100
    waiting = approvals.waiting(session, director)
    assert [(one.row.number, one.is_mine, one.may_decide, one.why_not, one.stake) for one in waiting] == [
        (asked.number, False, True, "", Decimal(200))
    ]

    approvals.decide(session, director, asked.number, version=asked.version, approve=True, reason="fair")

    assert net(session) == 80
    assert approvals.waiting(session, director) == []
    assert [(row.status, row.number) for row in standing(session, asked.number)] == [
        (TermStatus.APPROVED, asked.number)
    ]
    assert decisions(session) == [(DecisionOutcome.APPROVED, "anna", "dora", "fair")]
    actions = [one.action for one in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert actions[-4:] == ["term:grant", "term:submit", "term:grant", "term:approve"]


def test_the_queue_says_what_a_submission_was_reckoned_at_and_who_opens_it_what_it_would_cost_now(
    session, shop, kam, director
):
    limit(session, Role.DIRECTOR, None, None, "300")
    asked = submitted(session, kam, shop)
    factories.line(session, shop, shop.tea, date(2026, 6, 1), quantity="10", list_price="100", net_price="95")

    (waits,) = approvals.waiting(session, director)
    assert (waits.stake, waits.outcome.effect.discount_share, waits.outcome.alone) == (
        200,
        Decimal("0.2"),
        True,
    )

    opened = approvals.detail(session, director, asked.number).proposal
    assert (opened.stake, opened.outcome.alone) == (400, False)
    with pytest.raises(Forbidden, match="discount money a year"):
        approvals.decide(session, director, asked.number, version=asked.version, approve=True)


def test_what_waits_for_a_whole_segment_is_reckoned_for_who_asks(session, shop, kam, director):
    scope = Scope(segment_id=shop.segment_id, product_id=shop.tea.id)
    term = term_versions.record(session, OPERATOR, draft(shop, scope=scope))
    term.status = TermStatus.SUBMITTED
    session.flush()
    factories.line(session, shop, shop.tea, date(2026, 6, 1), quantity="10", list_price="100", net_price="95")

    assert [one.stake for one in approvals.waiting(session, director)] == [400]


def test_within_ones_own_limit_a_submission_is_in_force_at_once(session, shop, kam):
    limit(session, Role.MANAGER, "0.2", None, "200")

    asked = submitted(session, kam, shop)

    assert (asked.is_in_force, asked.sentence) == (True, "granted within your authority")
    assert net(session) == 80
    assert decisions(session) == [(DecisionOutcome.GRANTED, "anna", "anna", "")]


@pytest.mark.parametrize(
    ("limits", "measure", "value"),
    [
        (("0.19", None, None), Measure.DISCOUNT, Decimal("0.2")),
        ((None, "0.26", None), Measure.MARGIN, Decimal("0.25")),
        ((None, None, "199"), Measure.CONTRACT, Decimal(200)),
    ],
)
def test_each_measure_beyond_its_limit_needs_a_director(session, shop, kam, director, limits, measure, value):
    limit(session, Role.MANAGER, *limits)
    seeing = auth.actor_for(factories.user(session, "carl", Role.MANAGER, grants=[Permission.COST_READ]))
    shop.owner_id = seeing.user_id
    session.flush()

    outcome = approvals.outcome_of(session, seeing, draft(shop))

    assert (outcome.alone, outcome.must) == (False, Role.DIRECTOR)
    assert [(one.measure, one.value) for one in outcome.excesses] == [(measure, value)]


@pytest.mark.parametrize(("kind", "value"), [(TermKind.FREIGHT, "2"), (TermKind.PAYMENT_TERMS, "30")])
def test_money_and_days_given_after_the_invoice_are_no_share_off_list(
    session, shop, kam, director, kind, value
):
    limit(session, Role.MANAGER, discount="0.1")

    found = approvals.outcome_of(session, kam, draft(shop, value, kind=kind))

    assert (found.alone, found.effect.discount_share) == (True, 0)


def test_a_margin_is_not_told_to_who_may_not_see_cost(session, shop, kam):
    limit(session, Role.MANAGER, None, "0.26")

    outcome = approvals.outcome_of(session, kam, draft(shop))

    assert [(one.measure, one.value, one.limit) for one in outcome.excesses] == [(Measure.MARGIN, None, None)]
    assert outcome.effect.margin_rate is outcome.effect.margin_after is None
    assert outcome.sentence() == (
        "Beyond your authority: margin rate beyond the limit. A director approves it."
    )


def test_what_is_not_known_is_within_no_managers_limit_and_a_director_judges_it(session, shop, kam, director):
    limit(session, Role.MANAGER, None, None, "1000000")
    limit(session, Role.DIRECTOR, None, None, "1000000")
    new = factories.product(session, "NEW")
    product_prices.set_list_price(session, OPERATOR, new.id, date(2025, 1, 1), Decimal(10))

    wanted = draft(shop, "9", scope=Scope(account_id=shop.id, product_id=new.id))
    outcome = approvals.outcome_of(session, kam, wanted)

    assert approvals.outcome_of(session, director, wanted).alone
    assert [(one.measure, one.value) for one in outcome.excesses] == [(Measure.CONTRACT, None)]
    assert "discount money a year unknown (limit 1,000,000)" in outcome.sentence()


def test_nobody_approves_beyond_their_own_limit_not_even_what_they_asked_for(session, shop, director):
    limit(session, Role.DIRECTOR, "0.15")
    asked = submitted(session, director, shop)
    assert not asked.is_in_force

    with pytest.raises(Forbidden, match=r"Beyond the limits of your role: total discount 20\.0%"):
        approvals.decide(session, director, asked.number, version=asked.version, approve=True)
    with pytest.raises(Forbidden, match="Beyond the limits"):
        term_versions.record(session, director, draft(shop, status=TermStatus.APPROVED))

    approvals.decide(session, director, asked.number, version=asked.version, approve=False, reason="too much")
    assert standing(session, asked.number)[0].status is TermStatus.REJECTED


def test_a_rejection_says_why_and_the_same_term_can_be_asked_for_again(session, shop, kam, director):
    asked = submitted(session, kam, shop)
    with pytest.raises(Invalid) as refused:
        approvals.decide(session, director, asked.number, version=asked.version, approve=False, reason=" ")
    assert "reason" in refused.value.fields

    version = approvals.decide(
        session, director, asked.number, version=asked.version, approve=False, reason="not now"
    )

    found = approvals.decided(session, kam, mine=True)
    assert [(one.outcome, one.reason, one.decided_by) for one in found] == [
        (DecisionOutcome.REJECTED, "not now", "dora")
    ]
    again = approvals.submit(session, kam, asked.number, version=version)
    assert standing(session, again.number)[0].status is TermStatus.SUBMITTED


def test_only_who_submitted_takes_it_back(session, shop, kam, director):
    asked = submitted(session, kam, shop)

    with pytest.raises(Forbidden, match="anna submitted it"):
        approvals.withdraw(session, director, asked.number, version=asked.version)
    approvals.withdraw(session, kam, asked.number, version=asked.version)

    assert standing(session, asked.number)[0].status is TermStatus.DRAFT
    assert approvals.waiting(session, director) == []


def test_strangers_and_those_who_may_not_decide_do_not(session, shop, kam, other_kam, viewer, director):
    asked = submitted(session, kam, shop)

    assert approvals.waiting(session, other_kam) == []
    assert approvals.decided(session, other_kam) == []
    with pytest.raises(NotFound):
        approvals.detail(session, other_kam, asked.number)
    with pytest.raises(NotFound):
        approvals.submit(session, other_kam, asked.number, version=asked.version)
    for actor in (kam, viewer):
        with pytest.raises(Forbidden):
            approvals.decide(session, actor, asked.number, version=asked.version, approve=True)
    mine = approvals.waiting(session, kam)[0]
    assert (mine.is_mine, mine.may_decide, mine.why_not) == (True, False, "A director decides.")


def test_a_director_of_some_regions_decides_for_their_accounts_only(session, shop, kam):
    north, south = factories.region(session, "North"), factories.region(session, "South")
    shop.region_id = north.id
    factories.account(session, kam, "FAR", region_id=south.id, segment_id=shop.segment_id)
    nora = auth.actor_for(factories.user(session, "nora", Role.DIRECTOR, regions=[north]))
    sam = auth.actor_for(factories.user(session, "sam", Role.DIRECTOR, regions=[south]))
    asked = submitted(session, kam, shop)
    for_all = submitted(
        session, kam, shop, "0.1", kind=TermKind.DISCOUNT, scope=Scope(segment_id=shop.segment_id)
    )

    with pytest.raises(NotFound):
        approvals.decide(session, sam, asked.number, version=asked.version, approve=True)
    seen = {one.row.number: one.may_decide for one in approvals.waiting(session, nora)}
    assert seen == {asked.number: True, for_all.number: False}
    with pytest.raises(Forbidden, match="not yours"):
        approvals.decide(session, nora, for_all.number, version=for_all.version, approve=True)
    approvals.decide(session, nora, asked.number, version=asked.version, approve=True)
    assert net(session) == 80


def test_a_second_director_reads_what_the_first_decided(session, shop, kam, director):
    asked = submitted(session, kam, shop)
    ella = auth.actor_for(factories.user(session, "ella", Role.DIRECTOR))
    approvals.decide(session, director, asked.number, version=asked.version, approve=False, reason="no")

    with pytest.raises(Conflict, match=r"dora rejected T\d+ meanwhile\."):
        approvals.decide(session, ella, asked.number, version=asked.version, approve=True)
    assert net(session) == 100


def test_of_two_directors_at_once_one_decides_and_the_other_gets_a_sentence(session, shop, kam, director):
    asked = submitted(session, kam, shop)
    ella = auth.actor_for(factories.user(session, "ella", Role.DIRECTOR))
    session.commit()
    said, start = [], threading.Barrier(2)

    def run(actor, approve):
        start.wait()
        try:
            with db.write() as own:
                approvals.decide(
                    own, actor, asked.number, version=asked.version, approve=approve, reason="decided"
                )
            said.append("done")
        except Conflict as error:
            said.append(error.message)

    threads = [threading.Thread(target=run, args=one) for one in ((director, True), (ella, False))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.read() as own:
        found = decisions(own)
        assert len(found) == 1
        assert (net(own) == 80) is (found[0][0] is DecisionOutcome.APPROVED)
    assert min(said, key=len) == "done"
    assert max(said, key=len).endswith("meanwhile.")


def test_an_approval_ends_what_holds_and_lets_it_go_on_afterwards(session, shop, kam, director):
    annual = term_versions.record(session, OPERATOR, draft(shop, "90", status=TermStatus.APPROVED))
    asked = submitted(session, kam, shop, "80", valid_from=JULY, valid_to=date(2026, 9, 1))

    replaced = approvals.detail(session, director, asked.number).replaced
    assert [(one.row.number, one.ends_on, one.resumes_on) for one in replaced] == [
        (annual.number, JULY, date(2026, 9, 1))
    ]
    approvals.decide(session, director, asked.number, version=asked.version, approve=True)

    days = [date(2026, 6, 30), JULY, date(2026, 8, 31), date(2026, 9, 1), date(2027, 5, 1)]
    assert [net(session, day) for day in days] == [90, 80, 80, 90, 90]
    # What was known before the approval is known still.
    before = entitlements.prices(
        session, OPERATOR,
        [entitlements.Asked(shop.id, shop.tea.id, Decimal(1), entitlements.Days(JULY))],
        known_at=datetime(2026, 6, 15, 12, 0, 0, tzinfo=UTC),
    )  # fmt: skip
    assert before[0].net_price in (90, 100)


def test_who_ends_a_term_earlier_needs_no_authority_for_what_it_gave(session, shop, kam):
    term_versions.record(session, OPERATOR, draft(shop, "50", status=TermStatus.APPROVED))
    shorter = draft(shop, "50", status=TermStatus.APPROVED, valid_to=JULY)

    term_versions.record(session, kam, shorter)

    assert [net(session, day) for day in (date(2026, 6, 30), JULY)] == [50, 100]
    with pytest.raises(Forbidden):
        term_versions.record(session, kam, draft(shop, "50", status=TermStatus.APPROVED))


def test_what_is_below_the_floor_everywhere_is_not_asked_for(session, shop, kam):
    floors.record(
        session, OPERATOR, FloorDraft(JAN, product_id=shop.tea.id, price=Decimal(85), reason="cost")
    )
    term = term_versions.record(session, kam, draft(shop))

    with pytest.raises(Invalid, match="below the floor price") as refused:
        approvals.submit(session, kam, term.number, version=term.id)
    assert "85" not in refused.value.message


def test_a_manager_never_grants_an_exception_alone(session, shop, kam):
    limit(session, Role.MANAGER, "0.5")
    one = draft(shop, is_exception=True, valid_to=JULY)

    outcome = approvals.outcome_of(session, kam, one)

    assert (outcome.alone, outcome.must) == (False, Role.DIRECTOR)
    assert outcome.sentence() == "An exception from the floor price is approved by a director."


def test_an_approval_shows_what_others_were_granted_that_the_viewer_may_see(
    session, shop, kam, other_kam, director
):
    scopes = {}
    for owner, code, value in ((kam, "ONE", "90"), (kam, "TWO", "70"), (other_kam, "HIDDEN", "60")):
        other = factories.account(session, owner, code)
        scopes[code] = Scope(account_id=other.id, product_id=shop.tea.id)
        term_versions.record(
            session, OPERATOR, draft(shop, value, scope=scopes[code], status=TermStatus.APPROVED)
        )
    other = factories.account(session, kam, "CAT")
    by_category = Scope(account_id=other.id, category_id=shop.tea.category_id)
    term_versions.record(
        session, OPERATOR,
        draft(shop, "0.15", kind=TermKind.DISCOUNT, scope=by_category, status=TermStatus.APPROVED),
    )  # fmt: skip

    found = precedents.of(session, director, draft(shop))
    mine = precedents.of(session, kam, draft(shop))

    assert [one.row.account for one in found.rows] == ["HIDDEN", "TWO", "CAT", "ONE"]
    assert (found.highest, found.typical, found.lowest) == (Decimal("0.4"), Decimal("0.225"), Decimal("0.1"))
    assert [one.row.account for one in mine.rows] == ["TWO", "CAT", "ONE"]


def test_limits_have_two_clocks_and_nothing_is_overwritten(session, shop, director):
    limit(session, Role.MANAGER, "0.1")
    limit(session, Role.MANAGER, "0.2", since=JULY)

    on = {day: authority.in_force(session, OPERATOR, day)[Role.MANAGER].draft.discount_share
          for day in (date(2026, 6, 30), JULY)}  # fmt: skip

    assert on == {date(2026, 6, 30): Decimal("0.1"), JULY: Decimal("0.2")}
    assert len(authority.search(session, OPERATOR, role=Role.MANAGER)) == 3
    with pytest.raises(Conflict, match="Somebody else changed these limits"):
        authority.record(session, director, LimitDraft(Role.MANAGER, TODAY, reason="x"), version=1)


def test_directors_limit_managers_and_administrators_directors(session, director, kam):
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))

    authority.record(session, director, LimitDraft(Role.MANAGER, JAN, reason="rule"), version=None)
    authority.record(session, admin, LimitDraft(Role.DIRECTOR, JAN, reason="rule"), version=None)

    for actor, role in ((director, Role.DIRECTOR), (kam, Role.MANAGER)):
        with pytest.raises(Forbidden):
            authority.record(session, actor, LimitDraft(role, TODAY, reason="more"), version=None)


def test_floors_are_shown_only_to_who_may_see_cost_and_kept_on_both_clocks(
    session, shop, director, kam, viewer
):
    number = floors.record(
        session, director, FloorDraft(JAN, product_id=shop.tea.id, price=Decimal(70), reason="cost")
    )
    floors.record(
        session, director, FloorDraft(JULY, product_id=shop.tea.id, price=Decimal(75), reason="cost up")
    )

    rows = floors.search(session, director)
    assert [(row.draft.price, row.draft.valid_from, row.draft.valid_to) for row in rows] == [
        (Decimal(70), JAN, JULY), (Decimal(75), JULY, None),
    ]  # fmt: skip
    assert len(floors.search(session, director, number=number)) == 2
    assert not floors.overlaps(list(session.scalars(select(FloorPrice))))
    for actor in (kam, viewer):
        with pytest.raises(Forbidden):
            floors.search(session, actor)
        with pytest.raises(Forbidden):
            floors.record(
                session, actor, FloorDraft(JAN, product_id=shop.tea.id, price=Decimal(1), reason="x")
            )
    with pytest.raises(Conflict, match="begins on that day already"):
        floors.record(
            session, director, FloorDraft(JULY, product_id=shop.tea.id, price=Decimal(1), reason="x")
        )
    before = rows[0].id
    floors.end(session, director, number, date(2026, 3, 31), "stopped", version=before)
    with pytest.raises(Conflict, match="Somebody else changed this floor price"):
        floors.end(session, director, number, date(2026, 2, 28), "again", version=before)


def test_an_import_puts_in_force_what_lies_within_the_authority_and_refuses_the_rest(session, shop, director):
    limit(session, Role.DIRECTOR, "0.25")
    session.commit()
    file = (
        "kind,value,valid_from,valid_to,account,product,status\n"
        "special_price,80,2026-01-01,2026-06-30,SHOP,TEA,approved\n"
    )
    beyond = "kind,value,valid_from,account,product,status\nspecial_price,70,2026-07-01,SHOP,TEA,{}\n"

    assert counts(bring("terms", file, actor=director).check)[1] == 1
    refused = bring("terms", beyond.format("approved"), actor=director)
    asked = bring("terms", beyond.format("submitted"), actor=director)

    assert "beyond the limits of your role" in str(reasons(refused.check))
    assert counts(asked.check)[1] == 1
    with db.read() as own:
        assert net(own) == 80
        assert [one.row.value for one in approvals.waiting(own, director)] == [70]


def test_submissions_move_with_a_merged_account(session, shop, kam, director):
    kept = factories.account(session, kam, "KEPT", segment_id=shop.segment_id)
    asked = submitted(session, kam, shop)
    session.flush()
    account_mergers.merge(session, director, shop.id, kept.id, versions=(shop.version, kept.version))
    number = asked.number

    assert [one.row.account for one in approvals.waiting(session, director)] == ["KEPT"]
    version = approvals.waiting(session, director)[0].row.id
    approvals.decide(session, director, number, version=version, approve=False, reason="no")
    assert [one.row.account for one in approvals.decided(session, director)] == ["KEPT"]


def test_an_exported_exception_comes_back_as_nothing_new(session, shop, director):
    floors.record(
        session, OPERATOR, FloorDraft(JAN, product_id=shop.tea.id, price=Decimal(85), reason="cost")
    )
    one = draft(shop, is_exception=True, valid_to=JULY, status=TermStatus.APPROVED)
    term_versions.record(session, director, one)
    session.commit()
    stream = io.BytesIO()
    with db.read() as own:
        exports.write(exports.prepare(own, director, BatchKind.TERMS), stream, Format.CSV)

    outcome = bring("terms", stream.getvalue(), actor=director)

    assert (outcome.check.read, outcome.check.unchanged) == (1, 1)
    with db.read() as own:
        assert net(own) == 80
