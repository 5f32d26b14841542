"""Every form by keyboard alone, by two people at once, with a double click, on one screen: one walk for each."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import WAIT, Site, click_twice, settled, title_is, type_in
from tests.conftest import needs_chromium

pytestmark = needs_chromium

WIDE = {"width": 1440, "height": 900}
Opener = Callable[[Page], None]


@dataclass(frozen=True)
class Form:
    """One form: how it is reached, what is typed where, and what the store holds once it is saved."""

    name: str
    path: str
    opens: tuple[str, ...]  # buttons, tabs and choices on the way, each by keyboard
    fill: Callable[[Page, str], None]
    submit: str
    stored: str  # a query for the value
    action: str  # the audit's word; it stands there once for each saving
    hers: str = "Her word"
    his: str | None = "His word"  # None: nobody else can edit it
    said: str = ""  # his value as the conflict says it
    wrong: tuple[str, str, str] | None = None  # field, what is typed, the sentence below it
    undo: bool = True
    marked: str | None = None  # field that holds what was typed after the conflict
    lost: str = ""  # typed before the line is lost: nobody typed it in another walk


class Store:
    """The store behind the running server, read past it."""

    def __init__(self, site: Site) -> None:
        self._file = Path(site.environment["UTAMA_DATA_DIR"]) / "utama.db"

    def one(self, query: str) -> Any:
        with sqlite3.connect(self._file, timeout=20) as store:
            row = store.execute(query).fetchone()
        return None if row is None else row[0]

    def change(self, statement: str) -> None:
        with sqlite3.connect(self._file, timeout=20) as store:
            store.execute(statement)

    def saved(self, action: str) -> int:
        return int(self.one(f"SELECT count(*) FROM audit_entries WHERE action = '{action}'"))


@pytest.fixture(scope="module")
def store(site: Site) -> Store:
    """Two directors who are administrators too, see everything and read English: they meet in every form."""
    found = Store(site)
    for name in ("rosalind", "zulaikha"):
        number = found.one(f"SELECT id FROM users WHERE username = '{name}'")
        found.change(f"INSERT OR IGNORE INTO user_roles (user_id, role) VALUES ({number}, 'admin')")
        found.change(f"DELETE FROM user_regions WHERE user_id = {number}")
    found.change("UPDATE users SET language = 'en'")
    return found


@pytest.fixture(scope="module")
def people(chromium: Browser, site: Site, store: Store) -> Iterator[tuple[Page, Page]]:
    """Her browser and his, each signed in once for all forms."""
    pages = []
    for name in ("rosalind", "zulaikha"):
        context = chromium.new_context(viewport=WIDE, locale="en-GB")
        context.set_default_timeout(WAIT)
        page = context.new_page()
        page.goto(site.address + "/profile")
        type_in(page, name, site.passwords[name])
        title_is(page, re.compile("My profile"))
        pages.append(page)
    yield pages[0], pages[1]
    for page in pages:
        page.context.close()


def dialog_of(page: Page) -> Locator:
    """The dialog; a popover calls itself one too."""
    return page.locator('[role="dialog"]:not([data-testid="stPopoverBody"])')


def area(page: Page) -> Locator:
    """The dialog that is open, or the page itself."""
    dialog = dialog_of(page)
    return dialog if dialog.count() else page.get_by_test_id("stMain")


def press_to(page: Page, label: str, presses: int = 120) -> None:
    """Press Tab until the field, or the button, of this name has the focus; it may still have to be drawn."""
    there = area(page).get_by_label(label).or_(area(page).get_by_role("button", name=label))
    expect(there.first).to_be_attached()
    settled(page)
    for _press in range(presses):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "(() => { const e = document.activeElement;"
            " return [e.getAttribute('aria-label') || '', e.innerText || ''].join('|'); })()"
        )
        if any(one.strip() == label or one.strip().endswith("\n" + label) for one in found.split("|")):
            return
    raise AssertionError(f"Tab does not lead to {label}")


def reach(page: Page, name: str) -> None:
    """Open what is called so, by keyboard: a button, a tab, or `field=choice` of a list."""
    field, _sign, choice = name.partition("=")
    if choice:
        area(page).get_by_role("combobox", name=field, exact=True).focus()
        page.keyboard.type(choice, delay=20)
        page.keyboard.press("Enter")
    elif name == "first row":
        to_grid(page)
        page.keyboard.press("Shift+Space")
    elif (tab := area(page).get_by_role("tab", name=name, exact=True)).count():
        tab.focus()
        page.keyboard.press("Enter")
    else:
        inside = dialog_of(page).count()
        found = area(page).get_by_role("button", name=name).or_(page.get_by_role("button", name=name))
        found.first.focus()
        page.keyboard.press("Enter")
        if name != "Views" and not inside:
            expect(dialog_of(page)).to_be_visible()
    page.wait_for_timeout(300)
    settled(page)


def text(label: str) -> Callable[[Page, str], None]:
    """Tab to the field and type over what stands there."""

    def fill(page: Page, word: str) -> None:
        press_to(page, label)
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.keyboard.type(word)
        page.keyboard.press("Tab")

    return fill


def coded(label: str, code: str) -> Callable[[Page, str], None]:
    """A code first, then the field of this name."""

    def fill(page: Page, word: str) -> None:
        text("Code")(page, code)
        text(label)(page, word)

    return fill


def to_grid(page: Page) -> None:
    """Tab into the next grid, onto its first cell."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    page.wait_for_timeout(300)
    walk(page, "ArrowDown", "ArrowUp", "Home")


