"""Competitor claims on both databases: who sees them, what becomes of them, and that nothing of a confidence leaks."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import (
    account_mergers,
    account_notes,
    attention,
    audit,
    battlecards,
    claim_attachments,
    clock,
    competitor_claim_records,
    competitor_claims,
    competitors,
    doctor,
    merger_previews,
    quick_notes,
    threats,
)
from core.auth import OPERATOR, actor_for
from core.capture import Entry
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimDraft, ClaimFilter
from core.competitors import CompetitorDraft
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import AuditEntry, ClaimAttachment, CompetitorClaim, SearchText, TeamMember
from core.vocabulary import ClaimTopic, Permission, Role, SourceKind, Swot, TeamRole
from tests import factories

DAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def rival(session, director):
    return competitors.create(session, director, CompetitorDraft("BrandX", aliases="Brand X"))


@pytest.fixture
def shop(session, kam):
    return factories.account(session, kam, "SHOP", name="Shop")


def draft(rival, shop=None, **values):
    said = {"statement": "Three percent below us", "observed_on": DAY, "source_kind": SourceKind.BUYER}
    return ClaimDraft(rival, account_id=shop and shop.id, **{**said, **values})


def say(session, actor, rival, shop=None, **values):
    return competitor_claim_records.record(session, actor, draft(rival, shop, **values))


def numbers(session, actor, **more):
    return {row.number for row in competitor_claims.search(session, actor, **more)}


def version(session, actor, number):
    return competitor_claims.get(session, actor, number).version


@pytest.fixture
def people(session, kam, other_kam, director, viewer):
    """Everybody of a company, by what they are to Anna's shop in the north."""
    north, south = factories.region(session, "North"), factories.region(session, "South")

    def actor(name, *roles, regions=()):
        return actor_for(factories.user(session, name, *roles, regions=regions))

    return {
        "owner": kam,
        "stranger": other_kam,
        "director": director,
        "viewer": viewer,
        "director of the north": actor("nora", Role.DIRECTOR, regions=[north]),
        "director of the south": actor("sam", Role.DIRECTOR, regions=[south]),
        "viewer of the north": actor("vic", Role.VIEWER, regions=[north]),
        "admin": actor("ada", Role.ADMIN),
        "admin who views": actor("avi", Role.ADMIN, Role.VIEWER),
        "manager who views": actor("mia", Role.MANAGER, Role.VIEWER),
        "operator": OPERATOR,
    }


SEES_OPEN = {"owner", "director", "viewer", "director of the north", "viewer of the north", "admin who views",
             "manager who views", "operator"}  # fmt: skip
SEES_CONFIDENTIAL = {"owner", "director", "director of the north", "operator"}


def _who(people, sees):
    return {name for name, actor in people.items() if sees(actor)}


def _reads(session, actor, **more):
    try:
        return numbers(session, actor, **more)
    except Forbidden:
        return set()


def test_who_sees_a_claim_about_an_account(session, people, rival, shop):
    shop.region_id = factories.region(session, "North").id
    plain = say(session, people["owner"], rival, shop)
    secret = say(session, people["owner"], rival, shop, statement="Hush", is_confidential=True)

    assert _who(people, lambda actor: plain in _reads(session, actor)) == SEES_OPEN
    assert _who(people, lambda actor: secret in _reads(session, actor)) == SEES_CONFIDENTIAL
    found = {"claims": ClaimFilter(text="hush")}
    assert _who(people, lambda actor: secret in _reads(session, actor, **found)) == SEES_CONFIDENTIAL


def test_who_sees_a_claim_about_the_market(session, people, rival):
    plain = say(session, people["stranger"], rival)
    secret = say(session, people["stranger"], rival, statement="Hush", is_confidential=True)

    everybody = set(people) - {"admin"}
    assert _who(people, lambda actor: plain in _reads(session, actor)) == everybody
    trusted = {"stranger", "director", "director of the north", "director of the south", "operator"}
    assert _who(people, lambda actor: secret in _reads(session, actor)) == trusted


def test_a_deputy_shares_confidences_while_they_are_on_the_team(session, kam, other_kam, rival, shop):
    secret = say(session, kam, rival, shop, is_confidential=True)
    assert secret not in numbers(session, other_kam)
    session.add(
        TeamMember(account_id=shop.id, user_id=other_kam.user_id, role=TeamRole.DEPUTY, valid_from=DAY)
    )
    session.flush()

    assert secret in numbers(session, other_kam)


