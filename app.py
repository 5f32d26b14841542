"""Utama in a browser: the server around the pages. `python -m core serve` starts it."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import streamlit as st
from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from streamlit import config as streamlit_config

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from core import db, schema, sessions, startup  # noqa: E402  (found through the path set above)
from core.errors import Forbidden, UtamaError  # noqa: E402
from core.language import _  # noqa: E402
from core.protection import Protection, comes_from_here  # noqa: E402
from pages.ui import renewal  # noqa: E402

log = logging.getLogger("utama")
# Parts that draw are imported before the first visitor comes, when no page runs yet: nothing to warn of. A filter,
# since Streamlit sets the level of its loggers anew as it starts.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(
    lambda record: record.levelno >= logging.ERROR
)


async def healthz(request: Request) -> Response:
    """200 while the store answers; monitors need no sign-in."""
    try:
        await to_thread.run_sync(startup.check_store)
    except UtamaError:
        return PlainTextResponse("the store does not answer\n", status_code=503)
    return PlainTextResponse("ok\n")


async def claim(request: Request) -> Response:
    """Turn the one-time ticket of a sign-in into the session cookie, which no script can read."""
    if not comes_from_here(request):
        return JSONResponse({"error": _("This request did not come from Utama's own page.")}, status_code=403)
    ticket = request.headers.get("x-ticket", "")
    host = request.url.hostname or ""
    try:
        token = await to_thread.run_sync(_claim, ticket, request)
    except Forbidden as error:
        return JSONResponse({"error": error.message}, status_code=403)
    except UtamaError as error:
        return JSONResponse({"error": error.message}, status_code=503)
    name = sessions.cookie_for(host)
    if name == sessions.PLAIN_COOKIE:
        log.warning("Signed in over plain http on %s: use https, others on the network can read this.", host)
    response = JSONResponse({"signed_in": True})
    response.set_cookie(
        name,
        token,
        max_age=int(sessions.LONGEST.total_seconds()),
        path="/",
        secure=name == sessions.SECURE_COOKIE,
        httponly=True,
        samesite="strict",
    )
    return response


def _claim(ticket: str, request: Request) -> str:
    with db.write() as session:
        return sessions.claim(
            session,
            ticket,
            device=request.headers.get("user-agent", ""),
            former_token=sessions.token_in(request.cookies),
        )


async def end(request: Request) -> Response:
    """Sign out: end the session and take the cookie away."""
    if not comes_from_here(request):
        return JSONResponse({"error": _("This request did not come from Utama's own page.")}, status_code=403)
    token = sessions.token_in(request.cookies)
    if token is not None:
        await to_thread.run_sync(_end, token)
    response = JSONResponse({"signed_in": False})
    for name in (sessions.SECURE_COOKIE, sessions.PLAIN_COOKIE):
        secure = name == sessions.SECURE_COOKIE
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="strict")
    return response


def _end(token: str) -> None:
    with db.write() as session:
        sessions.end_by_token(session, token)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Warm what the first visitor would wait for, and keep it out of every later garbage collection."""
    await to_thread.run_sync(schema.upgrade)
    await to_thread.run_sync(_warm)
    startup.spare_collector()
    ending = renewal.start()
    yield
    ending.set()
    db.reset()


def _warm() -> None:
    import pandas  # noqa: F401, ICN001
    import plotly.graph_objects  # noqa: F401
    import streamlit_authenticator  # noqa: F401
    from streamlit.elements import arrow, plotly_chart  # noqa: F401

    startup.check_store()


def number_and_log(error: Exception) -> bool:
    """A bug: the log has it whole under a number, the person gets the number."""
    if isinstance(error, UtamaError):
        st.error(error.message)
        return True
    number = uuid4().hex[:8]
    log.error("Error %s on a page", number, exc_info=error)
    st.error(
        _("Something went wrong that should not have. Tell your administrator the number {number}.").format(
            number=number
        )
    )
    return True


startup.check()
streamlit_config.set_option("server.cookieSecret", startup.secret())
streamlit_config.set_option("server.allowedHosts", startup.allowed_hosts())

app = st.App(
    ROOT / "pages" / "ui" / "frame.py",
    routes=[
        Route("/healthz", healthz),
        Route("/session/claim", claim, methods=["POST"]),
        Route("/session/end", end, methods=["POST"]),
    ],
    middleware=[Middleware(Protection, hosts=startup.allowed_hosts())],
    lifespan=lifespan,
    on_script_error=number_and_log,
)
