"""Pages opened as a person would open them: by their address, through the frame, with a session of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import config, db, passwords, sessions
from core.auth import Actor
from core.models import User
from pages.ui import gate

FRAME = config.ROOT / "pages" / "ui" / "frame.py"

OpenPage = Callable[..., AppTest]


@pytest.fixture
def store(sqlite_store: str) -> str:
    """What pages ask runs on both databases in tests/core; here it is drawn once."""
    return sqlite_store


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "rounds", lambda: 4)


@pytest.fixture
def cookie(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """What the browser's session cookie holds: the one thing that these tests replace."""
    held: dict[str, str | None] = {"token": None}
    monkeypatch.setattr(gate, "cookie_token", lambda: held["token"])
    return held


@pytest.fixture
def open_page(cookie: dict[str, str | None]) -> OpenPage:
    """`open_page("accounts/portfolio.py", kam, owner="2")`: the page for this person, or for nobody.

    Commit the rows first: the page reads them through its own session.
    """

    def opened(path: str, actor: Actor | None, **query: str) -> AppTest:
        cookie["token"] = sign_in(actor) if actor is not None else None
        page = AppTest.from_file(str(FRAME), default_timeout=30)
        page.run()
        for name, value in query.items():
            page.query_params[name] = value
        return page.switch_page(f"../{path}").run()

    return opened


def sign_in(actor: Actor) -> str:
    """A new session of this user; the token that their cookie would hold."""
    assert actor.user_id is not None
    with db.write() as session:
        user = session.get(User, actor.user_id)
        assert user is not None
        return sessions.claim(session, sessions._ticket(session, user), device="Firefox/1 Windows")


def field(page: AppTest, form: str, name: str) -> Any:
    """The widget of a form's field; its key changes with every saving."""
    for kind in ("text_input", "text_area", "selectbox", "multiselect", "checkbox", "date_input"):
        for widget in page.get(kind):
            if (widget.key or "").startswith(f"{form}/{name}/"):
                return widget
    raise AssertionError(f"The form {form} has no field {name}.")


def submit(page: AppTest, form: str) -> AppTest:
    """Press the form's button."""
    for button in page.get("form_submit_button") or page.button:
        if (button.key or "").startswith(f"{form}/submit/"):
            return button.click().run()
    raise AssertionError(f"The form {form} has no button.")


def shown(page: AppTest) -> str:
    """Everything that the page says, for looking whether something is said at all."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "error", "warning", "success", "metric")
    return "\n".join(str(getattr(item, "value", "")) for kind in kinds for item in page.get(kind))
