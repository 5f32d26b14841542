"""Guessing gets slower, sessions end when they should, and a ticket is good once."""

from datetime import timedelta

import pytest

from core import attempts, auth, clock, config, db, passwords, sessions
from core.errors import Forbidden, NotFound
from core.models import SignInAttempt, User
from core.vocabulary import Role
from tests import factories

PASSWORD = "lembah-hijau-petang-4471"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "rounds", lambda: 4)


@pytest.fixture
def later(monkeypatch):
    """Moves the clock on."""
    start, passed = clock.now(), [timedelta(0)]
    monkeypatch.setattr(clock, "now", lambda: start + passed[0])

    def move(**by):
        passed[0] += timedelta(**by)

    return move


@pytest.fixture
def anna(session):
    user = factories.user(session, "anna", Role.MANAGER)
    user.password_hash = passwords.hashed(PASSWORD)
    session.flush()
    actor = auth.actor_for(user)
    session.commit()
    return actor


def _sign_in(username="anna", password=PASSWORD, address="203.0.113.7", is_local=False):
    return sessions.sign_in(username, password, address=address, is_local=is_local)


def _token(actor):
    with db.write() as session:
        return sessions.claim(session, sessions._ticket(session, session.get(User, actor.user_id)), device="")


def _alive(token):
    with db.read() as session:
        return sessions.find(session, token) is not None


def test_a_thousand_guesses_get_at_most_ten_checks(session, anna, monkeypatch):
    checks = []
    fits = passwords.fits

    def counted(typed, stored):
        checks.append(typed)
        return fits(typed, stored)

    monkeypatch.setattr(passwords, "fits", counted)

    for number in range(1000):
        with pytest.raises(Forbidden):
            _sign_in(password=f"guess number {number}", address=f"203.0.113.{number % 250}")

    assert len(checks) <= 10


def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_never_lasts_for_ever(session, anna, later):
    #                      failures: 4  5  6  7   8 …    100
    waits = [attempts.delay(count, 5).total_seconds() for count in (4, 5, 6, 7, 8, 100)]
    assert waits == [0, 2, 4, 8, 16, 900]

    for _attempt in range(5):
        with pytest.raises(Forbidden, match="wrong"):
            _sign_in(password="not the password")
    with pytest.raises(Forbidden, match="Too many attempts"):
        _sign_in()
    later(seconds=3)
    assert _sign_in()


def test_a_refused_attempt_does_not_make_the_wait_longer(session, anna, later):
    for _attempt in range(5):
        with pytest.raises(Forbidden):
            _sign_in(password="not the password")
    for _attempt in range(50):
        with pytest.raises(Forbidden, match="Too many attempts"):
            _sign_in()

    later(seconds=3)

    assert _sign_in()


def test_an_unknown_name_is_slowed_down_like_a_known_one(session, anna, later):
    for name in ("anna", "nobody"):
        answers = []
        for number in range(6):
            with pytest.raises(Forbidden) as refused:
                _sign_in(name, "not the password", address=f"198.51.100.{number}")
            answers.append(refused.value.message.split()[0])
        assert answers == ["User"] * 5 + ["Too"]


def test_one_address_cannot_try_one_password_on_everybody(session, anna, later):
    tried = 0
    for number in range(40):
        with pytest.raises(Forbidden) as refused:
            _sign_in(f"person{number}", "Selamat-Pagi-2026")
        tried += "wrong" in refused.value.message

    assert tried == 20


def test_everybody_together_gets_a_hundred_checks_a_minute(session, anna, later):
    for number in range(100):
        with pytest.raises(Forbidden, match="wrong"):
            _sign_in(f"person{number}", "not the password", address=f"address {number}")

    with pytest.raises(Forbidden, match="Too many attempts"):
        _sign_in(address="another address")
    later(seconds=61)
    assert _sign_in(address="another address")


def test_an_attempt_counts_before_it_is_checked(session, anna, monkeypatch):
    def broken(typed, stored):
        raise RuntimeError("the process dies here")

    monkeypatch.setattr(passwords, "fits", broken)
    with pytest.raises(RuntimeError):
        _sign_in()

    with db.read() as reading:
        assert reading.query(SignInAttempt).filter_by(username="anna", outcome="failed").count() == 1


