"""The forms of an account: what is typed is saved once, and what is wrong is said beside it."""

from datetime import date

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core import accounts, audit, db, groups, teams
from core.accounts import Member
from core.auth import OPERATOR
from core.models import Account
from core.vocabulary import TeamRole
from tests import factories
from tests.pages.conftest import sign_in


def _create_form():
    from pages.ui import account_form, gate

    account_form._create(gate.require())


def _edit_form():
    import streamlit as st

    from pages.ui import account_form, gate

    account_form._edit(gate.require(), st.session_state["account_id"])


@pytest.fixture
def opened(cookie):
    def run(form, actor, **state):
        cookie["token"] = sign_in(actor)
        page = AppTest.from_function(form, default_timeout=30)
        for name, value in state.items():
            page.session_state[name] = value
        page.run()
        assert not page.exception
        return page

    return run


def _text(page, label):
    return next(field for field in page.text_input if field.label == label)


def _choice(page, label):
    return next(field for field in page.selectbox if field.label == label)


def _press(page, label):
    next(button for button in page.button if button.label == label).click()
    page.run()
    assert not page.exception
    return page


def test_a_director_creates_an_account(store, session, director, opened):
    session.commit()
    page = opened(_create_form, director)
    _text(page, "Code").input("SUR")
    _text(page, "Name").input("Pasar Raya Suria")
    _text(page, "Credit limit").input("150,000.50")
    _press(page, "Create account")

    with db.read() as stored:
        account = stored.scalar(select(Account).where(Account.code == "SUR"))
        assert account.name == "Pasar Raya Suria"
        assert str(account.credit_limit) == "150000.5"
        assert account.owner_id == director.user_id


def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_stays(store, session, director, opened):
    session.commit()
    page = opened(_create_form, director)
    _text(page, "Name").input("Pasar Raya Suria")
    _press(page, "Create account")

    assert "Give the account a code." in [error.value for error in page.error]
    assert _text(page, "Name").value == "Pasar Raya Suria"
    with db.read() as stored:
        assert stored.scalar(select(Account.id)) is None


def test_a_manager_changes_the_data_but_neither_code_nor_owner(store, session, kam, opened):
    account_id = factories.account(session, kam, "SUR", name="Suria").id
    session.commit()
    page = opened(_edit_form, kam, account_id=account_id)

    assert _text(page, "Code").disabled
    assert _choice(page, "Owner").disabled
    _text(page, "Days to pay").input("45")
    _press(page, "Save")

    with db.read() as stored:
        assert accounts.get(stored, kam, account_id).payment_days == 45
        assert audit.search(stored, OPERATOR).rows[0].changes == {"payment_days": [None, 45]}


def test_two_who_edit_one_account_both_see_what_the_other_saved(store, session, kam, director, opened):
    account_id = factories.account(session, kam, "SUR", name="Suria", since_on=date(2020, 1, 1)).id
    session.commit()
    page = opened(_edit_form, kam, account_id=account_id)
    with db.write() as other:
        detail = accounts.get(other, director, account_id)
        draft = accounts.AccountDraft("SUR", "Suria Sdn Bhd", owner_id=kam.user_id, since_on=date(2020, 1, 1))
        accounts.update(other, director, account_id, draft, version=detail.version)

    _text(page, "Industry").input("Retail")
    _press(page, "Save")

    assert any("Suria Sdn Bhd" in warning.value for warning in page.warning)
    assert _text(page, "Industry").value == "Retail"


def test_a_team_member_is_added(store, session, kam, other_kam, opened):
    account_id = factories.account(session, kam, "SUR").id
    session.commit()
    page = opened(_edit_form, kam, account_id=account_id)
    nonce = page.session_state[f"form:team-{account_id}"]["nonce"]
    added = {"person": "Ben", "role": "Deputy", "first": "2026-03-01", "last": "2026-03-31"}
    page.session_state[f"team-{account_id}/team/{nonce}"] = {
        "edited_rows": {},
        "added_rows": [added],
        "deleted_rows": [],
    }
    _press(page, "Save team")

    with db.read() as stored:
        member = accounts.get(stored, kam, account_id).team[0]
        assert (member.user_id, member.valid_from, member.valid_to) == (
            other_kam.user_id,
            date(2026, 3, 1),
            date(2026, 4, 1),
        )


