"""Competitors on pages: the quick note, two buttons a claim, who is told what on page, search, print and export."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from core import (
    account_notes,
    auth,
    causes,
    clock,
    competitor_claim_records,
    competitor_claims,
    competitors,
    contests,
    db,
    exports,
    objections,
    presences,
    rollups,
)
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimDraft
from core.competitors import CompetitorDraft
from core.exports import Format
from core.models import AuditEntry
from core.vocabulary import (
    BatchKind,
    ClaimTopic,
    ContestOutcome,
    ObjectionOutcome,
    Permission,
    Reliability,
    Role,
    SourceKind,
    Swot,
)
from pages.ui import battlecard_parts
from tests import factories
from tests.pages.conftest import shown, sign_in
from tests.pages.test_every_page import everything

DAY = date(2026, 11, 24)
OPEN, SECRET, BENS = "Zzopen words", "Zzsecret words", "Zzbens words"
EVIL = "![x](http://evil.example/p.png) <b>bold</b> [go](http://evil.example)"


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def people(session, kam, other_kam, director, viewer):
    south = factories.region(session, "South")
    sam = factories.user(session, "sam", Role.DIRECTOR, grants=[Permission.COST_READ], regions=[south])
    return {
        "owner": kam,
        "stranger": other_kam,
        "director": director,
        "viewer": viewer,
        "director of another region": auth.actor_for(sam),
    }


@pytest.fixture
def trade(session, people):
    """Claims about Anna's shop, one of them confidential, and about Ben's hill; each of all kinds of entries."""
    tea = factories.product(session, "TEA", category="Drinks")
    north = factories.region(session, "North")
    shop = factories.account(session, people["owner"], "SHOP", name="Corner shop", region_id=north.id)
    hill = factories.account(session, people["stranger"], "HILL", name="Hill", region_id=north.id)
    for account in (shop, hill):
        line_on = DAY - timedelta(days=40)
        factories.line(session, account, tea, line_on, quantity="100", net_price="10", unit_cost="6")
    rollups.rebuild(session)
    rival = competitors.create(session, people["director"], CompetitorDraft("BrandX"))
    competitors.create(session, people["director"], CompetitorDraft("Segar"))

    def say(actor, account, text, **more):
        said = {"topic": ClaimTopic.PRICE, "price_gap": Decimal("-0.05"), "observed_on": DAY, "swot": Swot.THREAT,
                "source_kind": SourceKind.BUYER, "reliability": Reliability.A, "credibility": 1}  # fmt: skip
        draft = ClaimDraft(rival, text, account_id=account.id, product_id=tea.id, **{**said, **more})
        return competitor_claim_records.record(session, actor, draft)

    claims = {
        "open": say(people["owner"], shop, OPEN),
        "secret": say(people["owner"], shop, SECRET, is_confidential=True, credibility=2),
        "old secret": say(people["owner"], shop, f"{SECRET} of old", is_confidential=True,
                          observed_on=DAY - timedelta(days=90)),
        "bens": say(people["stranger"], hill, BENS),
    }  # fmt: skip
    for actor, account, text in ((people["owner"], shop, OPEN), (people["stranger"], hill, BENS)):
        ends = DAY + timedelta(days=60)
        there = presences.PresenceDraft(rival, tea.category_id, None, ends, Decimal("0.3"), contact=text)
        presences.record(session, actor, account.id, there)
        said = objections.ObjectionDraft(
            text, text, outcome=ObjectionOutcome.WON, raised_on=DAY, competitor_id=rival
        )
        objections.record(session, actor, account.id, said)
        deal = contests.ContestDraft(rival, text, ContestOutcome.LOST, DAY, amount=Decimal(100), note=text)
        contests.record(session, actor, account.id, deal)
        account_notes.record(session, actor, account.id, text)
    made = {"rival": rival, "shop": shop.id, "hill": hill.id, **claims}
    session.commit()
    return made


# --- who is told what ---

TOLD = {  # whether somebody is told of the open words, of the confidential ones, and of Ben's
    "owner": (True, True, False),
    "stranger": (False, False, True),
    "director": (True, True, True),
    "viewer": (True, False, True),
    "director of another region": (False, False, False),
}
# The page, its address, and the tab or search that is open: what tells of the open words, the secret ones, Ben's.
PLACES = [
    ("market/competitors.py", {}, {"competitors_tab": "Threat board"}, (True, False, True)),
    ("market/competitors.py", {}, {"competitors_tab": "Claims"}, (True, True, True)),
    ("market/competitors.py", {}, {"competitors_tab": "Claims", "claim_search": "zzsecret"}, (False, True, False)),
    ("market/competitors.py", {}, {"competitors_tab": "Claims", "claim_search": "zzbens"}, (False, False, True)),
    ("market/competitors.py", {}, {"competitors_tab": "Win/loss"}, (True, False, True)),
    ("market/competitors.py", {"competitor": "1"}, {"competitor_tab": "Battlecard"}, (True, True, True)),
    ("market/competitors.py", {"competitor": "1"}, {"competitor_tab": "Moves"}, (True, True, True)),
    ("market/competitors.py", {"competitor": "1"}, {"competitor_tab": "Strengths & weaknesses"}, (True, True, True)),
    ("market/competitors.py", {"competitor": "1"}, {"competitor_tab": "Accounts"}, (True, False, True)),
    ("market/competitors.py", {"competitor": "1", "beside": "2"}, {}, (True, True, True)),
    ("accounts/account.py", {"account": "SHOP"}, {"account_tab": "Competition"}, (True, True, False)),
    ("accounts/account.py", {"account": "HILL"}, {"account_tab": "Competition"}, (False, False, True)),
]  # fmt: skip


@pytest.mark.parametrize(("file", "query", "state", "tells"), PLACES)
def test_each_page_tells_each_role_what_is_theirs_to_know(
    trade, people, open_page, file, query, state, tells
):
    for name, actor in people.items():
        page = open_page(file, actor, **query)
        for key, value in state.items():
            page.session_state[key] = value
        if state:
            page = page.run()
        assert not page.exception, (name, page.exception[0].value)
        # What somebody typed into the search is in the page: only what answers it counts.
        said = everything(page).replace("zzsecret", "").replace("zzbens", "")
        told = tuple(words in said for words in (OPEN, SECRET, BENS))
        expected = tuple(one and other for one, other in zip(tells, TOLD[name], strict=True))
        assert told == expected, name


def test_today_asks_the_team_about_a_confidential_claim_and_nobody_else(trade, people, open_page):
    told = {name: SECRET in everything(open_page("work/today.py", actor)) for name, actor in people.items()}

    assert told == {
        "owner": True, "stranger": False, "director": True, "viewer": False, "director of another region": False,
    }  # fmt: skip
    said = shown(open_page("work/today.py", people["owner"])).replace("\\", "")
    assert "Confirm this claim about BrandX: “Zzsecret words of old”" in said
    assert "The contract of BrandX ends in 60 days (Drinks)" in said


def test_the_printed_card_and_the_export_tell_each_role_what_is_theirs(trade, people):
    for name, actor in people.items():
        made = battlecard_parts.document(actor, trade["rival"], None, "en")
        reader = PdfReader(io.BytesIO(made))
        text = " ".join(" ".join(page.extract_text().split()) for page in reader.pages)
        assert len(reader.pages) == 1
        assert tuple(words in text for words in (OPEN, SECRET, BENS)) == TOLD[name], name
        assert ("Holds confidential claims" in text) is TOLD[name][1]
        stream = io.BytesIO()
        with db.read() as session:
            exports.write(exports.prepare(session, actor, BatchKind.COMPETITOR_CLAIMS), stream, Format.CSV)
        said = stream.getvalue().decode()
        assert tuple(words in said for words in (OPEN, SECRET, BENS)) == TOLD[name], name
    with db.read() as session:
        taken = [row.actor for row in session.query(AuditEntry) if row.action == "export:battlecard"]
    assert len(taken) == len(people)


def test_many_claims_and_long_ones_still_print_on_one_page(trade, people):
    with db.write() as session:
        for number in range(60):
            said = ClaimDraft(
                trade["rival"], f"{number} " + "very long words " * 30, swot=list(Swot)[number % 4],
                observed_on=DAY - timedelta(days=number * 3), source_kind=SourceKind.PRESS,
            )  # fmt: skip
            competitor_claim_records.record(session, people["director"], said)
    for speaks in ("en", "ms"):
        made = battlecard_parts.document(people["director"], trade["rival"], None, speaks)
        assert len(PdfReader(io.BytesIO(made)).pages) == 1


# --- doing ---


def _line(page):
    return next(one for one in page.text_input if one.label == "Quick note")


def _press(page, label, *, number=0):
    return [button for button in page.button if button.label == label][number].click().run()


def test_ten_seconds_on_the_account_make_a_claim(trade, people, open_page):
    page = open_page("accounts/account.py", people["owner"], account="SHOP")
    page.session_state["account_tab"] = "Competition"
    page = page.run()
    page = _line(page).set_value("Segar -4% TEA until 31/12 src:buyer B2 Siti is sure").run()
    said = shown(page).replace("\\", "")
    assert (
        "Claim · Corner shop · Segar · Price · Threat to us · Product TEA · −4.0% · until 31 Dec 2026" in said
    )
    assert "As text: Siti is sure" in said
    page = _press(page, "Keep")
    assert not page.exception
    with db.read() as session:
        row = next(
            row for row in competitor_claims.search(session, people["owner"]) if row.competitor == "Segar"
        )
    assert (row.draft.price_gap, row.grade, row.account_code) == (Decimal("-0.04"), "B2", "SHOP")
    assert _line(page).value == ""
    page = _press(page, "Undo")
    with db.read() as session:
        assert "Segar" not in {row.competitor for row in competitor_claims.search(session, people["owner"])}


def test_what_may_not_be_used_is_refused_before_it_is_kept(trade, people, open_page):
    page = open_page("market/competitors.py", people["owner"])
    page = _line(page).set_value("@corner brandx -4% src:competitor").run()

    assert "competition law" in page.warning[0].value
    assert next(button for button in page.button if button.label == "Keep").disabled


def test_one_click_confirms_and_one_refutes_and_each_is_taken_back(trade, people, open_page):
    def state():
        with db.read() as session:
            return competitor_claims.get(session, people["owner"], trade["old secret"]).state

    def card():
        page = open_page("market/competitors.py", people["owner"])
        page.session_state["competitors_tab"] = "Claims"
        page.session_state["claim_states"] = [ClaimState.TO_CONFIRM]
        return page.run()

    page = _press(card(), "Confirm")
    assert state() is ClaimState.LIVE
    page = _press(page, "Undo")
    assert state() is ClaimState.TO_CONFIRM
    page = _press(card(), "Refute")
    assert state() is ClaimState.REFUTED
    _press(page, "Undo")
    assert state() is ClaimState.TO_CONFIRM


def test_a_click_on_what_somebody_changed_meanwhile_says_so(trade, people, open_page):
    page = open_page("market/competitors.py", people["owner"])
    page.session_state["competitors_tab"] = "Claims"
    page.session_state["claim_states"] = [ClaimState.TO_CONFIRM]
    page = page.run()
    with db.write() as session:
        number = trade["old secret"]
        competitor_claim_records.refute(session, people["director"], number, version=number)
    page = _press(page, "Confirm")

    with db.read() as session:
        assert competitor_claims.get(session, people["owner"], number).state is ClaimState.REFUTED


def test_who_only_reads_finds_nothing_to_write_with(trade, people, open_page):
    for file, query, state in (
        ("market/competitors.py", {}, {"competitors_tab": "Claims"}),
        ("accounts/account.py", {"account": "SHOP"}, {"account_tab": "Competition"}),
    ):
        page = open_page(file, people["viewer"], **query)
        for key, value in state.items():
            page.session_state[key] = value
        labels = [button.label for button in page.run().button]
        assert not {"Keep", "Confirm", "Refute", "New claim", "New competitor", "Won or lost"} & set(labels)


def _claim():
    import streamlit as st

    from pages.ui import claim_form, gate

    claim_form.opened(gate.require(), st.session_state["number"])


def test_the_dialog_of_a_claim_is_closed_to_who_may_not_see_it(trade, people, cookie):
    for name, is_told in (("owner", True), ("viewer", False), ("stranger", False)):
        cookie["token"] = sign_in(people[name])
        page = AppTest.from_function(_claim, default_timeout=30)
        page.session_state["number"] = trade["secret"]
        page = page.run()
        assert (SECRET in everything(page)) is is_told
        assert ("There is no such claim." in [one.value for one in page.error]) is not is_told


def test_what_people_type_is_never_read_as_markdown(trade, people, session, open_page):
    evil = CompetitorDraft(EVIL, aliases="Evil", goals=EVIL, home_region=EVIL, note=EVIL,
                           products=(competitors.TheirProduct(EVIL),))  # fmt: skip
    with db.write() as opened:
        rival = competitors.create(opened, people["director"], evil)
        kept = {
            "observed_on": DAY,
            "source_kind": SourceKind.BUYER,
            "source": f"Siti {EVIL}",
            "account_id": trade["shop"],
        }
        for side in Swot:
            said = ClaimDraft(rival, EVIL, ClaimTopic.PEOPLE, side, **kept)
            number = competitor_claim_records.record(opened, people["director"], said, captured=EVIL)
        competitor_claim_records.refute(opened, people["director"], number, version=number, reason=EVIL)
        where = trade["shop"]
        presences.record(opened, people["director"], where, presences.PresenceDraft(rival, contact=EVIL))
        won = ObjectionOutcome.WON
        objection = objections.ObjectionDraft(EVIL, EVIL, outcome=won, raised_on=DAY, competitor_id=rival)
        objections.record(opened, people["director"], where, objection)
        deal = contests.ContestDraft(rival, EVIL, ContestOutcome.LOST, DAY, was_avoidable=True, lesson=EVIL)
        contests.record(opened, people["director"], where, deal)
        account_notes.record(opened, people["director"], where, EVIL)
    for file, query, state in (
        ("market/competitors.py", {}, {"competitors_tab": "Claims", "claim_search": "evil"}),
        ("market/competitors.py", {}, {"competitors_tab": "Win/loss"}),
        ("market/competitors.py", {}, {"competitors_tab": "Competitors"}),
        ("market/competitors.py", {"competitor": str(rival)}, {"competitor_tab": "Battlecard"}),
        ("market/competitors.py", {"competitor": str(rival)}, {"competitor_tab": "Moves"}),
        ("market/competitors.py", {"competitor": str(rival)}, {"competitor_tab": "Strengths & weaknesses"}),
        ("market/competitors.py", {"competitor": "1", "beside": str(rival)}, {}),
        ("accounts/account.py", {"account": "SHOP"}, {"account_tab": "Competition"}),
    ):
        page = open_page(file, people["director"], **query)
        for key, value in state.items():
            page.session_state[key] = value
        page = page.run()
        assert not page.exception
        labels = [one.label for one in (*page.button, *page.expander, *page.tabs)]
        text = shown(page) + "\n".join(labels)
        assert "evil" in text.lower() or "evil" in everything(page).lower()
        for mark in ("![x](", "<b>", "[go]("):
            assert mark not in text, (file, query, state)


def test_a_claim_becomes_a_cause_and_a_confidential_one_keeps_its_words(trade, people, cookie):
    cookie["token"] = sign_in(people["owner"])
    for name in ("open", "secret"):
        page = AppTest.from_function(_claim, default_timeout=30)
        page.session_state["number"] = trade[name]
        _press(page.run(), "It moved their revenue: record it as a cause")
    with db.read() as session:
        notes = {row.note for row in causes.search(session, people["viewer"])}
    assert notes == {f"C{trade['open']} · BrandX: {OPEN}", f"C{trade['secret']}"}