def test_no_door_leads_to_a_confidential_claim(session, people, rival, shop):
    owner = people["owner"]
    secret = say(session, owner, rival, shop, statement="Hush money", is_confidential=True,
                 topic=ClaimTopic.PRICE, price_gap=Decimal("-0.03"))  # fmt: skip
    file = claim_attachments.attach(session, owner, secret, "offer.pdf", b"%PDF-1.4 hush")
    at = version(session, owner, secret)

    for name in ("viewer", "admin who views", "manager who views", "stranger", "admin"):
        actor = people[name]
        refused = (NotFound, Forbidden)
        for door in (
            lambda actor: competitor_claims.get(session, actor, secret),
            lambda actor: competitor_claims.history(session, actor, secret),
            lambda actor: claim_attachments.search(session, actor, secret),
            lambda actor: claim_attachments.content(session, actor, file),
            lambda actor: claim_attachments.attach(session, actor, secret, "a.pdf", b"%PDF-"),
            lambda actor: claim_attachments.detach(session, actor, file),
            lambda actor: competitor_claim_records.confirm(session, actor, secret, version=at),
            lambda actor: competitor_claim_records.refute(session, actor, secret, version=at),
            lambda actor: competitor_claim_records.withdraw(session, actor, secret, version=at),
            lambda actor: competitor_claim_records.revert(session, actor, secret, version=at),
            lambda actor: competitor_claim_records.change(
                session, actor, secret, draft(rival, shop), version=at
            ),
        ):
            with pytest.raises(refused):
                door(actor)
        if actor.may(Permission.COMPETITOR_READ):
            card = battlecards.card(session, actor, rival)
            assert not any(card.facts.sides.values())
            assert not card.gaps
            assert not threats.board(session, actor).rows


def test_the_audit_never_says_what_a_confidential_claim_says(session, kam, people, rival, shop):
    number = say(session, kam, rival, shop, statement="Hush money", source="Siti", is_confidential=True)
    at = competitor_claim_records.confirm(session, kam, number, version=number, reason="Hush again")
    said = replace(draft(rival, shop), statement="Hush more", is_confidential=False)
    competitor_claim_records.change(session, kam, number, said, version=at)

    entries = [row for row in session.query(AuditEntry) if row.entity == "competitor_claim"]
    assert len(entries) == 3
    assert "Hush" not in str([(row.changes, row.label) for row in entries])
    assert "Siti" not in str([row.changes for row in entries])


def test_what_becomes_confidential_later_is_hidden_in_its_earlier_versions_too(
    session, kam, viewer, rival, shop
):
    number = say(session, kam, rival, shop)
    then = clock.now()
    competitor_claim_records.change(
        session, kam, number, draft(rival, shop, is_confidential=True), version=number
    )

    assert numbers(session, kam, known_at=then) == {number}
    assert numbers(session, viewer, known_at=then) == set()


def test_two_clocks_say_what_was_known_when(session, kam, rival, shop):
    number = say(session, kam, rival, shop)
    then = clock.now()
    competitor_claim_records.refute(session, kam, number, version=number, reason="Saw the invoice")

    assert competitor_claims.get(session, kam, number).state is ClaimState.REFUTED
    earlier = competitor_claims.search(session, kam, known_at=then)
    assert [row.state for row in earlier] == [ClaimState.LIVE]
    assert len(competitor_claims.history(session, kam, number)) == 2
    assert session.get(CompetitorClaim, number).statement == "Three percent below us"


def test_the_clock_moves_and_a_claim_fades_until_it_is_confirmed(session, kam, rival, shop, monkeypatch):
    number = say(session, kam, rival, shop, topic=ClaimTopic.PRICE, price_gap=Decimal("-0.03"))
    seen = {}
    for days in (0, 60, 61, 120, 121, 400):
        monkeypatch.setattr(clock, "today", lambda days=days: DAY + timedelta(days=days))
        seen[days] = competitor_claims.get(session, kam, number).state.value
    assert seen == {0: "live", 60: "live", 61: "to_confirm", 120: "to_confirm", 121: "stale", 400: "stale"}

    competitor_claim_records.confirm(session, kam, number, version=number)
    row = competitor_claims.get(session, kam, number)
    assert (row.state, row.standing.freshness) == (ClaimState.LIVE, 1)


