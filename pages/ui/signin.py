"""The sign-in form, the way from it to the session cookie, and the new password that a one-time code asks for."""

from __future__ import annotations

import logging
from typing import Any

import streamlit as st
from streamlit_authenticator import Authenticate

from core import credentials, db, language, sessions, users
from core.errors import UtamaError
from core.language import LANGUAGES, _
from core.sessions import SignedIn
from pages.ui import forms, gate

log = logging.getLogger(__name__)

# The browser posts the ticket itself: only an answer to it can set a cookie that no script reads.
_POST = """
export default function ({ data, parentElement }) {
  const note = parentElement.querySelector("p");
  if (note.dataset.posted) return;
  note.dataset.posted = "yes";
  fetch(data.path, { method: "POST", headers: { "X-Ticket": data.ticket }, credentials: "same-origin" })
    .then((answer) => answer.json())
    .then((answer) => {
      if (answer.error) { note.textContent = answer.error; return; }
      window.location.reload();
    })
    .catch(() => { note.textContent = data.failed; });
}
"""


class _Form(Authenticate):  # type: ignore[misc]
    """The library draws the form; what is typed is checked by core, and the session is ours.

    Its own constructor is left out on purpose: it would mount a cookie that scripts can read.
    """

    def __init__(self) -> None:
        self.path = None
        self.attrs = {"login_sleep_time": 0}
        self.cookie_controller = _NoCookie()
        self.authentication_controller = _Typed()


class _NoCookie:
    def get_cookie(self) -> None:
        """There is none: gate reads ours."""


class _Typed:
    """Takes what was typed in place of the library's own check."""

    def __init__(self) -> None:
        self.username: str | None = None
        self.password = ""

    def login(self, username: str, password: str, *_limits: Any, **_options: Any) -> bool:
        self.username, self.password = username, password
        return False  # whoever is right gets a ticket, nothing of the library


def show() -> None:
    """The sign-in form in place of the page; its address stays, so that a link leads on afterwards."""
    language.use(_preferred())
    with st.container(horizontal_alignment="center"):
        area = st.container(width=420).empty()
    form = _Form()
    with area.container():
        if not _anybody():
            st.info(
                _(
                    "Nobody can sign in yet. Make the first user on the server: `python -m core user add NAME`."
                )
            )
        form.login(
            key="sign-in",
            fields={
                "Form name": _("Sign in"),
                "Username": _("User name"),
                "Password": _("Password or one-time code"),
                "Login": _("Sign in"),
            },
        )
        ticket = _checked(form.authentication_controller)
    if ticket is not None:
        with area.container():
            _post("/session/claim", ticket, _("Signing in …"))


def sign_out() -> None:
    """End the session everywhere it is open, and take its cookie from the browser."""
    gate.sign_out()
    _post("/session/end", "", _("Signing out …"))
    st.stop()


def choose_password(found: SignedIn) -> None:
    """After a one-time code: no page opens before a new password is chosen."""
    with st.container(horizontal_alignment="center"), st.container(width=420):
        st.title(_("Choose a password"))
        st.markdown(_("The one-time code is used up. From now on you sign in with a password of your own."))
        with forms.form("choose-password") as form:
            new = form.password("new", _("New password"), new=True, help=_("At least 12 characters."))
            again = form.password("again", _("The same again"), new=True)
            submitted = form.submit(_("Save"))
        if submitted and forms.same(form, new, again):
            with form.saving(_("Password saved.")) as session:
                credentials.change_password(session, found.actor, "", new, session_id=found.session_id)
        if st.button(_("Sign out"), type="tertiary"):
            sign_out()


def _checked(typed: _Typed) -> str | None:
    """The ticket for what was typed; a refusal is said under the form."""
    if typed.username is None:
        return None
    address = gate.client_address()
    try:
        return sessions.sign_in(
            typed.username, typed.password, address=address, is_local=gate.is_loopback(address)
        )
    except UtamaError as error:
        # `%r` keeps a name with a line break in it on one line of the log.
        log.warning("Sign-in of %r from %r was refused", typed.username[:100], address)
        st.error(error.message)
        return None


def _post(path: str, ticket: str, message: str) -> None:
    component = st.components.v2.component("post_and_reload", html="<p></p>", js=_POST)
    st.markdown(message)
    component(
        key=f"post {path}",
        data={"path": path, "ticket": ticket, "failed": _("The server did not answer. Load the page again.")},
    )


def _anybody() -> bool:
    with db.read() as session:
        return users.exist(session)


def _preferred() -> str:
    """The first language of the browser that Utama speaks."""
    locale = st.context.locale
    code = locale.split("-")[0].lower() if isinstance(locale, str) else ""
    return code if code in LANGUAGES else language.DEFAULT
