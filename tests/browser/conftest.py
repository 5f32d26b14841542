"""A real browser, and a server of its own with a small demo company for it to walk through."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from core import config
from tests.conftest import CHROMIUM

WAIT = 40_000  # milliseconds; a small machine that does other things too is slow, not broken
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Opened at a page's address, Streamlit first asks below that address whether its server stands there.
PROBE = re.compile(r"^/[a-z]+/_stcore/(health|host-config)$")

expect.set_options(timeout=WAIT)


@dataclass(frozen=True)
class Site:
    """The running server and who can sign in there."""

    address: str
    passwords: dict[str, str]
    environment: dict[str, str]

    def ask(self, *arguments: str) -> str:
        """What a command answers, asked of the same store."""
        return _command(self.environment, *arguments)


def _command(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "core", *arguments]
    done = subprocess.run(
        command, check=False, env=environment, cwd=config.ROOT, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Utama on a free port of this machine, with a data folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("site")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UTAMA_")}
    environment |= {"UTAMA_DATA_DIR": str(folder), "UTAMA_PORT": str(port)}
    loaded = json.loads(
        _command(environment, "demo", "--accounts", "12", "--lines", "3000", "--seed", "1", "--json")
    )
    passwords = {person["username"]: person["passphrase"] for person in loaded["sign_ins"]}
    address = f"http://localhost:{port}"
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "core", "serve"]
        server = subprocess.Popen(command, env=environment, cwd=config.ROOT, stdout=log, stderr=log)
    try:
        _wait_for(address, server, folder / "server.log")
        yield Site(address, passwords, environment)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    log_text = (folder / "server.log").read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in log_text, log_text[-3000:]


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _attempt in range(120):
        assert server.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"The server did not answer: {log.read_text(encoding='utf-8', errors='replace')}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser of somebody's own; whatever they do, no page complains and nothing leaves this machine."""
    opened = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    opened.set_default_timeout(WAIT)
    complaints: list[str] = []
    hosts: set[str] = set()
    opened.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    opened.on("weberror", lambda error: complaints.append(str(error.error)))
    opened.on(
        "console",
        lambda message: (
            complaints.append(f"{message.text} {message.location.get('url')}")
            if message.type == "error" and not PROBE.match(urlsplit(message.location.get("url", "")).path)
            else None
        ),
    )
    yield opened
    opened.close()
    assert complaints == []
    assert {host for host in hosts if host} == {urlsplit(site.address).netloc}


@pytest.fixture
def enter(context: BrowserContext, site: Site) -> Callable[..., Page]:
    """`enter("aisyah", "/account")`: a tab in which she has signed in at this address."""

    def entered(username: str, path: str = "/") -> Page:
        page = context.new_page()
        page.goto(site.address + path)
        type_in(page, username, site.passwords[username])
        expect(form_of(page)).to_have_count(0)
        title_is(page, re.compile("."))  # the form also goes while the cookie is fetched
        return page

    return entered


def form_of(page: Page) -> Locator:
    return page.get_by_label("User name", exact=True)  # the search for users is named like it


def type_in(page: Page, username: str, password: str) -> None:
    expect(form_of(page)).to_be_visible()
    settled(page)  # what is typed while a page is still drawn may be drawn over
    form_of(page).fill(username)
    page.get_by_label("Password or one-time code").fill(password)
    expect(form_of(page)).to_have_value(username)
    page.get_by_role("button", name="Sign in").click()


def title_is(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()
    settled(page)


def click_twice(button: Locator) -> None:
    """Two clicks with nothing between them: of a slow machine's double click the second may meet the page beneath."""
    expect(button).to_be_enabled()
    button.evaluate("button => { button.click(); button.click(); }")


def settled(page: Page) -> None:
    """The page has been drawn to its end."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
