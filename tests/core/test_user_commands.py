"""Users are made and helped from the command line too, before anybody can sign in."""

import json
import sys

import pytest
from typer.testing import CliRunner

from core import db, passwords, sessions, users
from core.__main__ import app, main
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.vocabulary import Role

PASSWORD = "lembah-hijau-petang-4471"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "rounds", lambda: 4)


def _run(*words, typed=None):
    done = CliRunner().invoke(app, list(words), input=typed)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def _enters(username, password):
    try:
        return bool(sessions.sign_in(username, password, address="127.0.0.1", is_local=True))
    except Forbidden:
        return False


def test_the_first_user_is_administrator_and_director_and_enters_with_the_printed_code(store):
    done = _run("user", "add", "Siti", "--name", "Siti Aminah")

    with db.read() as session:
        row = users.named(session, OPERATOR, "siti")
    assert row.roles == {Role.ADMIN, Role.DIRECTOR}
    assert row.sees_cost
    assert _enters("siti", done.stdout.split()[-1])


def test_later_users_get_the_roles_that_are_said_and_no_more(store):
    _run("user", "add", "siti")

    done = _run("user", "add", "kumar", "--role", "manager", "--json")

    assert json.loads(done.stdout)["roles"] == ["manager"]
    with db.read() as session:
        assert not users.named(session, OPERATOR, "kumar").sees_cost
    with pytest.raises(Invalid):
        _run("user", "add", "nobody")


def _refused(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["utama", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_a_refusal_names_every_field_and_what_is_wrong_with_it(store, monkeypatch, capsys):
    _run("user", "add", "siti")

    said = _refused(monkeypatch, capsys, "user", "add", "n", "--language", "fr")

    assert said.splitlines() == [
        "Some fields need another look.",
        "  username: A user name has 2 to 64 letters, digits, dots or hyphens, without spaces.",
        "  roles: Choose at least one role.",
        "  language: Choose one of the list.",
    ]


def test_a_refusal_of_one_field_says_its_sentence_once():
    sentence = "Choose a day after today."

    assert Invalid(sentence, fields={"until_on": sentence}).spelled_out() == f"until_on: {sentence}"
    assert Invalid(sentence).spelled_out() == sentence


def test_a_password_from_standard_input_is_never_printed(store):
    done = _run("user", "add", "siti", "--password-stdin", typed=f"{PASSWORD}\n")

    assert PASSWORD not in done.output
    assert _enters("siti", PASSWORD)
    with pytest.raises(Invalid):
        _run("user", "password", "siti", "--password-stdin", typed="short\n")


def test_a_new_code_takes_the_old_password(store):
    _run("user", "add", "siti", "--password-stdin", typed=f"{PASSWORD}\n")

    code = _run("user", "password", "siti").stdout.split()[-1]

    assert not _enters("siti", PASSWORD)
    assert _enters("siti", code)


def test_a_deactivated_user_is_listed_as_such_and_is_out(store):
    _run("user", "add", "siti", "--password-stdin", typed=f"{PASSWORD}\n")
    _run("user", "add", "adam", "--role", "admin")

    _run("user", "disable", "siti")

    assert not _enters("siti", PASSWORD)
    listed = {row["username"]: row["is_active"] for row in json.loads(_run("user", "list", "--json").stdout)}
    assert listed == {"adam": True, "siti": False}
    with pytest.raises(Conflict):
        _run("user", "disable", "adam")


def test_nobody_acts_beyond_the_permissions_of_the_user_they_act_as(store):
    _run("user", "add", "siti")
    _run("user", "add", "kumar", "--role", "manager")

    with pytest.raises(Forbidden):
        _run("user", "list", "--as", "kumar")
    with pytest.raises(NotFound):
        _run("user", "disable", "nobody")
