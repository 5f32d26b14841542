"""The main paths as people walk them, in a real browser against a server of its own with a small demo company."""

import csv
import io
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
from tests.conftest import CHROMIUM, needs_chromium

pytestmark = needs_chromium

WAIT = 20_000  # milliseconds; a small machine that does other things too is slow, not broken
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
        _type_in(page, username, site.passwords[username])
        expect(_form(page)).to_have_count(0)
        _title(page, re.compile("."))  # the form also goes while the cookie is fetched
        return page

    return entered


def _form(page: Page) -> Locator:
    return page.get_by_label("User name")


def _type_in(page: Page, username: str, password: str) -> None:
    _form(page).fill(username)
    page.get_by_label("Password or one-time code").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _title(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()
    _settled(page)


def _settled(page: Page) -> None:
    """The page has been drawn to its end."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


@pytest.fixture(scope="module")
def hers(site: Site) -> dict[str, str]:
    """Aisyah's accounts: code → name."""
    return {row["code"]: row["name"] for row in _rows(site, "accounts", "aisyah")}


def _rows(site: Site, kind: str, username: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(site.ask("export", kind, "--as", username))))


def test_a_wrong_password_is_refused_and_the_right_one_leads_to_today(context, site):
    page = context.new_page()
    page.goto(site.address)

    _type_in(page, "aisyah", "not the password at all")
    expect(page.get_by_text("User name or password is wrong.")).to_be_visible()
    _type_in(page, "aisyah", site.passwords["aisyah"])

    _title(page, "Today")
    assert urlsplit(page.url).path == "/today"


def test_no_script_can_read_the_session_cookie(enter, context):
    page = enter("aisyah")
    _title(page, "Today")

    (cookie,) = [cookie for cookie in context.cookies() if "utama" in cookie["name"]]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["value"] not in page.evaluate("document.cookie")
    assert cookie["value"] not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


def test_a_link_to_an_account_survives_the_sign_in(enter, site, hers):
    code, name = next(iter(hers.items()))

    page = enter("aisyah", f"/account?account={code}")

    _title(page, name)
    assert page.url == f"{site.address}/account?account={code}"


def test_the_portfolio_shows_figures_and_pictures_that_open(enter, site):
    page = enter("aisyah", "/portfolio")
    _title(page, "Portfolio")

    expect(page.get_by_test_id("stMetric")).to_have_count(6)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.get_by_role("button", name="Rows").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Sum of the net amount of all order lines")).to_be_visible()
    drawer.get_by_role("tab", name="Order lines").click()
    expect(drawer.get_by_text(re.compile(r"in \d+ order lines"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_a_row_of_the_portfolio_opens_its_account(enter, hers):
    page = enter("aisyah", "/portfolio")
    _title(page, "Portfolio")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)

    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    table.click(position={"x": 80, "y": 56})
    page.wait_for_url(re.compile(r"/account\?account="))
    _title(page, hers[page.url.partition("account=")[2]])


def test_who_chooses_malay_is_spoken_to_in_malay(enter):
    page = enter("kumar", "/profile")
    _title(page, "My profile")

    page.get_by_role("combobox", name="Language").click()
    page.get_by_role("option", name="Bahasa Melayu").click()
    page.get_by_role("button", name="Save", exact=True).click()

    _title(page, "Profil saya")
    page.get_by_role("link", name="Portfolio").click()
    expect(page.get_by_text("Hasil bersih").first).to_be_visible()


def test_a_file_is_checked_applied_and_undone(enter, site, tmp_path):
    account = _rows(site, "accounts", "meiling")[0]["code"]
    product = _rows(site, "products", "meiling")[0]["code"]
    file = tmp_path / "orders.csv"
    file.write_text(
        "order_no,ordered_on,account,product,quantity,unit_price\n"
        f"BROWSER-1,2026-01-12,{account},{product},2,10.50\n"
        f"BROWSER-2,2026-01-13,{account},{product},1,10.50\n",
        encoding="utf-8",
    )
    page = enter("meiling", "/data")
    _title(page, "Data & import")

    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("button", name="Apply 2 rows")).to_be_visible()
    assert _ours(site) == []
    page.get_by_role("button", name="Apply 2 rows").click()
    expect(page.get_by_text("2 rows applied from orders.csv")).to_be_visible()
    assert _ours(site) == ["BROWSER-1", "BROWSER-2"]

    _settled(page)
    batches = page.get_by_test_id("stDataFrame").last
    batches.scroll_into_view_if_needed()
    batches.click(position={"x": 12, "y": 56})
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_role("button", name=re.compile(r"Undo import \d+")).click()
    expect(page.get_by_text(re.compile(r"Import \d+ is undone"))).to_be_visible()
    assert _ours(site) == []


def _ours(site: Site) -> list[str]:
    return sorted(
        row["order_no"] for row in _rows(site, "orders", "meiling") if row["order_no"].startswith("BROWSER")
    )


def test_signing_out_in_one_tab_ends_the_other_at_its_next_click(enter, context, site):
    first = enter("aisyah")
    _title(first, "Today")
    second = context.new_page()
    second.goto(f"{site.address}/profile")
    _title(second, "My profile")

    first.get_by_role("button", name="Aisyah Rahman").click()
    first.get_by_role("button", name="Sign out").click()
    expect(_form(first)).to_be_visible()
    assert [cookie for cookie in context.cookies() if "utama" in cookie["name"]] == []
    second.get_by_role("link", name="Audit").click()

    expect(_form(second)).to_be_visible()
    expect(second.get_by_text("Aisyah")).to_have_count(0)


def test_the_keyboard_alone_signs_in(context, site):
    page = context.new_page()
    page.goto(site.address)
    expect(_form(page)).to_be_visible()
    _settled(page)

    for _press in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "User name":
            break
    page.keyboard.type("priya")
    page.keyboard.press("Tab")
    page.keyboard.type(site.passwords["priya"])
    page.keyboard.press("Enter")

    _title(page, "Today")


@pytest.mark.parametrize(
    ("username", "paths"),
    [
        ("aisyah", ("today", "portfolio", "account", "account?account={code}", "data", "audit", "profile")),
        ("farah", ("users", "settings", "audit")),
    ],
)
def test_no_page_is_wider_than_a_phone_or_a_desk(enter, site, hers, username, paths):
    code = next(iter(hers))
    page = enter(username)
    too_wide = []
    for path in paths:
        page.set_viewport_size({"width": 390, "height": 844})  # opened on a phone, then turned to a desk
        page.goto(f"{site.address}/{path.format(code=code)}")
        _title(page, re.compile("."))
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_timeout(300)  # the layout follows the window
            found = page.evaluate(
                "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
                ".map(area => area.scrollWidth)"
            )
            if max(found) > width:
                too_wide.append((path, width, found))
    assert too_wide == []
