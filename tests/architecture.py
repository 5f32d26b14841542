"""The rules of docs/architecture.md that a linter cannot say, each a function from a file to its offences.

A rule reads a path and the parsed source and answers with sentences `line: what is wrong`, if any.
tests/test_architecture.py runs them over the repository, and over deliberate offences that each must refuse.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

PAGE_LINES = 120
MODULE_LINES = 400
FUNCTION_LINES = 40

WORD = re.compile(r"[^\W\d_]{2}")
ICON = re.compile(r":[a-z_]+(?:/[a-z_0-9]+)?(?::|\[)")

Offences = Iterator[str]
Rule = Callable[[PurePosixPath, ast.Module, str], Offences]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_page(path: PurePosixPath) -> bool:
    """A page file lies in a section folder of pages/; pages/ui holds what pages share."""
    return path.parts[0] == "pages" and path.parts[1:2] != ("ui",) and path.name != "__init__.py"


def is_core(path: PurePosixPath) -> bool:
    return path.parts[0] == "core"


def module(path: PurePosixPath) -> str:
    """`core/importing/files.py` as `core.importing.files`."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def dotted(node: ast.AST) -> str:
    """`st.session_state.get` as written; empty for what is not a chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Every call below a node, with the dotted name of what is called (`()` stands for a call in between)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if not name and isinstance(node.func, ast.Attribute):
                name = f"().{node.func.attr}"
            yield node, name


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def allowed(name: str, reasons: dict[str, str]) -> bool:
    """Whether a module, or the package it lies in, or a function of it, has leave with a reason."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in reasons for length in range(1, len(parts) + 1))


# --- where things stand ---


