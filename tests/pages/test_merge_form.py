"""Merging on the page: nothing moves before it was shown and confirmed, and the way back stands beside it."""

from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core import accounts, clock, db, rollups
from core.auth import OPERATOR
from core.errors import NotFound
from tests import factories
from tests.pages.conftest import field, shown, sign_in, submit


def _dialog():
    import streamlit as st

    from pages.ui import account_form, gate, undo_bar

    account_form._edit(gate.require(), st.session_state["account_id"])
    undo_bar.show_flash()


@pytest.fixture
def pair(session, kam, director, other_kam):
    gone = factories.account(session, other_kam, "OLD", name="Harbour Sdn Bhd", credit_limit=Decimal(900))
    kept = factories.account(session, kam, "NEW", name="HARBOUR", credit_limit=Decimal(500))
    factories.account(session, kam, "TEA", name="Tea [House](x)")
    tea = factories.product(session)
    for account in (gone, kept):
        factories.line(session, account, tea, clock.today().replace(day=1), order_no="S1")
    rollups.rebuild(session)
    ids = gone.id, kept.id
    session.commit()
    return ids


@pytest.fixture
def opened(cookie):
    def run(actor, account_id):
        cookie["token"] = sign_in(actor)
        page = AppTest.from_function(_dialog, default_timeout=30)
        page.session_state["account_id"] = account_id
        page.run()
        assert not page.exception
        return page

    return run


def _chosen(page, account_id, other_id):
    page.selectbox(key=f"merge-other-{account_id}").select(other_id).run()
    assert not page.exception
    return page


def test_two_accounts_are_merged_after_they_were_shown_and_confirmed(pair, director, opened, open_page):
    gone, kept = pair
    page = opened(director, kept)
    assert "Probably the same account: OLD · Harbour Sdn Bhd \\(same name\\)" in shown(page)
    page = _chosen(page, kept, gone)
    assert list(page.dataframe[-1].value.columns) == ["What", "OLD goes", "NEW stays"]
    form = f"merge-{gone}-{kept}"
    field(page, form, "credit_limit").select("OLD")

    page = submit(page, form)
    assert "Tick this first" in shown(page)
    with db.read() as session:
        assert accounts.get_by_code(session, OPERATOR, "OLD").id == gone
    assert field(page, form, "credit_limit").value == "OLD"

    field(page, form, "sure").check()
    submit(page, form)
    with db.read() as session:
        one = accounts.get_by_code(session, OPERATOR, "OLD")
        assert (one.id, one.credit_limit, one.name) == (kept, Decimal(900), "HARBOUR")

    page = open_page("accounts/account.py", director, account="OLD")
    assert not page.exception
    assert page.title[0].value == "HARBOUR"
    assert "Merged from OLD Harbour Sdn Bhd" in shown(page)
    (merger,) = [b.key.split("/")[0] for b in page.button if (b.key or "").startswith("unmerge-")]
    submit(page, merger)
    with db.read() as session:
        assert accounts.get_by_code(session, OPERATOR, "OLD").id == gone
    page.run()
    assert "Merged from" not in shown(page)


def test_the_other_one_may_stay(pair, director, opened):
    gone, kept = pair
    page = _chosen(opened(director, kept), kept, gone)
    page.radio(key=f"merge-kept-{kept}-{gone}").set_value(gone).run()
    form = f"merge-{kept}-{gone}"
    field(page, form, "sure").check()
    submit(page, form)
    with db.read() as session, pytest.raises(NotFound):
        accounts.get(session, OPERATOR, kept)


def test_what_changed_meanwhile_is_said_and_nothing_moves(pair, director, opened):
    gone, kept = pair
    page = _chosen(opened(director, kept), kept, gone)
    with db.write() as session:
        one = accounts.get(session, director, gone)
        draft = accounts.AccountDraft(
            "OLD", "Harbour North", owner_id=one.owner_id, credit_limit=one.credit_limit
        )
        accounts.update(session, director, gone, draft, version=one.version)
    form = f"merge-{gone}-{kept}"
    field(page, form, "sure").check()
    page = submit(page, form)
    assert "Somebody else changed OLD" in shown(page)
    with db.read() as session:
        assert accounts.get(session, OPERATOR, gone).name == "Harbour North"


def test_only_who_may_merge_is_offered_it(viewer, pair, director, kam, opened, open_page):
    _gone, kept = pair
    assert [tab.label for tab in opened(director, kept).tabs][-1] == "Merge"
    assert "Merge" not in [tab.label for tab in opened(kam, kept).tabs]
    page = open_page("accounts/account.py", viewer, account="NEW")
    assert not any(button.key == "edit" for button in page.button)
