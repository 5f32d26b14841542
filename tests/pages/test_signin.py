"""Signing in, staying in, and being out at once when that is over."""

import pytest
from streamlit.testing.v1 import AppTest

from core import audit, auth, credentials, db, passwords, sessions, users
from core.audit import Subject
from core.auth import OPERATOR
from core.models import User, WebSession
from core.vocabulary import Permission, Role
from tests import factories
from tests.pages.conftest import FRAME, field, shown, sign_in, submit

PASSWORD = "lembah-hijau-petang-4471"


@pytest.fixture
def admin(session):
    """Adam, who runs the place and sees no account."""
    user = factories.user(session, "adam", Role.ADMIN)
    user.password_hash = passwords.hashed(PASSWORD)
    return auth.actor_for(user)


def _anonymous():
    return AppTest.from_file(str(FRAME), default_timeout=30).run()


def _type_in(page, username, password):
    page.text_input[0].set_value(username)
    page.text_input[1].set_value(password)
    return page.get("button")[0].click().run()


def test_nobody_sees_a_page_before_signing_in(session, kam, open_page):
    session.commit()

    for path in ("work/profile.py", "management/users.py", "management/audit.py", "accounts/portfolio.py"):
        page = open_page(path, None)

        assert [item.label for item in page.text_input] == ["User name", "Password or one-time code"]
        assert not page.dataframe
        assert not page.metric
        assert not page.title


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(session, admin, cookie):
    session.commit()

    answers = {
        _type_in(_anonymous(), name, "not the password at all").error[0].value for name in ("adam", "nobody")
    }

    assert answers == {"User name or password is wrong."}


def test_the_right_password_gives_a_ticket_that_becomes_a_session_once(session, admin):
    session.commit()

    ticket = sessions.sign_in("Adam ", PASSWORD, address="127.0.0.1", is_local=True)
    with db.write() as writing:
        token = sessions.claim(writing, ticket, device="")

    with db.read() as reading:
        assert sessions.find(reading, token).actor.username == "adam"
    with pytest.raises(Exception, match="expired"), db.write() as writing:
        sessions.claim(writing, ticket, device="")


def test_a_stranger_to_a_page_meets_the_designed_state(session, kam, open_page):
    session.commit()

    page = open_page("management/users.py", kam)

    assert page.title[0].value == "No access"
    assert "user:write" in page.info[0].value
    assert not page.dataframe


def test_signing_out_ends_the_session_in_every_tab(session, admin, open_page, cookie):
    session.commit()
    first = open_page("work/profile.py", admin)
    second = AppTest.from_file(str(FRAME), default_timeout=30).run()
    second = second.switch_page("../work/profile.py").run()
    assert second.title[0].value == "My profile"

    first.button(key="sign-out").click().run()
    second.run()

    assert [item.label for item in second.text_input] == ["User name", "Password or one-time code"]
    assert "opened_page" not in second.session_state


def test_a_deactivated_user_saves_nothing_with_the_next_click(session, admin, open_page):
    session.commit()
    page = open_page("work/profile.py", admin)
    field(page, "language", "language").set_value("ms")
    with db.write() as writing:
        users.create(writing, OPERATOR, users.UserDraft("second", "Second", roles=frozenset({Role.ADMIN})))
        users.deactivate(writing, OPERATOR, admin.user_id)

    page = submit(page, "language")

    with db.read() as reading:
        assert reading.get(User, admin.user_id).language == "en"
    assert [item.label for item in page.text_input] == ["User name", "Password or one-time code"]


def test_another_cookie_on_the_same_streamlit_session_inherits_nothing(
    session, admin, kam, open_page, cookie
):
    session.commit()
    page = open_page("work/profile.py", admin)
    page.session_state["belongs to adam"] = "secret"
    cookie["token"] = sign_in(kam)

    page.run()

    assert "belongs to adam" not in page.session_state
    assert "kam" not in shown(page)
    assert "Adam" not in shown(page)