def test_a_deactivated_user_does_not_get_in_with_the_right_password(session, anna):
    with db.write() as writing:
        writing.get(User, anna.user_id).is_active = False

    with pytest.raises(Forbidden, match="wrong"):
        _sign_in()


def test_people_of_the_demo_sign_in_only_on_the_machine_itself(session, anna):
    with db.write() as writing:
        writing.get(User, anna.user_id).is_demo = True

    with pytest.raises(Forbidden, match="demo company"):
        _sign_in(is_local=False)
    assert _sign_in(is_local=True, address="127.0.0.1")


def test_a_ticket_is_good_for_a_minute_and_once(session, anna, later):
    ticket = _sign_in()
    with db.write() as writing:
        sessions.claim(writing, ticket, device="")
    with pytest.raises(Forbidden), db.write() as writing:
        sessions.claim(writing, ticket, device="")

    late = _sign_in()
    later(seconds=61)
    with pytest.raises(Forbidden), db.write() as writing:
        sessions.claim(writing, late, device="")
    with pytest.raises(Forbidden), db.write() as writing:
        sessions.claim(writing, "", device="")


def test_a_session_ends_after_half_an_hour_of_silence(session, anna, later):
    token = _token(anna)

    later(minutes=29)
    with db.write() as writing:
        sessions.note_seen(writing, sessions.find(writing, token).session_id)
    later(minutes=29)
    assert _alive(token)
    later(minutes=1)
    assert not _alive(token)


def test_a_session_ends_after_twelve_hours_whoever_clicks(session, anna, later):
    token = _token(anna)

    for _quarter in range(47):
        later(minutes=15)
        with db.write() as writing:
            sessions.note_seen(writing, sessions.find(writing, token).session_id)
    assert _alive(token)
    later(minutes=15)
    assert not _alive(token)


def test_signing_in_again_ends_the_session_the_browser_had(session, anna):
    former = _token(anna)
    ticket = _sign_in()

    with db.write() as writing:
        fresh = sessions.claim(writing, ticket, device="", former_token=former)

    assert not _alive(former)
    assert _alive(fresh)


def test_a_change_of_roles_holds_from_the_next_step_on(session, anna):
    token = _token(anna)
    with db.write() as writing:
        user = writing.get(User, anna.user_id)
        user.roles = []

    with db.read() as reading:
        assert sessions.find(reading, token).actor.permissions == frozenset()


def test_nobody_ends_anothers_session(session, other_kam, anna):
    token = _token(anna)
    with db.write() as writing:
        number = sessions.find(writing, token).session_id
        with pytest.raises(NotFound):
            sessions.end(writing, other_kam, number)

    assert _alive(token)
    with db.write() as writing:
        sessions.end(writing, auth.actor_for(writing.get(User, anna.user_id)), number)
    assert not _alive(token)


def test_the_store_keeps_no_token_and_no_ticket_that_could_be_used(session, anna):
    ticket = _sign_in()
    token = _token(anna)

    with db.read() as reading:
        kept = [row.token_hash for row in reading.query(sessions.WebSession)]
        kept += [row.ticket_hash for row in reading.query(sessions.SignInTicket)]
    assert ticket not in kept
    assert token not in kept


@pytest.mark.parametrize(
    ("public_url", "host", "cookie"),
    [
        ("", "localhost", "__Host-utama"),
        ("", "127.0.0.1", "__Host-utama"),
        ("", "utama.lan", "utama"),
        ("http://utama.lan", "utama.lan", "utama"),
        ("https://utama.example.com", "utama.example.com", "__Host-utama"),
    ],
)
def test_the_cookie_is_protected_wherever_the_browser_allows_it(monkeypatch, public_url, host, cookie):
    monkeypatch.setenv("UTAMA_PUBLIC_URL", public_url)
    config.load.cache_clear()

    assert sessions.cookie_for(host) == cookie
    assert cookie in sessions.cookie_names()


def test_behind_https_the_unprotected_cookie_counts_for_nothing(monkeypatch):
    monkeypatch.setenv("UTAMA_PUBLIC_URL", "https://utama.example.com")
    config.load.cache_clear()

    assert sessions.token_in({"utama": "planted over http"}) is None
    assert sessions.token_in({"utama": "planted", "__Host-utama": "real"}) == "real"
