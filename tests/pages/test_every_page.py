"""Every page for everybody: who may open it, and that it tells nobody of an account that is not theirs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import accounts, auth, clock, db, rollups, targets, teams
from core.auth import OPERATOR
from core.models import Account, ImportBatch
from core.vocabulary import BatchKind, BatchStatus, Permission, Role, TeamRole
from pages.ui import navigation
from tests import factories

BENS = "ZZBEN"  # stands in every text of Ben's
PEOPLE = ("nobody", "anna", "ben", "rita", "dora", "vera", "adam")
EVERYBODY = frozenset(PEOPLE[1:])
READERS = EVERYBODY - {"adam"}  # the administrator runs the place and sees no account

# Who may open which page; a new page needs its line here.
MAY_OPEN = {
    "work/home.py": EVERYBODY,
    "work/profile.py": EVERYBODY,
    "work/today.py": READERS,
    "accounts/portfolio.py": READERS,
    "accounts/account.py": READERS,
    "accounts/revenue.py": READERS,
    "market/products.py": READERS,
    "market/competitors.py": READERS,
    "management/bridge.py": READERS,
    "accounts/targets.py": READERS,
    "accounts/orders.py": READERS,
    "management/kpis.py": READERS,
    "management/forecast.py": READERS,
    "commercial/rounds.py": READERS,
    "commercial/terms.py": READERS,
    "commercial/xray.py": READERS,
    "commercial/floors.py": frozenset({"rita", "dora"}),
    "commercial/loyalty.py": READERS,
    "commercial/programmes.py": frozenset({"rita", "dora"}),
    "commercial/replay.py": frozenset({"rita", "dora"}),
    "management/approvals.py": frozenset({"anna", "ben", "rita", "dora"}),
    "management/data.py": frozenset({"anna", "ben", "rita", "dora"}),
    "management/users.py": frozenset({"adam"}),
    "management/audit.py": EVERYBODY - {"vera"},
    "management/settings.py": frozenset({"adam"}),
}
TITLES = {
    "work/profile.py": "My profile",
    "work/today.py": "Today",
    "accounts/portfolio.py": "Portfolio",
    "accounts/account.py": "Account",
    "accounts/revenue.py": "Revenue",
    "market/products.py": "Products",
    "market/competitors.py": "Competitors",
    "management/bridge.py": "Revenue bridge",
    "accounts/targets.py": "Targets",
    "accounts/orders.py": "Orders & delivery",
    "management/kpis.py": "Directors' KPIs",
    "management/forecast.py": "Forecast",
    "commercial/rounds.py": "Price rounds",
    "commercial/terms.py": "Price terms",
    "commercial/xray.py": "Price X-ray",
    "commercial/floors.py": "Floor prices",
    "commercial/loyalty.py": "Loyalty",
    "commercial/programmes.py": "Programmes",
    "commercial/replay.py": "Replay lab",
    "management/approvals.py": "Approvals",
    "management/data.py": "Data & import",
    "management/users.py": "Users",
    "management/audit.py": "Audit",
    "management/settings.py": "Settings",
}
ENTRIES = {entry.file: entry for entries in navigation.SECTIONS.values() for entry in entries}


@pytest.fixture
def session(sqlite_store):
    """What pages show does not depend on the database, so one of them is enough here."""
    with db.write() as opened:
        yield opened


@pytest.fixture
def people(session, kam, other_kam, director, viewer):
    """Everybody by name; Rita directs the north alone, Adam administers."""
    north = factories.region(session, "North")
    rita = factories.user(session, "rita", Role.DIRECTOR, grants=[Permission.COST_READ], regions=[north])
    adam = factories.user(session, "adam", Role.ADMIN)
    return {
        "nobody": None,
        "anna": kam,
        "ben": other_kam,
        "rita": auth.actor_for(rita),
        "dora": director,
        "vera": viewer,
        "adam": auth.actor_for(adam),
    }


@pytest.fixture
def trade(session, people):
    """Anna's account in the north and Ben's in the south, each with orders of today and of a year ago."""
    anna, ben = people["anna"], people["ben"]
    today = clock.today()
    tea = factories.product(session, "TEA", category="Drinks")
    harbour = factories.account(
        session, anna, "HARBOUR", name="Harbour Stores", region_id=factories.region(session, "North").id
    )
    draft = accounts.AccountDraft(
        code=BENS, name=f"{BENS} Hill", group=f"{BENS} Group", segment="Retail", tier="A", region="South",
        industry=f"{BENS} Trade", country=f"{BENS} Land", owner_id=ben.user_id,
    )  # fmt: skip
    hill = session.get(Account, accounts.create(session, OPERATOR, draft))
    teams.set_codes(session, OPERATOR, hill.id, [("SAP", f"SAP-{BENS}")], version=hill.version)
    member = accounts.Member(people["dora"].user_id, TeamRole.DEPUTY, today, None)
    teams.set_team(session, OPERATOR, hill.id, [member], version=hill.version)
    for account, number in ((harbour, "HARBOUR"), (hill, BENS)):
        for days, quantity in ((1, "7"), (40, "9"), (366, "11")):
            factories.line(
                session, account, tea, today - timedelta(days=days), quantity=quantity, unit_cost="6",
                order_no=f"{number}-{days}",
            )  # fmt: skip
        month = today.replace(day=1)
        targets.set_many(session, OPERATOR, account.id, {month: (Decimal(7000), Decimal(700))})
    for actor, name in ((anna, "HARBOUR"), (ben, BENS)):
        session.add(
            ImportBatch(
                kind=BatchKind.ORDERS, status=BatchStatus.APPLIED, file_name=f"{name}.csv", sha256="0" * 64,
                actor=actor.username, user_id=actor.user_id, started_at=clock.now(), applied_at=clock.now(),
            )
        )  # fmt: skip
    rollups.rebuild(session)
    session.commit()


def everything(page):
    """All that was sent to the browser: each element in full, tables as their values, and the address."""
    parts = []
    for node in _nodes(page._tree):
        proto = getattr(node, "proto", None)
        parts.append(str(proto))
        value = getattr(node, "value", None)
        parts.append(value.to_csv() if hasattr(value, "to_csv") else str(value))
    return "\n".join(parts)


def _nodes(block):
    yield block
    for child in getattr(block, "children", {}).values():
        yield from _nodes(child)


def _outcome(page):
    assert not page.exception, page.exception[0].value
    if [item.label for item in page.text_input] == ["User name", "Password or one-time code"]:
        return "sign-in"
    return "no access" if page.title[0].value == "No access" else "shown"


def test_each_page_says_here_who_may_open_it():
    assert set(MAY_OPEN) == set(ENTRIES)
    assert set(TITLES) == set(ENTRIES) - {"work/home.py"}  # that one leads on and has no title
    assert [file for file, entry in ENTRIES.items() if not entry.path.exists()] == []


@pytest.mark.parametrize("file", ENTRIES)
def test_a_page_is_shown_to_whom_it_is_meant_for_and_to_nobody_else(trade, people, open_page, file):
    expected = {
        name: "sign-in" if name == "nobody" else "shown" if name in MAY_OPEN[file] else "no access"
        for name in PEOPLE
    }
    pages = {name: open_page(file, actor) for name, actor in people.items()}

    assert {name: _outcome(page) for name, page in pages.items()} == expected
    if file in TITLES:
        assert {pages[name].title[0].value for name in MAY_OPEN[file]} == {TITLES[file]}
    # Without access not even what stands on the page is told.
    for name in set(PEOPLE) - MAY_OPEN[file]:
        assert BENS not in everything(pages[name])
        assert not pages[name].dataframe


def test_home_leads_everybody_to_the_first_page_that_is_theirs(trade, people, open_page):
    titles = {name: open_page("work/home.py", people[name]).title[0].value for name in sorted(EVERYBODY)}

    assert titles == {
        "adam": "Users", "anna": "Today", "ben": "Today", "dora": "Today", "rita": "Today", "vera": "Today",
    }  # fmt: skip


OPENED = [
    ("market/products.py", {}),
    ("market/products.py", {"product": "TEA", "period": "12m"}),
    ("accounts/targets.py", {}),
    ("accounts/targets.py", {"manager": "all"}),
    ("accounts/orders.py", {}),
    ("accounts/orders.py", {"period": "12m", "search": BENS[:4]}),
    ("accounts/revenue.py", {}),
    ("accounts/revenue.py", {"rows": "owner", "columns": "group", "period": "12m"}),
    ("accounts/revenue.py", {"rows": "segment", "columns": "country", "shape": "now"}),
    ("management/bridge.py", {}),
    ("management/bridge.py", {"against": "previous", "period": "12m"}),
    ("work/today.py", {}),
    ("accounts/portfolio.py", {}),
    ("accounts/portfolio.py", {"period": "12m", "grouped": "true"}),
    ("accounts/portfolio.py", {"search": BENS[:4]}),
    ("accounts/portfolio.py", {"group": f"{BENS} Group", "owner": "Ben", "region": "South"}),
    ("accounts/account.py", {}),
    ("accounts/account.py", {"account": "HARBOUR"}),
    ("commercial/loyalty.py", {}),
    ("management/data.py", {}),
    ("management/audit.py", {}),
    ("management/audit.py", {"who": "ben", "text": "zz"}),
    ("work/profile.py", {}),
]


@pytest.mark.parametrize(("file", "query"), OPENED)
def test_no_page_tells_of_an_account_of_somebody_else(trade, people, open_page, file, query):
    names = ("anna", "rita", "ben", "dora")
    told = {name: BENS in everything(open_page(file, people[name], **query)) for name in names}

    # Where a page tells of accounts at all, those who may see it are told: else there would be nothing to hide.
    tells = file != "work/profile.py"
    assert told == {"anna": False, "rita": False, "ben": tells, "dora": tells}


@pytest.mark.parametrize("tab", ["Products", "Prices", "Orders", "History"])
def test_no_tab_of_an_account_tells_of_another(trade, people, open_page, cookie, tab):
    told = {}
    for name, code in (("anna", "HARBOUR"), ("dora", BENS)):
        page = open_page("accounts/account.py", people[name], account=code)
        page.session_state["account_tab"] = tab
        page = page.run()
        assert not page.exception
        told[name] = BENS in everything(page)

    assert told == {"anna": False, "dora": True}


def test_an_account_of_somebody_else_and_one_that_is_not_there_look_the_same(trade, people, open_page):
    def said(name, code):
        page = open_page("accounts/account.py", people[name], account=code)
        texts = [str(getattr(node, "value", "")) for node in _nodes(page._tree[0])]
        return "\n".join(texts).replace(code, "CODE")

    for code in (BENS, f"SAP-{BENS}"):
        assert said("anna", code) == said("anna", "NOWHERE")
        assert said("dora", code) != said("dora", "NOWHERE")


def test_cost_and_margin_stand_on_no_page_of_who_may_not_see_them(trade, people, open_page):
    for name, sees in (("anna", False), ("vera", False), ("dora", True)):
        for file, query in (("accounts/portfolio.py", {}), ("accounts/account.py", {"account": "HARBOUR"})):
            page = open_page(file, people[name], **query)
            assert ("Margin" in [metric.label for metric in page.metric]) is sees, (name, file)
