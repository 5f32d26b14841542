"""A form keeps what was typed, says what is wrong where it was typed, and saves once."""

from decimal import Decimal

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from core import auth, db, language, passwords, settings, users
from core.auth import OPERATOR
from core.errors import Invalid
from core.models import AuditEntry, User
from core.users import UserDraft
from core.vocabulary import Role
from pages.ui import field_values, forms, typing_numbers
from tests import factories
from tests.pages.conftest import field, submit

PASSWORD = "lembah-hijau-petang-4471"


@pytest.fixture
def admin(session):
    user = factories.user(session, "adam", Role.ADMIN)
    user.password_hash = passwords.hashed(PASSWORD)
    return auth.actor_for(user)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("", None),
        ("  ", None),
        ("1234.5", "1234.5"),
        ("1,234.50", "1234.5"),
        ("RM 1,234.5678", "1234.5678"),
        ("-3", "-3"),
        ("\u22123.25", "-3.25"),
        ("0", "0"),
        ("0.1", "0.1"),
    ],
)
def test_an_amount_is_read_exactly_as_it_is_typed(typed, number):
    assert typing_numbers.read(typed, 4) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    "typed", ["abc", "1,23", "1.2.3", "12,34,567", "1.23456", "nan", "inf", "1e3", "RM", "9" * 20, "=1+1"]
)
def test_what_is_no_amount_is_never_guessed(typed):
    with pytest.raises(Invalid):
        typing_numbers.read(typed, 4)


@pytest.mark.parametrize("number", ["0", "0.0001", "-12.5", "1234567.8901", "99999999999999"])
@pytest.mark.parametrize("spoken", ["en", "ms"])
def test_a_number_shown_is_read_back_as_the_same(number, spoken):
    language.use(spoken)

    assert typing_numbers.read(typing_numbers.shown(Decimal(number)), 4) == Decimal(number)


def test_text_that_somebody_typed_is_no_markdown():
    assert forms.plain("![x](http://a/b) **b** `c` :red[d] $e$") == (
        r"\!\[x\]\(http\://a/b\) \*\*b\*\* \`c\` \:red\[d\] \$e\$"
    )


def test_the_second_of_two_clicks_saves_nothing_more(session, admin, open_page):
    session.commit()
    page = open_page("work/profile.py", admin)
    box = field(page, "language", "language")
    nonce = box.key.rsplit("/", 1)[1]
    # The first click has come through on the server; the page's second click carries the same nonce.
    with db.write(once=nonce, actor_name="adam") as writing:
        users.choose_language(writing, admin, "ms")
    box.set_value("ms")

    page = submit(page, "language")

    assert not page.error
    with db.read() as reading:
        assert reading.query(AuditEntry).filter_by(action="user:update").count() == 1
    assert field(page, "language", "language").key.rsplit("/", 1)[1] != nonce


@pytest.fixture
def click_meanwhile(monkeypatch):
    """`click_meanwhile(users, "choose_language")`: while it works, the browser sends what it has once more."""

    def patched(module, name, *, again=True):
        works = getattr(module, name)

        def interrupted(*given, **named):
            found = works(*given, **named)
            monkeypatch.setattr(module, name, works)
            run = get_script_run_ctx()
            sent = run.session_state.get_widget_states() if again else []
            run.script_requests.request_rerun(
                RerunData(
                    query_string=run.query_string,
                    page_script_hash=run.page_script_hash,
                    widget_states=WidgetStates(widgets=sent),
                )
            )
            return found

        monkeypatch.setattr(module, name, interrupted)

    return patched


@pytest.mark.parametrize("again", [True, False], ids=["the button again", "something else"])
def test_a_click_during_the_saving_loses_neither_message_nor_undo(
    session, admin, kam, open_page, click_meanwhile, again
):
    session.commit()
    page = open_page("work/profile.py", admin)
    nonce = field(page, "language", "language").key.rsplit("/", 1)[1]
    field(page, "language", "language").set_value("ms")
    click_meanwhile(users, "choose_language", again=again)

    page = submit(page, "language")

    assert not page.error
    assert [toast.value for toast in page.toast] == ["Language saved."]
    assert field(page, "language", "language").key.rsplit("/", 1)[1] != nonce
    with db.read() as reading:
        assert reading.query(AuditEntry).filter_by(action="user:update").count() == 1


def test_what_a_cut_off_saving_leaves_is_offered_to_be_undone(session, admin, open_page, click_meanwhile):
    session.commit()
    page = open_page("management/settings.py", admin)
    field(page, "settings", "company").set_value("Cut off Sdn Bhd")
    click_meanwhile(settings, "update")

    page = submit(page, "settings")

    (undo,) = [button for button in page.button if button.label == "Undo"]
    with db.read() as reading:
        assert settings.get(reading).company == "Cut off Sdn Bhd"
    page = undo.click().run()
    assert [toast.value for toast in page.toast] == ["Undone."]
    with db.read() as reading:
        assert settings.get(reading).company == ""


def test_a_conflict_shows_both_values_and_saving_again_decides(session, admin, kam, open_page):
    session.commit()
    page = open_page("management/users.py", admin)
    page.session_state["users"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    page = page.run()
    form = f"user-{kam.user_id}"
    field(page, form, "name").set_value("Anna Typed")
    with db.write() as writing:
        version = users.get(writing, OPERATOR, kam.user_id).version
        draft = UserDraft("anna", "Anna Stored", roles=frozenset({Role.MANAGER}))
        users.update(writing, OPERATOR, kam.user_id, draft, version=version)

    page = submit(page, form)

    assert any("Anna Stored" in item.value for item in page.warning)
    assert any("Somebody else" in item.value for item in page.error)
    assert field(page, form, "name").value == "Anna Typed"
    with db.read() as reading:
        assert reading.get(User, kam.user_id).name == "Anna Stored"
    page = submit(page, form)
    with db.read() as reading:
        assert reading.get(User, kam.user_id).name == "Anna Typed"


def test_a_form_left_and_opened_again_shows_what_is_stored_now(session, admin, kam, open_page):
    session.commit()
    page = open_page("management/users.py", admin)
    page.session_state["users"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    page = page.run()
    form = f"user-{kam.user_id}"
    assert field(page, form, "name").value == "Anna"
    page = page.switch_page("../work/profile.py").run()
    with db.write() as writing:
        writing.get(User, kam.user_id).name = "Anna Stored"

    page = page.switch_page("../management/users.py").run()
    page.session_state["users"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    page = page.run()

    assert field(page, form, "name").value == "Anna Stored"


@pytest.mark.parametrize(
    ("stored", "typed", "alike"),
    [
        (None, "", True),
        ("", None, True),
        ("a", "a", True),
        ("a", "b", False),
        (frozenset({1, 2}), [2, 1], True),
        (("en",), ["ms"], False),
        (Decimal("1.50"), Decimal("1.5"), True),
        (None, Decimal(0), False),
        (False, True, False),
    ],
)
def test_a_conflict_speaks_only_of_fields_that_differ(stored, typed, alike):
    assert field_values.same(stored, typed) is alike


def test_a_stored_value_is_shown_in_the_words_of_its_field():
    roles = field_values.label({Role.MANAGER: "Key account manager", Role.VIEWER: "Viewer"})

    assert (
        field_values.as_text(frozenset({Role.VIEWER, Role.MANAGER}), roles) == "Key account manager, Viewer"
    )
    assert field_values.as_text(Role.VIEWER, roles) == "Viewer"
    assert field_values.as_text("somebody", roles) == "somebody"
    assert field_values.as_text(True) == "Yes"
    assert field_values.as_text([]) == "–"
