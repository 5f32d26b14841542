"""The server as it is really started: what it refuses, what it hides, and what it hands out only to the signed in."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from core import config, db, sessions, startup
from core.errors import Unavailable
from core.models import User
from core.vocabulary import Role
from tests import factories

COMMAND = [sys.executable, "-m", "core", "serve"]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    port: int
    process: subprocess.Popen
    log: Path

    def ask(self, method, path, host=None, **headers):
        """The status, the headers and the body of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Host": host or f"localhost:{self.port}", **named})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8", "replace")

    @property
    def origin(self):
        return f"http://localhost:{self.port}"


def _start(environment, log):
    with log.open("wb") as out:
        return subprocess.Popen(
            COMMAND, cwd=config.ROOT, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT
        )


def _wait(server):
    for _second in range(120):
        assert server.process.poll() is None, server.log.read_text()
        try:
            if server.ask("GET", "/healthz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.25)
    raise AssertionError(server.log.read_text())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One store for the server and for the tests that look at what it did."""
    folder = tmp_path_factory.mktemp("server")
    return {
        "UTAMA_DATA_DIR": str(folder),
        "UTAMA_DATABASE_URL": f"sqlite:///{folder / 'store.db'}",
        "UTAMA_PORT": str(_free_port()),
    }


@pytest.fixture(scope="module")
def served(place):
    server = Server(int(place["UTAMA_PORT"]), None, Path(place["UTAMA_DATA_DIR"]) / "log.txt")
    server.process = _start(place, server.log)
    try:
        _wait(server)
        yield server
    finally:
        server.process.kill()
        server.process.wait()


@pytest.fixture
def server(served, place, monkeypatch):
    """The running server, with this test looking at the same store."""
    monkeypatch.setenv("UTAMA_DATABASE_URL", place["UTAMA_DATABASE_URL"])
    db.reset()
    config.load.cache_clear()
    return served


@pytest.fixture
def ticket(server):
    """A sign-in that was right, waiting for the browser to fetch its cookie."""
    with db.write() as session:
        user = session.query(User).filter_by(username="anna").one_or_none()
        user = user or factories.user(session, "anna", Role.MANAGER)
        return sessions._ticket(session, user)


def _claim(server, ticket, **headers):
    sent = {"Origin": server.origin, "Sec_Fetch_Site": "same-origin", **headers}
    return server.ask("POST", "/session/claim", X_Ticket=ticket, **sent)


def _cookie(server, ticket):
    return _claim(server, ticket)[1]["set-cookie"].split(";")[0]


def test_a_monitor_needs_no_sign_in(server):
    status, _headers, body = server.ask("GET", "/healthz")

    assert (status, body) == (200, "ok\n")


@pytest.mark.parametrize(
    "path", ["/", "/portfolio", "/healthz", "/_stcore/health", "/media/x.pdf", "/_stcore/metrics"]
)
def test_every_answer_has_the_protective_headers_and_no_servers_name(server, path):
    _status, headers, _body = server.ask("GET", path)

    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["server"] is None


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io:8501", "[::ffff"]
)
def test_another_host_name_gets_a_sentence_and_nothing_else(server, host):
    status, _headers, body = server.ask("GET", "/", host=host or " ")

    assert status == 400
    assert "UTAMA_PUBLIC_URL" in body


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/agent", "/_stcore/agent/openapi.json", "/_stcore/agent/interact"]
)
def test_what_tells_about_the_inside_is_not_there(server, path):
    assert server.ask("GET", path)[0] == 404
    assert server.ask("POST", path)[0] == 404


def test_files_are_for_the_signed_in_and_are_not_kept_by_browsers(server, ticket):
    status, headers, _body = server.ask("GET", "/media/0123456789abcdef.pdf")
    assert (status, headers["cache-control"]) == (401, "no-store")
    assert server.ask("GET", "/media/x.pdf", Cookie="__Host-utama=made-up")[0] == 401

    status, headers, _body = server.ask("GET", "/media/x.pdf", Cookie=_cookie(server, ticket))
    assert (status, headers["cache-control"]) == (404, "no-store")


def test_uploads_are_for_the_signed_in(server):
    assert server.ask("PUT", "/_stcore/upload_file/some-session/some-file")[0] == 401


def test_the_ticket_becomes_a_cookie_that_no_script_reads(server, ticket):
    status, headers, _body = _claim(server, ticket)

    assert status == 200
    cookie = headers["set-cookie"]
    assert cookie.startswith("__Host-utama=")
    for flag in ("HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=43200"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert headers["cache-control"] == "no-store"


def test_a_ticket_claimed_twice_is_refused(server, ticket):
    assert _claim(server, ticket)[0] == 200
    status, headers, _body = _claim(server, ticket)

    assert status == 403
    assert headers["set-cookie"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_site_cannot_sign_anybody_in(server, ticket, headers):
    status, answered, _body = _claim(server, ticket, **headers)

    assert status == 403
    assert answered["set-cookie"] is None


def test_a_request_that_hides_where_it_comes_from_is_refused(server, ticket):
    assert server.ask("POST", "/session/claim", X_Ticket=ticket)[0] == 403
    assert server.ask("POST", "/session/end")[0] == 403
    assert server.ask("GET", "/session/claim", X_Ticket=ticket)[1]["set-cookie"] is None


def test_signing_out_makes_the_old_cookie_worthless(server, ticket):
    cookie = _cookie(server, ticket)
    status, headers, _body = server.ask("POST", "/session/end", Origin=server.origin, Cookie=cookie)

    assert status == 200
    assert 'utama="";' in headers["set-cookie"]
    assert server.ask("GET", "/media/x.pdf", Cookie=cookie)[0] == 401


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", "http://evil.example"),
        ("evil.example", "http://evil.example"),
        ("evil.example", None),
    ],
)
def test_the_pages_channel_is_closed_to_other_sites_and_names(server, host, origin):
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        address = f"ws://{host}:{server.port}/_stcore/stream"
        with pytest.raises(InvalidStatus) as refused, connect(address, sock=raw, origin=origin):
            pass

    assert refused.value.response.status_code == 403


def test_secrets_are_for_their_owner_only(server, place):
    kept = Path(place["UTAMA_DATA_DIR"]) / "secrets" / "cookie"

    assert len(kept.read_text()) >= 32
    if os.name != "nt":
        assert kept.stat().st_mode & 0o077 == 0


def _refusal(tmp_path, **environment):
    """What a start says that cannot be."""
    done = subprocess.run(
        COMMAND,
        cwd=config.ROOT,
        env={**os.environ, "UTAMA_DATA_DIR": str(tmp_path), "UTAMA_PORT": str(_free_port()), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"UTAMA_PROT": "9000"}, "did you mean UTAMA_PORT"),
        ({"UTAMA_PORT": "ninety"}, "UTAMA_PORT cannot be used"),
        ({"UTAMA_SECRET": "some_key"}, "UTAMA_SECRET is too weak"),
        ({"UTAMA_SECRET": "changeme" * 8}, "UTAMA_SECRET is too weak"),
        ({"STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false"}, "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION"),
        ({"STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full"}, "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS"),
        ({"STREAMLIT_SERVER_ALLOWED_HOSTS": "*"}, "STREAMLIT_SERVER_ALLOWED_HOSTS"),
        ({"STREAMLIT_SERVER_TRUSTED_USER_HEADERS": "{}"}, "STREAMLIT_SERVER_TRUSTED_USER_HEADERS"),
        ({"UTAMA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}, "does not answer"),
        ({"UTAMA_DATA_DIR": "/proc/utama"}, "/proc/utama"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_of_starting_is_one_sentence(tmp_path, environment, said):
    if "/proc/utama" in environment.values() and sys.platform != "linux":
        pytest.skip("Only Linux has a folder that nobody may write.")
    assert said in _refusal(tmp_path, **environment)


def test_a_port_in_use_is_said(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        assert f"Port {port}" in _refusal(tmp_path, UTAMA_PORT=str(port))


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_another_python_is_refused(version):
    with pytest.raises(Unavailable, match=r"3\.11 to 3\.13"):
        startup.check_python(version)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no interrupt signal to send.")
def test_it_starts_without_users_says_how_to_make_one_and_stops_cleanly(tmp_path):
    environment = {
        "UTAMA_DATA_DIR": str(tmp_path),
        "UTAMA_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}",
        "UTAMA_PORT": str(_free_port()),
        "PYTHONUNBUFFERED": "1",
    }
    server = Server(int(environment["UTAMA_PORT"]), None, tmp_path / "log.txt")
    server.process = _start(environment, server.log)
    try:
        _wait(server)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=20) == 0
    finally:
        server.process.kill()

    said = server.log.read_text()
    assert "python -m core user add" in said
    assert f"http://localhost:{server.port}" in said
    assert "Traceback" not in said


def test_the_hosts_are_this_machine_and_the_public_name(monkeypatch):
    monkeypatch.setenv("UTAMA_PUBLIC_URL", "https://utama.example.com")
    monkeypatch.setenv("UTAMA_HOST", "0.0.0.0")
    config.load.cache_clear()

    assert startup.allowed_hosts() == ["localhost", "127.0.0.1", "utama.example.com"]