def test_a_code_of_another_system_is_added(store, session, kam, opened):
    account_id = factories.account(session, kam, "SUR").id
    session.commit()
    page = opened(_edit_form, kam, account_id=account_id)
    nonce = page.session_state[f"form:codes-{account_id}"]["nonce"]
    edits = {"edited_rows": {}, "added_rows": [{"source": "SAP", "code": "100234"}], "deleted_rows": []}
    page.session_state[f"codes-{account_id}/codes/{nonce}"] = edits
    _press(page, "Save codes")

    with db.read() as stored:
        assert accounts.get_by_code(stored, kam, "100234").id == account_id


def test_a_team_that_somebody_else_changed_meanwhile_is_shown(
    store, session, kam, other_kam, director, opened
):
    account_id = factories.account(session, kam, "SUR").id
    session.commit()
    page = opened(_edit_form, kam, account_id=account_id)
    with db.write() as other:
        version = accounts.get(other, director, account_id).version
        member = Member(other_kam.user_id, TeamRole.DEPUTY, date(2026, 3, 1), None)
        version = teams.set_team(other, director, account_id, [member], version=version)
        teams.set_codes(other, director, account_id, [("SAP", "100234")], version=version)
    _press(page, "Save team")
    assert any("Ben deputy 2026-03-01" in warning.value for warning in page.warning)
    _press(page, "Save codes")
    assert any("SAP\\: 100234" in warning.value for warning in page.warning)


def _group_form():
    from pages.ui import gate, group_form

    group_form._groups(gate.require())


def test_accounts_are_put_into_a_new_group_and_the_way_back_takes_all_of_it(store, session, director, opened):
    ids = [factories.account(session, director, code, name=code).id for code in ("A", "B")]
    session.commit()
    page = opened(_group_form, director)
    _text(page, "Name").input("Senduduk")
    _text(page, "Code").input("SEN")
    page.multiselect[0].set_value([ids[1]])
    _press(page, "Create group")

    with db.read() as stored:
        (row,) = groups.search(stored, director)
        assert (row.name, row.accounts, accounts.get(stored, director, ids[1]).group) == (
            "Senduduk",
            1,
            "Senduduk",
        )
    with db.write() as stored:
        page.session_state["form:undo"].undo(stored, director)
    with db.read() as stored:
        assert groups.search(stored, director) == []
        assert accounts.get(stored, director, ids[1]).group is None


def test_two_who_move_one_account_both_see_where_it_is(store, session, director, opened):
    account_id = factories.account(session, director, "A", name="Alpha").id
    mine, other = (
        groups.create(session, director, "M", "Mine"),
        groups.create(session, director, "O", "Other"),
    )
    session.commit()
    page = opened(_group_form, director)
    _choice(page, "Group").set_value(mine).run()
    page.multiselect[0].set_value([account_id])
    with db.write() as stored:
        groups.place(stored, director, {account_id: other}, seen={account_id: None})
    _press(page, "Save")
    assert any("Alpha\\: Other" in warning.value for warning in page.warning)
    assert page.multiselect[0].value == [account_id]

    _press(page, "Save")
    with db.read() as stored:
        assert accounts.get(stored, director, account_id).group == "Mine"


def test_a_group_that_somebody_renames_meanwhile_stays_chosen(store, session, director, opened):
    mine = groups.create(session, director, "M", "Mine")
    session.commit()
    page = opened(_group_form, director)
    _choice(page, "Group").set_value(mine).run()
    with db.write() as stored:
        groups.update(stored, director, mine, code="M", name="Theirs", version=1)
    _text(page, "Name").input("Ours")
    _press(page, "Save")
    assert any("Theirs" in warning.value for warning in page.warning)
    assert (_choice(page, "Group").value, _text(page, "Name").value) == (mine, "Ours")

    _press(page, "Save")
    with db.read() as stored:
        assert [row.name for row in groups.search(stored, director)] == ["Ours"]