def test_a_new_password_ends_every_other_session_but_not_this_one(session, admin, open_page, cookie):
    session.commit()
    elsewhere = sign_in(admin)
    page = open_page("work/profile.py", admin)
    field(page, "password", "old").set_value(PASSWORD)
    field(page, "password", "new").set_value("gunung-tinggi-subuh-9023")
    field(page, "password", "again").set_value("gunung-tinggi-subuh-9023")

    page = submit(page, "password")

    assert page.title[0].value == "My profile"
    with db.read() as reading:
        assert sessions.find(reading, elsewhere) is None
        assert sessions.find(reading, cookie["token"]) is not None


def test_what_is_wrong_is_said_under_its_field_and_what_was_typed_stays(session, admin, open_page):
    session.commit()
    page = open_page("work/profile.py", admin)
    field(page, "password", "old").set_value("not my password at all")
    field(page, "password", "new").set_value("gunung-tinggi-subuh-9023")
    field(page, "password", "again").set_value("gunung-tinggi-subuh-9023")

    page = submit(page, "password")

    assert "This is not your password." in [item.value for item in page.error]
    assert field(page, "password", "new").value == "gunung-tinggi-subuh-9023"


def test_a_one_time_code_opens_nothing_before_a_new_password_is_chosen(session, admin, open_page):
    code = credentials.reset_code(session, OPERATOR, admin.user_id)
    session.commit()

    ticket = sessions.sign_in("adam", code.lower(), address="127.0.0.1", is_local=True)
    assert ticket
    page = open_page("management/users.py", admin)

    assert page.title[0].value == "Choose a password"
    assert not page.dataframe
    field(page, "choose-password", "new").set_value("gunung-tinggi-subuh-9023")
    field(page, "choose-password", "again").set_value("gunung-tinggi-subuh-9023")
    page = submit(page, "choose-password")
    assert page.title[0].value == "Users"


def test_an_administrator_adds_a_user_and_sees_the_code_once(session, admin, open_page):
    session.commit()
    page = open_page("management/users.py", admin)
    field(page, "new-user", "username").set_value("Siti")
    field(page, "new-user", "name").set_value("Siti Aminah")
    field(page, "new-user", "roles").set_value([Role.MANAGER])
    field(page, "new-user", "confirmation").set_value(PASSWORD)

    page = submit(page, "new-user")

    code = page.code[0].value
    assert sessions.sign_in("siti", code, address="127.0.0.1", is_local=True)
    page = page.switch_page("../work/profile.py").run()
    page = page.switch_page("../management/users.py").run()
    assert not page.code


def test_a_user_without_the_own_password_again_is_not_added(session, admin, open_page):
    session.commit()
    page = open_page("management/users.py", admin)
    field(page, "new-user", "username").set_value("siti")
    field(page, "new-user", "name").set_value("Siti Aminah")
    field(page, "new-user", "roles").set_value([Role.ADMIN])

    page = submit(page, "new-user")

    assert "Type your own password to confirm." in [item.value for item in page.error]
    with db.read() as reading:
        assert [user.username for user in users.search(reading, admin)] == ["adam"]


def test_the_audit_shows_an_administrator_that_but_not_what(session, admin, kam, open_page):
    account = factories.account(session, kam, "K1")
    subject = Subject("account", str(account.id), account.code, account.id)
    audit.record(session, OPERATOR, "account:update", subject, {"name": ("Old Name", "New Name")})
    session.commit()

    page = open_page("management/audit.py", admin)
    table = page.dataframe[0].value

    assert list(table["Record"])[-1] == "K1"
    assert "Old Name" not in table.to_string()
    page.session_state["entries"] = {"selection": {"rows": [len(table) - 1], "columns": [], "cells": []}}
    page = page.run()
    assert "not yours to see" in page.info[0].value
    assert "Old Name" not in shown(page)


def test_the_sessions_page_lists_only_ones_own(session, admin, kam, open_page):
    session.commit()
    sign_in(kam)

    page = open_page("work/profile.py", admin)

    with db.read() as reading:
        assert reading.query(WebSession).count() == 2
    assert shown(page).count("Firefox, Windows") == 1
    assert Permission.USER_WRITE in admin.permissions