def walk(page: Page, *moves: str) -> None:
    for key in moves:
        page.keyboard.press(key)
        page.wait_for_timeout(150)


def type_over(page: Page, word: str) -> None:
    """Open the cell, type over it and close it: a key pressed before it is open would be lost."""
    page.keyboard.press("Enter")
    editor = page.locator("#portal input, #portal textarea").first
    expect(editor).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type(word, delay=60)
    page.keyboard.press("Enter")
    expect(editor).to_have_count(0)
    page.wait_for_timeout(400)
    settled(page)


def cell(*moves: str) -> Callable[[Page, str], None]:
    """Tab into the grid, walk to a cell and type over it."""

    def fill(page: Page, word: str) -> None:
        to_grid(page)
        walk(page, *moves)
        type_over(page, word)

    return fill


def own_cell(*moves: str) -> Callable[[Page, str], None]:
    """The same in a grid that stands in no form: the page is drawn anew once it has what was typed."""

    def fill(page: Page, word: str) -> None:
        to_grid(page)
        walk(page, *moves)
        page.evaluate(
            """() => {
                const app = document.querySelector('[data-testid="stApp"]');
                window.runs = 0;
                new MutationObserver(() => { window.runs += 1; })
                    .observe(app, {attributeFilter: ["data-test-script-state"]});
            }"""
        )
        type_over(page, word)
        page.wait_for_function("window.runs > 0")
        settled(page)

    return fill


def one_line(page: Page, product: str, quantity: str) -> None:
    to_grid(page)
    type_over(page, product)
    walk(page, "ArrowUp", "Home", "ArrowRight")
    type_over(page, quantity)


def credit_note(page: Page, number: str) -> None:
    text("Number")(page, number)
    one_line(page, "SC-105", "1")


def _account(field: str) -> str:
    return f"SELECT {field} FROM accounts WHERE code = 'KA-0001'"


