"""Who is asking, read anew from the store in every run; for those who may not see a page it ends here."""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import streamlit as st

from core import db, language, sessions
from core.auth import Actor
from core.errors import UtamaError
from core.language import _
from core.sessions import SignedIn
from core.vocabulary import Permission

log = logging.getLogger(__name__)

_BOUND = "bound_to"
_of_run = threading.local()
# Noting that somebody is still there must not wait for a long import, so it happens beside the page.
_noting = ThreadPoolExecutor(max_workers=1, thread_name_prefix="seen")


def cookie_token() -> str | None:
    """The token in this browser's session cookie; the only place that reads it."""
    return sessions.token_in(st.context.cookies)


def client_address() -> str:
    """Where the browser is, as far as the server can tell; a proxy that hides it makes it unknown."""
    address = st.context.ip_address
    forwarded = st.context.headers.get("x-forwarded-for")
    if isinstance(forwarded, str) and not isinstance(address, str):
        return "proxy"
    return address if isinstance(address, str) and address else "127.0.0.1"


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@contextmanager
def one_run(found: SignedIn) -> Iterator[None]:
    """For one run of a page it is settled who asks; a fragment's run of its own finds out anew."""
    _of_run.found = found
    try:
        yield
    finally:
        _of_run.found = None


def signed_in() -> SignedIn | None:
    """Who this browser's cookie belongs to right now; None ends what a former session left in this tab."""
    settled: SignedIn | None = getattr(_of_run, "found", None)
    if settled is not None:
        return settled
    token = cookie_token()
    found = None
    if token is not None:
        with db.read() as session:
            found = sessions.find(session, token)
    bound = st.session_state.get(_BOUND)
    mine = found.token_hash if found else None
    if bound is not None and bound != mine:
        # Signed out elsewhere, or another's cookie on this Streamlit session: nothing of it may be seen.
        st.session_state.clear()
    if found is None:
        return None
    st.session_state[_BOUND] = mine
    language.use(found.actor.language)
    if found.is_due:
        _noting.submit(_note, found.session_id)
    return found


def session_id() -> int:
    """The session of this browser; for nobody the page ends here."""
    found = signed_in()
    if found is None:
        require()
        st.stop()
    return found.session_id


def actor() -> Actor | None:
    """The person signed in, or nobody; also nobody while a new password is owed."""
    found = signed_in()
    return None if found is None or found.must_change_password else found.actor


def username() -> str:
    """The name of the person signed in, also while a new password is owed; for nobody the page ends here."""
    found = signed_in()
    return found.actor.username if found is not None else require().username


def require(permission: Permission | None = None) -> Actor:
    """The person signed in, who may do this; for anybody else the page ends here."""
    asking = actor()
    if asking is None:
        st.info(_("You are signed out. Load the page again to sign in."), icon=":material/lock:")
        st.stop()
    if permission is not None and not asking.may(permission):
        no_access(permission)
    return asking


def no_access(permission: Permission) -> None:
    """The state that a page shows to those who may not open it; the page ends here."""
    st.title(_("No access"))
    st.info(
        _("Your role does not open this page. Ask an administrator for the permission {name}.").format(
            name=permission.value
        ),
        icon=":material/lock:",
    )
    st.stop()


def sign_out() -> None:
    """End this browser's session, in every tab where it is open."""
    token = cookie_token()
    if token is not None:
        with db.write() as session:
            sessions.end_by_token(session, token)
    st.session_state.clear()


def _note(session_id: int) -> None:
    try:
        with db.write() as session:
            sessions.note_seen(session, session_id)
    except UtamaError:
        log.warning("Session %s could not be noted as seen", session_id)