def test_confirm_refute_and_taking_each_back(session, kam, rival, shop):
    number = say(session, kam, rival, shop)
    at = competitor_claim_records.refute(session, kam, number, version=number)
    assert competitor_claims.get(session, kam, number).state is ClaimState.REFUTED
    at = competitor_claim_records.revert(session, kam, number, version=at)
    assert competitor_claims.get(session, kam, number).state is ClaimState.LIVE
    at = competitor_claim_records.withdraw(session, kam, number, version=at)
    assert numbers(session, kam) == set()
    competitor_claim_records.revert(session, kam, number, version=at)
    assert numbers(session, kam) == {number}


def test_of_two_who_decide_at_once_the_second_learns_of_the_first(session, kam, director, rival, shop):
    number = say(session, kam, rival, shop)
    competitor_claim_records.confirm(session, director, number, version=number)

    with pytest.raises(Conflict, match="meanwhile"):
        competitor_claim_records.refute(session, kam, number, version=number)
    with pytest.raises(Conflict) as caught:
        competitor_claim_records.change(
            session, kam, number, draft(rival, shop, statement="Five"), version=number
        )
    assert caught.value.current == {"statement": "Three percent below us"}


def test_a_claim_from_the_competitor_itself_is_refused_with_the_reason(session, kam, rival, shop):
    for said in ({"source_kind": SourceKind.COMPETITOR},
                 {"source_kind": SourceKind.OWN_STAFF, "source": "lunch with their Brand X sales rep"}):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            say(session, kam, rival, shop, **said)
        assert "competition law" in caught.value.fields["source"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("statement", {"statement": "  "}),
        ("observed_on", {"observed_on": DAY + timedelta(days=1)}),
        ("observed_on", {"observed_on": None}),
        ("last_on", {"last_on": DAY - timedelta(days=1)}),
        ("price", {"topic": ClaimTopic.PRICE, "price": Decimal(-1)}),
        ("price", {"topic": ClaimTopic.PRICE, "price": Decimal("1.00001")}),
        ("price_gap", {"topic": ClaimTopic.PRICE, "price_gap": Decimal(-1)}),
        ("price_gap", {"topic": ClaimTopic.PRICE, "price_gap": Decimal("-0.1"), "price": Decimal(1)}),
        ("topic", {"topic": ClaimTopic.GOAL, "price": Decimal(1)}),
        ("credibility", {"credibility": 7}),
        ("scope", {"product_id": 999}),
        ("unit_id", {"unit_id": 999}),
    ],
)
def test_a_claim_that_breaks_a_rule_is_refused_at_its_field(session, kam, rival, shop, field, values):
    with pytest.raises(Invalid) as caught:
        say(session, kam, rival, shop, **values)

    assert field in caught.value.fields


def test_claims_that_cannot_both_be_right_stand_together(session, kam, rival, shop):
    one = say(session, kam, rival, shop, topic=ClaimTopic.PRICE, price_gap=Decimal("-0.03"))
    other = say(session, kam, rival, shop, topic=ClaimTopic.PRICE, price_gap=Decimal("-0.05"),
                observed_on=DAY - timedelta(days=20))  # fmt: skip
    say(
        session, kam, rival, topic=ClaimTopic.PRICE, price_gap=Decimal("0.1")
    )  # of the market: another matter
    good = say(session, kam, rival, shop, topic=ClaimTopic.LOGISTICS, swot=Swot.STRENGTH)
    bad = say(session, kam, rival, shop, topic=ClaimTopic.LOGISTICS, swot=Swot.WEAKNESS)

    def met():
        found = competitor_claims.contradictions(competitor_claims.search(session, kam))
        return {tuple(row.number for row in one.claims) for one in found}

    assert met() == {(one, other), (bad, good)}
    competitor_claim_records.refute(session, kam, other, version=other)
    assert met() == {(bad, good)}