def pages_stand_in_sections(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """A file directly in pages/ can be served by its address on a fresh server without running the frame."""
    if path.parts[0] == "pages" and len(path.parts) == 2 and path.name != "__init__.py":
        yield "1: a page stands in a section folder of pages/, never directly in it"


def pages_begin_with_their_gate(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """The first statement after the imports asks who is there; a page runs unasked otherwise."""
    if not is_page(path):
        return
    body = [n for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if not body:
        yield "1: a page without a statement has no gate"
        return
    first = body[0]
    value = first.value if isinstance(first, ast.Assign | ast.AnnAssign | ast.Expr) else None
    if not (isinstance(value, ast.Call) and dotted(value.func) == "gate.require"):
        yield f"{first.lineno}: the first statement of a page is `actor = gate.require(…)`"


def files_stay_small(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    lines = len(source.splitlines())
    if is_page(path) and lines > PAGE_LINES:
        yield f"1: a page has at most {PAGE_LINES} lines, this one {lines}"
    if path.parts[0] in ("core", "pages", "app.py") and lines > MODULE_LINES:
        yield f"1: a module has at most {MODULE_LINES} lines, this one {lines}: split it by noun"


def functions_stay_small(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """Counted from the body's first statement: many named parameters do not make a long function."""
    if path.parts[0] == "tests":
        return
    for function in functions(tree):
        lines = (function.end_lineno or 0) - function.body[0].lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{function.lineno}: {function.name} has {lines} lines, at most {FUNCTION_LINES} are fine"


DRAWERS = {
    "base_service", "common", "helper", "helpers", "manager", "managers", "misc", "service", "services",
    "util", "utils",
}  # fmt: skip


def no_drawers(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """A module bears the noun of what is in it."""
    words = {path.stem, path.stem.split("_")[-1], *path.parts[:-1]}
    if not DRAWERS.isdisjoint(words):
        yield f"1: {path.stem} is a drawer, not a noun of the trade"


# --- who asks ---

ACTORLESS = {
    "core.attempts": "counts sign-in attempts: nobody is known yet",
    "core.audit": "writes and checks the chain itself; `search` asks for its actor",
    "core.auth": "makes the actor",
    "core.bulk": "carries rows to the driver for functions that have asked",
    "core.credentials.access": "for functions that have asked",
    "core.commands": "finds out on whose behalf a command runs",
    "core.db": "opens the transaction",
    "core.demo": "invents a company in an empty store, on the command line only",
    "core.delivery_sums": "keeps the sums in step for functions that have asked",
    "core.order_sums": "keeps the sums in step for functions that have asked",
    "core.health_marks": "keeps the numbers in step for functions that have asked",
    "core.currency_sums": "keeps the sums in step for functions that have asked",
    "core.packed_sums": "keeps the sums in step for functions that have asked",
    "core.packed_revenue": "adds up the accounts that `core.revenue` names",
    "core.importing.booking": "a step of an import, which has asked",
    "core.importing.creations": "a step of an import, which has asked",
    "core.importing.lines": "a step of an import, which has asked",
    "core.importing.lookups": "a step of an import, which has asked",
    "core.importing.product_rows.replace_periods": "a step of an import, which has asked",
    "core.importing.records": "a step of an import, which has asked",
    "core.importing.rejects": "a step of an import, which has asked",
    "core.importing.staging": "a step of an import, which has asked",
    "core.kept_sums": "keeps the sums in step for functions that have asked",
    "core.search_texts": "finds keys of records; the records are read in scope by functions that have asked",
    "core.kpis.document": "writes down results that somebody has asked for",
    "core.loyalty.accruals": "brings members up to date for functions that have asked",
    "core.loyalty.checks": "looks at the store for `doctor`, which has asked",
    "core.loyalty.ledger": "books and reads entries for functions that have asked",
    "core.loyalty.members.current": "for functions that have asked for the account",
    "core.loyalty.members.holders": "for functions that have asked for the accounts",
    "core.loyalty.members.member_of": "for functions that have asked for the account",
    "core.loyalty.members.name_of": "for functions that have asked for the account",
    "core.loyalty.members.own_member": "for functions that have asked for the account",
    "core.loyalty.order_facts": "reads orders for functions that have asked",
    "core.loyalty.postings.spec_of": "for functions that have asked for the account",
    "core.loyalty.programmes.versions_in_force": "for functions that have asked",
    "core.loyalty.standings": "keeps the standings in step for functions that have asked",
    "core.loyalty.tier_spans": "keeps the tiers in step for functions that have asked",
    "core.loyalty_benefits": "reads what tiers give for prices that somebody has asked for",
    "core.models": "tables",
    "core.order_drafts.lines_of": "prices a draft for functions that have asked",
    "core.otif.in_force": "what everybody may know",
    "core.references": "looks for what refers to a record, for functions that have asked",
    "core.rollups": "keeps the sums in step for functions that have asked",
    "core.schema": "makes the tables",
    "core.sessions": "finds out who is there: nobody is known before",
    "core.structures.differences": "looks at the store for `doctor`, which has asked",
    "core.settings.get": "what everybody may know",
    "core.settings.put": "stores what update(), which asks, and the demo have decided",
    "core.users.exist": "whether there is anybody to ask for",
}


def session_then_actor(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """A public function of core that takes a session takes the one who asks right after it."""
    if not is_core(path):
        return
    for function in functions(tree):
        positional = (*function.args.posonlyargs, *function.args.args)
        names = [a.arg for a in positional if a.arg not in ("self", "cls")]
        if "session" in [*names, *(a.arg for a in function.args.kwonlyargs)] and names[:1] != ["session"]:
            yield f"{function.lineno}: {function.name} takes the session first"
        elif names[:1] == ["session"] and not function.name.startswith("_"):
            asks = names[1:2] == ["actor"] or allowed(f"{module(path)}.{function.name}", ACTORLESS)
            if not asks:
                yield f"{function.lineno}: {function.name} takes (session, actor, …)"


def pages_ask_for_permissions(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """Pages ask `actor.may(…)`: what a role may do is decided in one place."""
    if not is_page(path):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node) == "actor.roles":
            yield f"{node.lineno}: ask actor.may(Permission…) and not for the role"


# --- the store ---


def only_db_ends_transactions(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """Core flushes and the caller's db.write() commits, so that a change and its audit entry stay one."""
    if path.parts[0] == "tests" or module(path) == "core.db":
        return
    for call, name in calls(tree):
        if name.endswith(("session.commit", "session.rollback", "session.begin")):
            yield f"{call.lineno}: {name}() belongs to core/db.py; wrap the change in db.write()"


def pages_pass_the_session_on(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    if path.parts[0] not in ("pages", "app.py"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node.value) == "session":
            yield f"{node.lineno}: a page only hands the session to core (session.{node.attr})"


TRANSACTIONS = ("db.read", "db.write", "saving")


def nothing_is_drawn_in_a_transaction(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """Any Streamlit call is a point where a second click cuts the first run off, half a change done."""
    if path.parts[0] not in ("pages", "app.py"):
        return
    for block in ast.walk(tree):
        if not isinstance(block, ast.With):
            continue
        opened = [name for item in block.items for _, name in calls(item.context_expr)]
        if not any(name.endswith(TRANSACTIONS) for name in opened):
            continue
        for node in (inner for statement in block.body for inner in ast.walk(statement)):
            if isinstance(node, ast.Name) and node.id == "st":
                yield f"{node.lineno}: no Streamlit call inside a transaction"


RAW_SQL = {
    "core.bulk": "the driver's own bulk load",
    "core.db": "pragmas and the kind of BEGIN, from constants",
    "core.demo": "fills an empty store through the bulk load",
    "core.backup": "shares a snapshot with PostgreSQL's own tools, nothing from outside in the text",
    "core.doctor": "looks at the store from outside the models, values bound",
    "core.importing": "stages and applies files through the bulk load; names come from our own tables",
    "core.kept_sums": "sums kept by the database itself",
    "core.models": "the tables themselves",
    "core.rollups": "sums kept by the database itself",
    "core.schema": "makes and compares the tables",
}


def sql_is_built_from_columns(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """The row condition of visible_accounts can only be in a statement that is made of mapped columns."""
    if not is_core(path) or allowed(module(path), RAW_SQL):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "__table__":
            yield f"{node.lineno}: __table__ goes round the models"
    for call, name in calls(tree):
        if name == "text" or name.endswith((".text", "exec_driver_sql", "engine().connect", "().connect")):
            yield f"{call.lineno}: {name}() goes round the models"


def sql_text_is_constant(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """A value never becomes part of the SQL text; what must vary there is a name out of our own tables."""
    if not is_core(path) or allowed(module(path), RAW_SQL):
        return
    for call, name in calls(tree):
        takes_sql = name in ("text", "sqlalchemy.text") or name.endswith(("exec_driver_sql", ".execute"))
        if takes_sql and call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp):
            yield f"{call.lineno}: the SQL of {name}() is put together from pieces"


def the_clock_is_asked_in_one_place(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """Tests replace the clock, and only it; a second clock would go on ticking."""
    if path.parts[0] == "tests" or module(path) == "core.clock":
        return
    for call, name in calls(tree):
        if name.endswith(("date.today", "datetime.now", "datetime.utcnow", "datetime.today")):
            yield f"{call.lineno}: {name}() is not the clock; ask core.clock"


# --- the screen ---

CACHES = ("cache_data", "cache_resource")


def caches_know_who_asked(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """A cache is shared by all users: without the actor in its key one sees another's accounts."""
    for function in functions(tree):
        for decorator in function.decorator_list:
            name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if name.split(".")[-1] not in CACHES:
                continue
            names = [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
            if "actor" not in names:
                yield f"{function.lineno}: {function.name} is cached without the actor among its arguments"
            if any(n.startswith("_") for n in names):
                yield f"{function.lineno}: an argument that begins with _ is not part of the cache's key"
    for call, name in calls(tree):
        if name in {f"st.{cache}" for cache in CACHES} and call.args:
            yield f"{call.lineno}: {name} stands as a decorator, where its arguments can be seen"


def no_html_from_values(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """HTML is a constant of ours or it is not there."""
    if path.parts[0] not in ("pages", "app.py"):
        return
    for call, name in calls(tree):
        unsafe = [k for k in call.keywords if k.arg == "unsafe_allow_html"]
        if unsafe:
            yield f"{call.lineno}: unsafe_allow_html lets a name that somebody typed become part of the page"
        if name.endswith(("components.v1.html", "components.html", "components.iframe", "st.iframe")):
            yield f"{call.lineno}: {name}() opens a frame; use a component of our own"
        if name == "st.html" and call.args and not _is_constant(call.args[0]):
            yield f"{call.lineno}: st.html() shows constants only"


def _is_constant(node: ast.expr) -> bool:
    """A literal, or a name in capitals that stands for one."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


# Elements that read their text as Markdown, in which somebody's name can be a picture from elsewhere.
MARKDOWN = {
    "badge", "button", "caption", "checkbox", "error", "expander", "header", "info", "markdown", "metric",
    "popover", "radio", "subheader", "success", "tabs", "title", "toast", "toggle", "warning", "write",
}  # fmt: skip


def text_for_markdown_is_ours(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """What people typed reaches such an element through plain(), which takes the markup out of it."""
    if path.parts[0] != "pages":
        return
    for call, name in calls(tree):
        if not (name.startswith("st.") and name.removeprefix("st.") in MARKDOWN and call.args):
            continue
        for piece in _typed_pieces(call.args[0]):
            yield f"{call.lineno}: {name}({piece}) may show what somebody typed; put plain(…) round it"


def _typed_pieces(node: ast.AST) -> Iterator[str]:
    """The fields of records (`account.name`) in a text that nothing has made harmless."""
    if isinstance(node, ast.Attribute):
        if node.attr in TYPED:
            yield dotted(node) or node.attr
        return
    inside = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        if name.split(".")[-1] == "plain" or name.split(".")[0] in ("formats", "len"):
            return
        inside[:1] = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    elif isinstance(node, ast.Compare):
        return
    elif isinstance(node, ast.IfExp):
        inside = [node.body, node.orelse]
    for part in inside:
        yield from _typed_pieces(part)


# Fields that people fill in; what else records hold (dates, counts, codes of ours) is harmless.
TYPED = {
    "city", "code", "company", "file_name", "filename", "group", "name", "note", "reason", "segment", "username",
}  # fmt: skip


SAYING = MARKDOWN | {
    "date_input", "download_button", "file_uploader", "link_button", "multiselect", "number_input",
    "page_link", "pills", "segmented_control", "selectbox", "slider", "spinner", "status", "text",
    "text_area", "text_input",
}  # fmt: skip
ERRORS = {"AlreadyDone", "Conflict", "Forbidden", "Invalid", "NotFound", "Unavailable"}


def what_people_read_can_be_translated(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """A text that people read stands in `_()`; without it Malay readers get English."""
    if path.parts[0] not in ("core", "pages", "app.py"):
        return
    for call, name in calls(tree):
        drawn = name.startswith("st.") and name.removeprefix("st.") in SAYING
        if (drawn or name.split(".")[-1] in ERRORS) and call.args and _says_english(call.args[0]):
            yield f"{call.lineno}: the text of {name}() is not in _()"


def _says_english(node: ast.expr) -> bool:
    pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = (piece.value for piece in pieces if isinstance(piece, ast.Constant))
    # Two letters in a row are a word; `:material/add:` is a picture.
    return any(isinstance(t, str) and WORD.search(ICON.sub("", t)) for t in texts)


def dialogs_ask_anew_who_is_there(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    """A dialog and a fragment run without the frame: one place settles who asks there, and in which language."""
    if path.parts[0] != "pages" or path.name == "dialogs.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node) in ("st.dialog", "st.fragment"):
            yield f"{node.lineno}: {dotted(node)} runs without the frame; use pages.ui.dialogs"


LIBRARY_TRAPS = {
    "experimental_guest_login": "signs strangers in",
    "forgot_password": "sets a new password for whoever asks",
    "forgot_username": "tells who has an account",
    "register_user": "lets anybody in",
    "read_pickle": "runs what the file says",
    "to_pickle": "asks for it to be read again",
}


def no_traps_of_libraries(path: PurePosixPath, tree: ast.Module, source: str) -> Offences:
    for call, name in calls(tree):
        last = name.split(".")[-1]
        if last in LIBRARY_TRAPS:
            yield f"{call.lineno}: {last} {LIBRARY_TRAPS[last]}"
        for keyword in call.keywords:
            if keyword.arg in ("api_key", "send_email", "two_factor_auth"):
                yield f"{call.lineno}: {keyword.arg} sends passwords to somebody else's server"


RULES: tuple[Rule, ...] = (
    pages_stand_in_sections,
    pages_begin_with_their_gate,
    files_stay_small,
    functions_stay_small,
    no_drawers,
    session_then_actor,
    pages_ask_for_permissions,
    only_db_ends_transactions,
    pages_pass_the_session_on,
    nothing_is_drawn_in_a_transaction,
    sql_is_built_from_columns,
    sql_text_is_constant,
    the_clock_is_asked_in_one_place,
    caches_know_who_asked,
    no_html_from_values,
    text_for_markdown_is_ours,
    what_people_read_can_be_translated,
    dialogs_ask_anew_who_is_there,
    no_traps_of_libraries,
)


def offences(rule: Rule, path: str, source: str) -> list[str]:
    """What a rule says against a file, each as `path:line: sentence`."""
    where = PurePosixPath(path)
    return [f"{path}:{offence}" for offence in rule(where, ast.parse(source, path), source)]
