"""What stands between the network and the pages: hosts, headers, hidden endpoints, files only for the signed in."""

from __future__ import annotations

from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import config, db, sessions
from core.errors import UtamaError
from core.language import _

# The one inline script of Streamlit's index page is named by its hash; components come as blobs.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' blob: 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HIDDEN = ("/_stcore/metrics", "/_stcore/agent")
_FILES = ("/media/", "/_stcore/upload_file")


class Protection:
    """ASGI middleware around everything that Utama serves."""

    def __init__(self, app: ASGIApp, hosts: list[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        await (refusal or self.app)(scope, receive, _with_headers(scope, send))

    async def _refusal(self, scope: Scope) -> ASGIApp | None:
        path = scope["path"]
        if path == "/healthz":
            return None
        host = Headers(scope=scope).get("host", "")
        if _host_name(host) not in self.hosts:
            return PlainTextResponse(
                _(
                    "Utama does not answer under this address. "
                    "Set UTAMA_PUBLIC_URL to the address that people use, and start it again.\n"
                ),
                status_code=400,
            )
        if any(path == hidden or path.startswith(f"{hidden}/") for hidden in _HIDDEN):
            return PlainTextResponse("Not Found", status_code=404)
        if path.startswith(_FILES) and not await to_thread.run_sync(_is_signed_in, Headers(scope=scope)):
            return PlainTextResponse(_("Sign in first."), status_code=401)
        return None


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_signed_in(headers: Headers) -> bool:
    token = sessions.token_in(cookie_parser(headers.get("cookie", "")))
    if token is None:
        return False
    try:
        with db.read() as session:
            return sessions.find(session, token) is not None
    except UtamaError:
        return False  # the store does not answer: nobody is let in


def _with_headers(scope: Scope, send: Send) -> Send:
    private = scope["path"].startswith((*_FILES, "/session/"))

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            if private:
                headers["cache-control"] = "no-store"
            if config.load().public_url.startswith("https://"):
                headers["strict-transport-security"] = "max-age=31536000"
            if "server" in headers:
                del headers["server"]
        await send(message)

    return with_headers


def comes_from_here(request: Request) -> bool:
    """Whether a page of this very site sent the request, as far as its browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")