def test_full_text_search_finds_words_and_their_beginnings_in_both_languages(
    session, kam, other_kam, rival, shop
):
    late = say(session, kam, rival, shop, statement="Penghantaran lewat dua hari, café 500g")
    hill = factories.account(session, other_kam, "HILL")
    say(session, other_kam, rival, hill, statement="Penghantaran lewat")

    def found(text, actor=kam):
        return numbers(session, actor, claims=ClaimFilter(text=text))

    assert found("lewat") == found("PENGHANT hari") == found("cafe") == found("500g") == {late}
    assert found("brandx dua") == {late}  # the competitor's name is one of the words
    assert found("lewat tiga") == set()
    # What means something to a query language is only words here.
    for odd in ('"', "* OR lewat", "lewat & !hari", "(", "'; DROP TABLE", "body:lewat", "NEAR(lewat)", "−"):
        found(odd)
    changed = draft(rival, shop, statement="Cepat sekali")
    competitor_claim_records.change(session, kam, late, changed, version=late)
    assert (found("lewat"), found("cepat")) == (set(), {late})
    detail = competitors.get(session, kam, rival)
    renamed = replace(detail.draft(), name="Zeta", aliases="")
    competitors.update(session, kam, rival, renamed, version=detail.version)
    assert (found("brandx"), found("zeta cepat")) == (set(), {late})


def test_a_file_is_what_it_begins_like_and_keeps_its_hash(session, kam, rival, shop):
    number = say(session, kam, rival, shop)
    for name, data in (("a.exe", b"MZ"), ("a.pdf", b"MZ"), ("a.png", b"%PDF-"), ("", b"%PDF-")):
        with pytest.raises(Invalid):
            claim_attachments.attach(session, kam, number, name, data)
    with pytest.raises(Invalid, match="5 MB"):
        claim_attachments.attach(
            session, kam, number, "a.pdf", b"%PDF-" + b"0" * claim_attachments.MOST_BYTES
        )
    file = claim_attachments.attach(session, kam, number, "../../offer.pdf", b"%PDF-1")
    with pytest.raises(Conflict, match="attached already"):
        claim_attachments.attach(session, kam, number, "again.pdf", b"%PDF-1")

    row, data = claim_attachments.content(session, kam, file)
    assert (row.file_name, data, row.size) == ("offer.pdf", b"%PDF-1", 6)
    assert competitor_claims.get(session, kam, number).attachments == 1
    session.get(ClaimAttachment, file).content = b"%PDF-2"
    session.flush()
    with pytest.raises(Conflict, match="hash differs"):
        claim_attachments.content(session, kam, file)
    claim_attachments.detach(session, kam, file)
    assert competitor_claims.get(session, kam, number).attachments == 0


def test_every_change_has_its_entry_and_every_reader_may_not_write(session, kam, viewer, rival, shop):
    number = say(session, kam, rival, shop)
    at = competitor_claim_records.confirm(session, kam, number, version=number)
    at = competitor_claim_records.refute(session, kam, number, version=at)
    competitor_claim_records.withdraw(session, kam, number, version=at)

    actions = [
        row.action.split(":")[1] for row in session.query(AuditEntry) if row.entity == "competitor_claim"
    ]
    assert actions == ["create", "confirm", "refute", "retract"]
    assert audit.broken_at(session) is None
    with pytest.raises(Forbidden):
        say(session, viewer, rival, shop)
    with pytest.raises(Forbidden):
        competitors.create(session, viewer, CompetitorDraft("Other"))


def test_two_competitors_cannot_read_alike(session, kam, rival):
    for said in (
        CompetitorDraft("brand-x"),
        CompetitorDraft("Other", aliases="BRANDX"),
        CompetitorDraft("…"),
    ):
        with pytest.raises(Invalid):
            competitors.create(session, kam, said)


def test_of_two_who_change_a_competitor_the_second_learns_of_the_first(session, kam, director, rival):
    detail = competitors.get(session, kam, rival)
    segments = replace(detail.draft(), products=(competitors.TheirProduct("Crisps"),))
    assert competitors.update(session, director, rival, segments, version=detail.version) > detail.version

    with pytest.raises(Conflict) as caught:
        competitors.update(
            session, kam, rival, replace(detail.draft(), goals="North"), version=detail.version
        )
    assert "products" in caught.value.current


# --- quick notes ---


def test_a_line_typed_on_the_account_becomes_a_claim_and_can_be_taken_back(session, kam, rival, shop):
    snacks = factories.product(session, "SN-500", name="Snacks 500g")
    line = "#call BrandX -3% Snacks 500g until 31/12 src:buyer B2 Siti sounded sure"
    kept = quick_notes.keep(session, kam, line, account_id=shop.id)

    row = competitor_claims.get(session, kam, kept.id)
    assert row.captured == line
    assert row.draft == draft(
        rival, shop, statement="BrandX -3% Snacks 500g until 31/12 Siti sounded sure", topic=ClaimTopic.PRICE,
        price_gap=Decimal("-0.03"), product_id=snacks.id, last_on=date(2026, 12, 31),
        reliability=row.draft.reliability, credibility=2,
    )  # fmt: skip
    assert row.grade == "B2"
    quick_notes.undo(session, kam, kept)
    assert numbers(session, kam) == set()


