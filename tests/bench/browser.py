"""Browser time from navigation to the last chart of Portfolio, in Chromium."""

from __future__ import annotations

import os
import shutil
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from tests.bench.reruns import PEOPLE
from tests.bench.stores import Store
from tests.bench.visitors import Server, served, tokens

VISITS = 7
CHROMIUM = (
    os.environ.get("UTAMA_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
)
# The last time anything was drawn into a chart, and the first time the title stood.
_WATCH = """
window.drawn = 0; window.titled = 0;
new MutationObserver(changes => {
  const now = performance.now();
  if (!window.titled && document.querySelector('h1')) window.titled = now;
  for (const change of changes)
    for (const node of change.addedNodes)
      if (node.nodeType === 1 && (node.closest('.js-plotly-plot') || node.querySelector('.main-svg')))
        window.drawn = now;
}).observe(document, {childList: true, subtree: true});
"""


def measure(store: Store, *, constants: bool = False) -> dict[str, float]:
    """Milliseconds until the last chart stands (`portfolio`) and until the title of an empty page does (`empty`)."""
    with served(store, constants=constants) as server, sync_playwright() as playwright:
        token = tokens(store, PEOPLE["director"])[0]
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            _visit(browser, server, token, "portfolio", "drawn")  # fills the server's caches
            return {
                page: median(_visit(browser, server, token, page, mark) for _visit_no in range(VISITS))
                for page, mark in (("portfolio", "drawn"), ("empty_page", "titled"))
            }
        finally:
            browser.close()


def _visit(browser: Browser, server: Server, token: str, page_name: str, mark: str) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        address = f"http://localhost:{server.port}"
        context.add_cookies(
            [
                {
                    "name": "__Host-utama",
                    "value": token,
                    "url": address.replace("http:", "https:"),
                    "secure": True,
                }
            ]
        )
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(f"{address}/{page_name}")
        for _look in range(300):  # asked from outside: the page's own rules forbid to wait inside it
            page.wait_for_timeout(200)
            if page.evaluate(f"window.{mark} > 0 && performance.now() - window.{mark} > 1200"):
                break
        return float(page.evaluate(f"window.{mark}"))
    finally:
        context.close()


def show(store: dict[str, float], constants: dict[str, float], title: str) -> None:
    print(f"\n{title}\n")
    print(f"Portfolio, last chart         {store['portfolio']:>8.0f} ms")
    print(f"the same from constants       {constants['portfolio']:>8.0f} ms")
    print(f"ratio                         {store['portfolio'] / constants['portfolio']:>8.2f}")
    print(f"empty page, its title         {store['empty_page']:>8.0f} ms")
