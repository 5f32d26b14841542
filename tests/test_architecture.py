"""The rules of docs/architecture.md hold in every file, and each of them bites."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import architecture
from tests.architecture import RULES, offences

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [
    *ROOT.glob("app.py"),
    *sorted(p for folder in ("core", "pages") for p in (ROOT / folder).rglob("*.py")),
]

LONG_FUNCTION = "def answer():\n" + "    print(1)\n" * 41

# Rule, the file it is tried on, and a source that it must refuse.
OFFENCES = [
    ("pages_stand_in_sections", "pages/contracts.py", "x = 1"),
    ("pages_begin_with_their_gate", "pages/work/today.py", '"""Today."""\nimport st\n\nst.title("Today")'),
    ("pages_begin_with_their_gate", "pages/work/today.py", "import st\nx = 1\nactor = gate.require(P.X)"),
    ("pages_begin_with_their_gate", "pages/work/today.py", "if True:\n    actor = gate.require(P.X)"),
    ("pages_begin_with_their_gate", "pages/work/today.py", "actor = gate.current()"),
    ("pages_begin_with_their_gate", "pages/work/today.py", '"""Today."""'),
    ("files_stay_small", "pages/work/today.py", "x = 1\n" * 121),
    ("files_stay_small", "core/orders.py", "x = 1\n" * 401),
    ("files_stay_small", "pages/ui/charts.py", "x = 1\n" * 401),
    ("functions_stay_small", "core/orders.py", LONG_FUNCTION),
    ("functions_stay_small", "pages/ui/charts.py", LONG_FUNCTION),
    ("no_drawers", "core/utils.py", ""),
    ("no_drawers", "core/helpers/money.py", ""),
    ("no_drawers", "pages/ui/common.py", ""),
    ("no_drawers", "core/pricing_service.py", ""),
    ("session_then_actor", "core/orders.py", "def search(session, period): ..."),
    ("session_then_actor", "core/orders.py", "def search(session, period, actor): ..."),
    ("session_then_actor", "core/orders.py", "def search(actor, session): ..."),
    ("session_then_actor", "core/orders.py", "def _rows(period, session): ..."),
    ("session_then_actor", "core/orders.py", "def search(actor, *, session): ..."),
    ("session_then_actor", "core/importing/apply.py", "def undo(session, batch): ..."),
    ("pages_ask_for_permissions", "pages/work/today.py", "if Role.ADMIN in actor.roles: ..."),
    ("only_db_ends_transactions", "core/orders.py", "session.commit()"),
    ("only_db_ends_transactions", "core/orders.py", "self.session.rollback()"),
    ("only_db_ends_transactions", "pages/work/today.py", "session.commit()"),
    ("pages_pass_the_session_on", "pages/work/today.py", "rows = session.execute(query)"),
    ("pages_pass_the_session_on", "pages/ui/tables.py", "session.get"),
    ("nothing_is_drawn_in_a_transaction", "pages/work/today.py", "with db.write() as s:\n    st.error('no')"),
    (
        "nothing_is_drawn_in_a_transaction",
        "pages/ui/x.py",
        "with db.read() as s:\n    a = st.session_state['a']",
    ),
    (
        "nothing_is_drawn_in_a_transaction",
        "pages/work/t.py",
        "with form.saving('a') as s:\n    if s:\n        st.toast('b')",
    ),
    ("nothing_is_drawn_in_a_transaction", "pages/work/t.py", "with a(), db.write() as s:\n    st.toast('b')"),
    ("sql_is_built_from_columns", "core/orders.py", "session.execute(text('select 1'))"),
    ("sql_is_built_from_columns", "core/orders.py", "select(Order.__table__)"),
    ("sql_is_built_from_columns", "core/orders.py", "db.engine().connect()"),
    ("sql_is_built_from_columns", "core/orders.py", "connection.exec_driver_sql('select 1')"),
    ("sql_text_is_constant", "core/orders.py", "session.execute(f'select {x}')"),
    ("sql_text_is_constant", "core/orders.py", "text('select * from orders where no = ' + number)"),
    ("sql_text_is_constant", "core/orders.py", "text('select * from orders where no = %s' % number)"),
    ("the_clock_is_asked_in_one_place", "core/orders.py", "date.today()"),
    ("the_clock_is_asked_in_one_place", "pages/work/today.py", "datetime.datetime.now(UTC)"),
    ("caches_know_who_asked", "pages/work/today.py", "@st.cache_data\ndef rows(period): ..."),
    ("caches_know_who_asked", "pages/work/today.py", "@st.cache_data(ttl=60)\ndef rows(_actor, period): ..."),
    ("caches_know_who_asked", "pages/work/today.py", "@st.cache_data(ttl=60)\ndef rows(actor, _frame): ..."),
    ("caches_know_who_asked", "pages/ui/x.py", "@cache_resource\ndef rows(): ..."),
    ("caches_know_who_asked", "pages/ui/x.py", "rows = st.cache_data(load)"),
    ("no_html_from_values", "pages/work/today.py", "st.markdown(x, unsafe_allow_html=True)"),
    ("no_html_from_values", "pages/work/today.py", "st.html(f'<b>{name}</b>')"),
    ("no_html_from_values", "pages/work/today.py", "st.html(text)"),
    ("no_html_from_values", "pages/ui/x.py", "st.components.v1.html('<b>')"),
    ("text_for_markdown_is_ours", "pages/work/today.py", "st.title(account.name)"),
    ("text_for_markdown_is_ours", "pages/work/today.py", "st.info(f'Account {account.name}')"),
    (
        "text_for_markdown_is_ours",
        "pages/work/today.py",
        "st.info(_('Account {name}').format(name=account.name))",
    ),
    ("text_for_markdown_is_ours", "pages/ui/x.py", "st.metric(' · '.join((row.group, row.code)), 1)"),
    ("text_for_markdown_is_ours", "pages/ui/x.py", "st.caption('A' if x else row.note + '!')"),
    ("what_people_read_can_be_translated", "pages/work/today.py", "st.title('Today')"),
    ("what_people_read_can_be_translated", "pages/work/today.py", "st.info(f'{rows} rows')"),
    ("what_people_read_can_be_translated", "core/orders.py", "raise NotFound('There is no such order.')"),
    ("what_people_read_can_be_translated", "core/orders.py", "raise errors.Invalid(f'{x} is wrong')"),
    ("dialogs_ask_anew_who_is_there", "pages/ui/x.py", "@st.dialog('a')\ndef f(): ..."),
    ("dialogs_ask_anew_who_is_there", "pages/work/today.py", "st.fragment(f)()"),
    ("no_traps_of_libraries", "pages/ui/x.py", "authenticator.forgot_password()"),
    ("no_traps_of_libraries", "pages/ui/x.py", "Authenticate(api_key='a')"),
    ("no_traps_of_libraries", "core/importing/x.py", "pandas.read_pickle(upload)"),
]

# What looks like an offence and is none: a rule that refuses everything would hold too.
FAIR = [
    ("pages_stand_in_sections", "pages/work/today.py", "x = 1"),
    ("pages_stand_in_sections", "pages/__init__.py", ""),
    (
        "pages_begin_with_their_gate",
        "pages/work/today.py",
        '"""Today."""\nimport a\nactor = gate.require(P.X)',
    ),
    ("pages_begin_with_their_gate", "pages/ui/charts.py", "x = 1"),
    ("files_stay_small", "pages/work/today.py", "x = 1\n" * 120),
    ("functions_stay_small", "core/orders.py", "def answer(\n" + "    a,\n" * 60 + "): ..."),
    ("no_drawers", "core/utilisation.py", ""),
    ("session_then_actor", "core/orders.py", "def search(session, actor, period): ..."),
    ("session_then_actor", "core/orders.py", "def _rows(session, period): ..."),
    ("session_then_actor", "core/orders.py", "class A:\n    def rows(self, session, actor): ..."),
    ("session_then_actor", "core/rollups.py", "def recompute(session, cells): ..."),
    ("session_then_actor", "core/settings.py", "def get(session): ..."),
    ("pages_ask_for_permissions", "pages/work/today.py", "actor.may(Permission.ACCOUNT_READ)"),
    ("only_db_ends_transactions", "core/orders.py", "session.flush()"),
    ("only_db_ends_transactions", "core/db.py", "session.begin()"),
    ("pages_pass_the_session_on", "pages/work/today.py", "rows = orders.search(session, actor)"),
    (
        "nothing_is_drawn_in_a_transaction",
        "pages/work/t.py",
        "with db.read() as s:\n    a = b(s)\nst.write(a)",
    ),
    ("nothing_is_drawn_in_a_transaction", "pages/work/t.py", "with st.form('a'):\n    st.text_input('b')"),
    ("sql_is_built_from_columns", "core/orders.py", "session.execute(select(Order.id))"),
    ("sql_is_built_from_columns", "core/schema.py", "connection.execute(text('select 1'))"),
    ("sql_text_is_constant", "core/orders.py", "session.execute(select(Order))"),
    ("the_clock_is_asked_in_one_place", "core/clock.py", "datetime.now(UTC)"),
    ("the_clock_is_asked_in_one_place", "core/orders.py", "clock.today()"),
    ("caches_know_who_asked", "pages/work/today.py", "@st.cache_data(ttl=60)\ndef rows(actor, period): ..."),
    ("no_html_from_values", "pages/ui/x.py", "st.html(STYLE)"),
    ("text_for_markdown_is_ours", "pages/work/today.py", "st.title(plain(account.name))"),
    (
        "text_for_markdown_is_ours",
        "pages/work/today.py",
        "st.title(_('Account {a}').format(a=texts.plain(row.name)))",
    ),
    (
        "text_for_markdown_is_ours",
        "pages/work/today.py",
        "st.caption(formats.money(row.net_revenue, row.name))",
    ),
    ("text_for_markdown_is_ours", "pages/work/today.py", "st.dataframe(row.name)"),
    ("what_people_read_can_be_translated", "pages/work/today.py", "st.title(_('Today'))"),
    ("what_people_read_can_be_translated", "pages/work/today.py", "st.caption(f'{a} · {b}')"),
    ("what_people_read_can_be_translated", "pages/work/today.py", "st.button(':material/add:')"),
    ("what_people_read_can_be_translated", "core/orders.py", "raise NotFound(_('There is no such order.'))"),
    ("dialogs_ask_anew_who_is_there", "pages/ui/x.py", "dialogs.show(title, f)"),
    ("dialogs_ask_anew_who_is_there", "pages/ui/dialogs.py", "st.dialog('a')(f)()"),
    ("no_traps_of_libraries", "pages/ui/x.py", "authenticator.login(key='a')"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_holds_everywhere(rule):
    found = [
        offence
        for path in SOURCES
        for offence in offences(rule, path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]

    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(("rule", "path", "source"), OFFENCES)
def test_a_rule_refuses_the_offence(rule, path, source):
    assert offences(getattr(architecture, rule), path, source)


@pytest.mark.parametrize(("rule", "path", "source"), FAIR)
def test_a_rule_lets_the_fair_thing_pass(rule, path, source):
    assert offences(getattr(architecture, rule), path, source) == []


def test_every_rule_is_tried_on_an_offence_and_on_a_fair_thing():
    names = {rule.__name__ for rule in RULES}

    assert {rule for rule, _, _ in OFFENCES} == names
    assert {rule for rule, _, _ in FAIR} == names


def test_the_files_that_the_rules_are_for_are_there():
    names = {path.relative_to(ROOT).as_posix() for path in SOURCES}

    assert {"app.py", "core/db.py", "core/models/orders.py", "pages/ui/frame.py"} <= names
    assert any(architecture.is_page(path.relative_to(ROOT)) for path in SOURCES)


def test_no_module_of_the_pages_hides_one_of_the_standard_library():
    """pages/ui is first on the path when Streamlit runs the frame."""
    hidden = {path.stem for path in (ROOT / "pages/ui").glob("*.py")} & set(sys.stdlib_module_names)

    assert hidden - {"__init__"} == set()


def test_exceptions_are_made_for_modules_that_exist():
    for reasons in (architecture.ACTORLESS, architecture.RAW_SQL):
        for name in reasons:
            place = ROOT / name.replace(".", "/")
            files = (place, place.with_suffix(".py"), place.parent.with_suffix(".py"))
            assert any(file.exists() for file in files), f"{name} is not there any more: take it out"


def linted(tmp_path: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What import-linter says of a program with our modules, all empty but these, under our own contracts."""
    modules = {path.relative_to(ROOT).as_posix(): "" for path in SOURCES}
    for name, source in (modules | files).items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.importlinter]")[1]
    (tmp_path / "pyproject.toml").write_text(f"[tool.importlinter]{contracts}", encoding="utf-8")
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("place", "source", "named"),
    [
        ("core/clock.py", "import streamlit", "core.clock -> streamlit"),
        ("core/clock.py", "import plotly", "core.clock -> plotly"),
        ("core/clock.py", "import pages", "core.clock -> pages"),
        ("pages/ui/forms.py", "import sqlalchemy", "pages.ui.forms -> sqlalchemy"),
        ("pages/ui/forms.py", "from core import models", "pages.ui.forms -> core.models"),
        ("core/money.py", "from core import settings", "core.money -> core.settings"),
        ("core/models/users.py", "from core import auth", "core.models.users -> core.auth"),
        ("core/secrets.py", "", "core.secrets"),  # a module of no layer
    ],
)
def test_a_forbidden_import_is_refused(tmp_path, place, source, named):
    answer = linted(tmp_path, {place: source})

    assert answer.returncode == 1
    assert named in answer.stdout