def test_a_line_without_a_competitor_becomes_a_note(session, kam, viewer, shop):
    kept = quick_notes.keep(session, kam, "@shop owner is back **bold**")

    assert kept.kind is Entry.NOTE
    assert [row.body for row in account_notes.search(session, viewer)] == ["@shop owner is back **bold**"]
    quick_notes.undo(session, kam, kept)
    assert account_notes.search(session, viewer) == []


def test_what_cannot_be_kept_says_why_and_keeps_nothing(session, kam, other_kam, viewer, rival, shop):
    for line, why in (("", "Type what"), ("owner is back", "which account"), ("x" * 1001, "1000 characters"),
                      ("@shop brandx -3% src:competitor", "competition law")):  # fmt: skip
        assert why in quick_notes.preview(session, kam, line).problem
        with pytest.raises(Invalid, match=why):
            quick_notes.keep(session, kam, line)
    # Anna's shop does not exist for Ben: the words stay words.
    assert quick_notes.preview(session, other_kam, "@shop brandx -3%").account is None
    with pytest.raises(Invalid, match="no such account"):
        quick_notes.keep(session, other_kam, "brandx -3%", account_id=shop.id)
    with pytest.raises(Forbidden):
        quick_notes.keep(session, viewer, "@shop brandx -3%")
    assert numbers(session, kam) == set()


def test_a_competitor_noted_by_mistake_can_go_and_one_on_record_cannot(session, kam, rival, shop):
    other = competitors.create(
        session, kam, CompetitorDraft("Typo", products=(competitors.TheirProduct("X"),))
    )
    competitors.remove(session, kam, other, version=1)
    assert [row.name for row in competitors.search(session, kam)] == ["BrandX"]
    say(session, kam, rival, shop)

    with pytest.raises(Conflict, match="on record"):
        competitors.remove(session, kam, rival, version=1)


def test_the_doctor_sees_evidence_that_is_not_what_it_was(session, kam, rival, shop):
    number = say(session, kam, rival, shop)
    file = claim_attachments.attach(session, kam, number, "offer.pdf", b"%PDF-1")

    def found():
        return next(
            check for check in doctor.examine(session, OPERATOR) if check.name == "evidence"
        ).differences

    assert found() == ()
    session.get(ClaimAttachment, file).content = b"%PDF-2"
    session.query(SearchText).delete()
    session.flush()
    assert [text.split(":")[0] for text in found()] == [
        f"Claim C{number} cannot be found by its words.",
        f"The file offer.pdf of claim C{number} is not what was attached",
    ]


def test_today_asks_about_exactly_the_claims_that_are_to_be_confirmed(session, kam, rival, shop):
    topics = list(ClaimTopic)
    for age in range(0, 800, 7):
        topic = topics[age % len(topics)]
        say(session, kam, rival, shop, topic=topic, observed_on=DAY - timedelta(days=age))
    asked = {
        row.number for row in competitor_claims.search(session, kam) if row.state is ClaimState.TO_CONFIRM
    }

    item = next(item for item in attention.items(session, kam) if item.kind is attention.Kind.CLAIM)
    assert item.count == len(asked) > 10
    assert int(item.occasion.split(":")[0]) in asked


def test_a_merged_account_takes_its_evidence_along_and_back(session, kam, director, rival, shop):
    other = factories.account(session, kam, "OTHER", name="Shop Sdn Bhd")
    number = say(session, kam, rival, shop, is_confidential=True)
    competitor_claim_records.confirm(session, kam, number, version=number)
    account_notes.record(session, kam, shop.id, "Note")
    versions = merger_previews.preview(session, director, shop.id, other.id).versions
    merger = account_mergers.merge(session, director, shop.id, other.id, versions=versions)

    assert competitor_claims.get(session, kam, number).account_code == "OTHER"
    assert len(competitor_claims.history(session, kam, number)) == 2
    assert [row.account_code for row in account_notes.search(session, kam)] == ["OTHER"]
    account_mergers.undo(session, director, merger)
    assert competitor_claims.get(session, kam, number).account_code == "SHOP"
    assert [row.account_code for row in account_notes.search(session, kam)] == ["SHOP"]