_PRODUCT = "(SELECT code FROM products ORDER BY id LIMIT 1)"
_ACCOUNT = "/account?account=KA-0001"
_LISTED = (
    "SELECT price / 10000.0 FROM list_prices WHERE superseded_at IS NULL AND valid_to IS NULL "
    "AND product_id = (SELECT id FROM products ORDER BY {order} LIMIT 1)"
)
FORMS = [
    Form(
        "account", _ACCOUNT, ("Edit",), text("Industry"), "Save", _account("industry"), "account:update",
        wrong=("Name", "", "Give the account a name."), marked="Industry", lost="Word before the loss",
    ),
    Form(
        "team", _ACCOUNT, ("Edit", "Team"), cell(), "Save team",
        "SELECT u.name FROM team_members m JOIN users u ON u.id = m.user_id "
        f"WHERE m.account_id = ({_account('id')})",
        "account:team", "Kumar Selvarajan", "Priya Nadarajan", "Priya Nadarajan member",
    ),
    Form(
        "deputy", _ACCOUNT, ("Edit", "Team"), cell("ArrowRight"), "Save team",
        "SELECT CASE m.role WHEN 'deputy' THEN 'Deputy' ELSE 'Team member' END FROM team_members m "
        f"WHERE m.account_id = ({_account('id')})",
        "account:team", "Team member", "Deputy", "deputy", lost="Team member",
    ),
    Form(
        "codes", _ACCOUNT, ("Edit", "Codes elsewhere"), cell("ArrowRight"), "Save codes",
        f"SELECT min(code) FROM account_codes WHERE account_id = ({_account('id')})",
        "account:codes", "111HERS", "222HIS", "222HIS",
    ),
    Form(
        "group", "/portfolio", ("Groups", "Group=Senduduk"), text("Name"), "Save",
        "SELECT name FROM groups WHERE code = (SELECT code FROM groups ORDER BY id LIMIT 1)", "group:update",
        wrong=("Code", "", "Give the group a code"), marked="Name",
    ),
    Form(
        "product", "/products?product={product}", ("Edit",), text("Name"), "Save",
        f"SELECT name FROM products WHERE code = {_PRODUCT}", "product:update",
        wrong=("Name", "", "Give the product a name."), marked="Name",
    ),
    Form(
        "list price", "/products?product={product}", ("Edit", "List price"), text("List price per unit"),
        "Publish", _LISTED.format(order="id"), "product:price", "91.25", "81.75", "81.75",
        wrong=("List price per unit", "much", "Type a number"), marked="List price per unit",
    ),
    Form(
        "list prices", "/products", ("List prices",), cell("ArrowRight", "ArrowRight", "ArrowRight"),
        "Publish", _LISTED.format(order="lower(name)"), "product:price", "66.25", "55.75", "55.75",
    ),
    Form(
        "targets", "/targets", (), own_cell("ArrowRight"), "Save",
        "SELECT net_revenue_amount / 10000.0 FROM targets WHERE superseded_at IS NULL "
        "ORDER BY recorded_at DESC LIMIT 1",
        "target:set", "123456.75", "654321.25", "654,321.25", lost="135791.25",
    ),
    Form(
        "order", f"{_ACCOUNT}&account_tab=Orders", ("Orders", "first row", "Change"), cell("ArrowRight"), "Save",
        "SELECT quantity / 1000 FROM order_lines WHERE order_no = 'H-1'", "order:update", "7", "5", "5 ×",
        lost="9",
    ),
    Form(
        "credit note", f"{_ACCOUNT}&account_tab=Orders", ("Orders", "New order", "What it is=Credit note"),
        credit_note, "Book it", "SELECT max(order_no) FROM order_lines WHERE order_no LIKE 'CN-%'",
        "order:create", "CN-1", his=None, lost="CN-2",
    ),
    Form(
        "settings", "/settings", (), text("Name"), "Save settings",
        "SELECT json_extract(value, '$') FROM settings WHERE key = 'company'", "setting:update",
        wrong=("Fall against last year", "7", "Give a share between 0 and 1"), marked="Name",
    ),
    Form(
        "user", "/users?search=haziq", ("first row",), text("Name"), "Save",
        "SELECT name FROM users WHERE username = 'haziq'", "user:update", undo=False,
        wrong=("Name", "", "name"), marked="Name",
    ),
    Form(
        "new account", "/portfolio", ("New account",), coded("Name", "TWICE"), "Create account",
        "SELECT count(*) FROM accounts WHERE name = 'Her word'", "account:create", his=None,
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def ready(people: tuple[Page, Page], site: Site, store: Store) -> str:
    """An order that was booked by hand is there to be changed; the code of the first product."""
    product, page = str(store.one(f"SELECT {_PRODUCT}")), people[1]
    page.goto(site.address + f"{_ACCOUNT}&account_tab=Orders")
    title_is(page, re.compile("."))
    reach(page, "Orders")
    reach(page, "New order")
    text("Number")(page, "H-1")
    one_line(page, product, "3")
    press_to(page, "Book it")
    page.keyboard.press("Enter")
    expect(dialog_of(page)).to_have_count(0)
    return product


def opened(page: Page, site: Site, form: Form, product: str) -> None:
    page.goto(site.address + form.path.format(product=product))
    title_is(page, re.compile("."))
    for name in form.opens:
        reach(page, name)
    expect(area(page).get_by_role("button", name=form.submit, exact=True).first).to_be_visible()
    settled(page)


def press_submit(page: Page, form: Form) -> None:
    press_to(page, form.submit)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_two_people_meet_in_a_form_and_a_double_click_saves_once(form, people, site, store, ready):
    hers, his = people
    before, saved = store.one(form.stored), store.saved(form.action)
    opened(hers, site, form, ready)
    fits_one_screen(hers)
    if form.wrong:
        is_refused_under_its_field(hers, form)
    if form.his is not None:
        opened(his, site, form, ready)
        form.fill(his, form.his)
        press_submit(his, form)
        expect(his.get_by_role("button", name="Undo")).to_have_count(1 if form.undo else 0)
        expect(dialog_of(his)).to_have_count(0)
        poll(lambda: same(store.one(form.stored), form.his))
        form.fill(hers, form.hers)
        press_submit(hers, form)
        expect(
            area(hers).get_by_text(re.compile(f"Saved meanwhile: .*{form.said or form.his}"))
        ).to_be_visible()
        settled(hers)
        assert same(store.one(form.stored), form.his)
        if form.marked:
            expect(area(hers).get_by_label(form.marked, exact=True)).to_have_value(form.hers)
        before = store.one(form.stored)
    else:
        form.fill(hers, form.hers)
    click_twice(area(hers).get_by_role("button", name=form.submit, exact=True))
    poll(lambda: store.saved(form.action) > saved + (form.his is not None))
    if form.undo:
        expect(hers.get_by_role("button", name="Undo")).to_be_visible()
    settled(hers)
    hers.wait_for_timeout(400)
    assert store.saved(form.action) == saved + 1 + (form.his is not None)
    if form.his is not None:
        assert same(store.one(form.stored), form.hers)
    if form.undo:
        hers.get_by_role("button", name="Undo").focus()
        hers.keyboard.press("Enter")
        expect(hers.get_by_text("Undone.")).to_be_visible()
        assert store.one(form.stored) == before


def same(stored: Any, typed: str) -> bool:
    return str(stored) == typed or (
        isinstance(stored, int | float) and str(float(stored)) == str(float(typed))
    )


def poll(holds: Callable[[], bool]) -> None:
    """Wait until something holds in the store."""
    for _tenth in range(WAIT // 100):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("The store did not come to hold it.")


def fits_one_screen(page: Page) -> None:
    dialog = dialog_of(page)
    if dialog.count():
        box = dialog.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= WIDE["height"], box


def is_refused_under_its_field(page: Page, form: Form) -> None:
    assert form.wrong is not None
    label, typed, sentence = form.wrong
    field = area(page).get_by_label(label, exact=True).first
    stored = field.input_value()
    text(label)(page, typed)
    press_submit(page, form)
    said = area(page).get_by_test_id("stAlert").filter(has_text=sentence).first
    expect(said).to_be_visible()
    settled(page)
    at, below = field.bounding_box(), said.bounding_box()
    assert at is not None
    assert below is not None
    assert 0 <= below["y"] - (at["y"] + at["height"]) < 60, (at, below)
    expect(field).to_have_value(typed)
    text(label)(page, stored)


def test_a_reason_on_today_is_dealt_with_once_by_whoever_is_first(people, site, store, ready):
    hers, his = people
    for page in (hers, his):
        page.goto(site.address + "/today")
        title_is(page, "Today")
        reach(page, "Done or later")
    fits_one_screen(hers)
    done = store.saved("attention:done") + store.saved("attention:decide")
    text("What was done (optional)")(his, "Called them")
    click_twice(area(his).get_by_role("button", name="Done", exact=True))
    expect(dialog_of(his)).to_have_count(0)

    text("Why it can wait")(hers, "Next week")
    press_to(hers, "Put off")
    hers.keyboard.press("Enter")
    expect(area(hers).get_by_text("has dealt with this meanwhile")).to_be_visible()
    expect(area(hers).get_by_label("Why it can wait")).to_have_value("Next week")
    assert store.one("SELECT count(*) FROM attention_decisions") == 1
    his.get_by_role("button", name="Undo").focus()
    his.keyboard.press("Enter")
    expect(his.get_by_text("Undone.")).to_be_visible()

    press_to(hers, "Put off")
    hers.keyboard.press("Enter")
    expect(dialog_of(hers)).to_have_count(0)
    query = "SELECT reason FROM attention_decisions WHERE withdrawn_at IS NULL"
    assert (done, store.one(query)) == (done, "Next week")


def test_a_view_is_kept_once_and_two_tabs_that_change_it_see_both(people, site, store):
    one = people[0]
    other = one.context.new_page()
    one.goto(site.address + "/revenue?rows=product")
    title_is(one, "Revenue")
    reach(one, "Views")
    reach(one, "Keep this view")
    fits_one_screen(one)
    text("Name of the view")(one, "By product")
    click_twice(area(one).get_by_role("button", name="Keep", exact=True))
    expect(dialog_of(one)).to_have_count(0)
    assert store.one("SELECT count(*) FROM saved_views") == 1

    for page in (one, other):
        page.goto(site.address + "/revenue")
        title_is(page, "Revenue")
        reach(page, "Views")
        page.get_by_test_id("stPopoverBody").get_by_role("button").nth(1).focus()
        page.keyboard.press("Enter")
        expect(dialog_of(page)).to_be_visible()
        settled(page)
    for page in (other, one):
        press_to(page, "Offer it to everybody")
        page.keyboard.press("Space")
        press_to(page, "Save")
        page.keyboard.press("Enter")
        settled(page)
    # Both wanted the same, so there is nothing to show; the second still has to look at it once.
    expect(area(one).get_by_text("You changed this view elsewhere meanwhile")).to_be_visible()
    assert store.one("SELECT is_shared FROM saved_views") == 1
    area(one).get_by_role("button", name="Remove this view").focus()
    one.keyboard.press("Enter")
    expect(area(one).get_by_text("You changed this view elsewhere meanwhile").last).to_be_visible()
    one.keyboard.press("Enter")
    poll(lambda: store.one("SELECT count(*) FROM saved_views") == 0)
    other.close()


def test_a_merge_shows_what_somebody_changed_meanwhile_and_is_done_and_undone_once(people, site, store):
    hers, his = people
    hers.goto(site.address + _ACCOUNT)
    title_is(hers, re.compile("."))
    for name in ("Edit", "Merge", "The other account=KA-0005"):
        reach(hers, name)
    expect(area(hers).get_by_role("button", name="Merge the accounts")).to_be_visible()
    fits_one_screen(hers)
    his.goto(site.address + "/account?account=KA-0005")
    title_is(his, re.compile("."))
    reach(his, "Edit")
    text("Industry")(his, "Changed meanwhile")
    press_to(his, "Save")
    his.keyboard.press("Enter")
    expect(dialog_of(his)).to_have_count(0)

    area(hers).get_by_role("checkbox").last.focus()
    hers.keyboard.press("Space")
    press_to(hers, "Merge the accounts")
    hers.keyboard.press("Enter")
    expect(area(hers).get_by_text("Somebody else changed KA-0005 meanwhile.")).to_be_visible()
    assert store.saved("account:merge") == 0
    click_twice(area(hers).get_by_role("button", name="Merge the accounts"))
    expect(dialog_of(hers)).to_have_count(0)
    assert store.one("SELECT count(*) FROM account_mergers") == 1

    hers.get_by_role("button", name="Undo the merge").first.focus()
    hers.keyboard.press("Enter")
    click_twice(hers.get_by_test_id("stPopoverBody").get_by_role("button", name="Undo the merge"))
    poll(lambda: store.one("SELECT count(*) FROM account_mergers WHERE undone_at IS NULL") == 0)


LOST = [form for form in FORMS if form.lost]


@pytest.mark.parametrize("form", LOST, ids=lambda form: form.name)
def test_what_was_typed_before_the_line_was_lost_stays_and_is_saved(form, people, site, store, ready):
    context = people[0].context
    lines: list[WebSocketRoute] = []

    def through(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    page = context.new_page()
    page.route_web_socket(re.compile("/_stcore/stream"), through)
    opened(page, site, form, ready)
    before = store.one(form.stored)
    form.fill(page, form.lost)
    count = len(lines)
    lines[-1].close()
    poll(
        lambda: (page.wait_for_timeout(200), len(lines) > count)[1]
    )  # the page finds its line again by itself
    assert store.one(form.stored) == before
    page.wait_for_selector('[data-test-connection-state="CONNECTED"]')
    settled(page)
    press_submit(page, form)
    poll(lambda: same(store.one(form.stored), form.lost))
    page.close()
