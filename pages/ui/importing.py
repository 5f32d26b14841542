"""The way of a file through Data & import: bring it, match its columns, check it, apply it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import pandas as pd
import streamlit as st

from core import db, importing
from core.auth import Actor
from core.errors import UtamaError
from core.importing import Check, Options, Outcome, Progress, Question, Reason, RefusedRow, Upload
from core.language import _, ngettext
from core.vocabulary import BatchKind, Permission
from pages.ui import formats, import_fields, tables
from pages.ui.forms import plain
from pages.ui.jobs import Job, watch

PAGES = Path(__file__).resolve().parents[1]

_STATE = "import_in_hand"


@dataclass
class InHand:
    """The file that somebody is about to import; nothing of it is in the store."""

    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(6))
    file_id: str = ""
    upload: Upload | None = None
    suggested: dict[str, dict[str, str]] = field(default_factory=dict)  # by kind and sheet
    answers: dict[str, str] = field(default_factory=dict)
    checking: Job[Check] | None = None
    checked_as: tuple[Any, ...] = ()
    applying: Job[Outcome] | None = None


def in_hand() -> InHand:
    state: InHand = st.session_state.setdefault(_STATE, InHand())
    return state


def start_anew() -> None:
    """Forget the file in hand, so that another can be brought."""
    state = st.session_state.pop(_STATE, None)
    if state is not None and state.upload is not None:
        importing.discard(state.upload)


def bring(state: InHand) -> Upload | None:
    """The file that was dropped here, looked at; None until there is one that can be read."""
    dropped = st.file_uploader(
        _("A CSV, TSV or XLSX file, as your system wrote it"),
        type=["csv", "tsv", "txt", "xlsx", "yaml", "yml"],
        key=f"file-{state.nonce}",
    )
    if dropped is None:
        if state.upload is not None:
            start_anew()
            st.rerun()
        return None
    if dropped.file_id != state.file_id:
        if state.upload is not None:
            importing.discard(state.upload)
        state.upload, state.file_id, state.answers = None, dropped.file_id, {}
        state.checking, state.checked_as, state.suggested = None, (), {}
        try:
            state.upload = importing.receive(dropped, dropped.name)
        except UtamaError as error:
            st.error(plain(error.message))
            state.file_id = ""
    return _with_sheet(state)


def _with_sheet(state: InHand) -> Upload | None:
    """The same, with the sheet to read where a workbook has several."""
    upload = state.upload
    if upload is None or len(upload.sheets) < 2:
        return upload
    sheet = st.selectbox(_("Sheet"), upload.sheets, index=None, key=f"sheet-{state.nonce}", width=320)
    if sheet is None:
        st.info(_("The workbook has several sheets. Choose the one to import."))
        return None
    if sheet != upload.sheet:
        try:
            state.upload = importing.choose_sheet(upload, sheet)
        except UtamaError as error:
            st.error(plain(error.message))
            return None
    return state.upload


def columns(actor: Actor, state: InHand, kind: BatchKind, upload: Upload) -> dict[str, str] | None:
    """Field → header as the person wants it; None while something is missing."""
    place = f"{kind.value}/{upload.sheet}"
    if place not in state.suggested:
        with db.read() as session:
            state.suggested[place] = importing.suggest(session, actor, kind, upload)
    st.markdown(_("**Columns.** Each column of the file and the field it is read as; change what is wrong."))
    try:
        return import_fields.matching(kind, upload, state.suggested[place], f"columns-{state.nonce}-{place}")
    except UtamaError as error:
        st.warning(plain(error.message))
        return None


def options(actor: Actor, state: InHand, kind: BatchKind, matched: dict[str, str]) -> Options:
    """What to do where something is missing, and what was answered to the file's questions."""
    missing, create, source = "reject", False, None
    if kind in (BatchKind.ORDERS, BatchKind.TARGETS, BatchKind.RECEIVABLES, BatchKind.LUMP_SUMS):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            if kind is BatchKind.ORDERS and actor.sees_everything:
                words = {"reject": _("Refuse the row"), "unassigned": _("Book it without an account")}
                missing = st.segmented_control(
                    _("Rows without an account"), list(words), default="reject", format_func=words.__getitem__,
                    key=f"missing-{state.nonce}", required=True,
                )  # fmt: skip
            if kind is BatchKind.ORDERS and actor.may(Permission.ACCOUNT_CREATE):
                create = st.toggle(_("Create unknown accounts and products"), key=f"create-{state.nonce}")
            source = st.text_input(
                _("Codes are those of"), key=f"source-{state.nonce}", placeholder=_("our own codes"), width=220,
                help=_("The system that the file comes from, where accounts have a code of that system."),
            )  # fmt: skip
    return Options(
        columns=matched,
        missing_account=cast(Literal["reject", "unassigned"], missing),
        create_missing=create,
        decimals=cast(Any, state.answers.get("decimal")),
        date_order=cast(Any, state.answers.get("date_order")),
        source=(source or "").strip() or None,
    )


def checked(actor: Actor, state: InHand, kind: BatchKind, upload: Upload, wanted: Options) -> Check | None:
    """The dry run of exactly these choices; None until somebody asks for it."""
    as_now = (kind, upload.sheet, tuple(sorted(wanted.columns.items())), replace(wanted, columns={}))
    clicked = st.button(
        _("Check the file"),
        type="secondary" if state.checked_as == as_now else "primary",
        key=f"check-{state.nonce}",
    )
    answered = state.answers.pop("new", None) is not None
    if clicked or answered:

        def work(progress: Progress) -> Check:
            with db.read() as session:
                return importing.check(session, actor, kind, upload, wanted, progress)

        state.checking, state.checked_as = Job(work), as_now
        st.rerun()
    if state.checking is None or state.checked_as != as_now:
        return None
    watch(state.checking)
    if state.checking.error:
        st.error(plain(state.checking.error))
    return state.checking.result


def verdict(actor: Actor, state: InHand, kind: BatchKind, check: Check, wanted: Options) -> None:
    """What the check found; while the file leaves something open, that is asked first."""
    for question in check.questions:
        ask(state, question)
    if check.questions:
        return
    figures(check)
    if check.refused_rows and state.upload is not None:
        refused(state.upload, check, kind)
    apply(actor, state, kind, check, wanted)


def ask(state: InHand, question: Question) -> None:
    """Ask what the file leaves open; the answer starts the check again."""
    words = {
        "comma": _("The comma is the decimal sign: 1.234,50"),
        "point": _("The point is the decimal sign: 1,234.50"),
        "day": _("Day first: 3/4 is 3 April"),
        "month": _("Month first: 3/4 is 4 March"),
    }
    about = (
        _("How are the dates written?")
        if question.about == "date_order"
        else _("How are the numbers written?")
    )
    st.warning(
        plain(
            _("{question} {columns} can be read both ways, for example {examples}.").format(
                question=about,
                columns=", ".join(f"“{header}”" for header in question.headers),
                examples=", ".join(question.examples),
            )
        ),
        icon=":material/help:",
    )
    with st.container(horizontal=True):
        for choice in question.choices:
            st.button(
                words.get(choice, choice),
                key=f"answer-{state.nonce}-{question.about}-{choice}",
                on_click=_answer,
                args=(state, question.about, choice),
            )


def _answer(state: InHand, about: str, choice: str) -> None:
    state.answers |= {about: choice, "new": "yes"}


def figures(check: Check) -> None:
    """The dry run in figures, and why rows are refused."""
    shown = {
        _("Rows read"): check.read,
        _("Accepted"): check.accepted,
        _("Of these changed"): check.changed,
        _("Unchanged"): check.unchanged,
        _("Refused"): check.rejected,
    }
    tiles = st.grid(5, min_column_width=120)
    for label, count in shown.items():
        tiles.metric(label, formats.number(count), border=True)
    for warning in check.warnings:
        st.caption(
            plain(
                _("{reason} ({rows} rows)").format(reason=warning.reason, rows=formats.number(warning.rows))
            )
        )


def refused(upload: Upload, check: Check, kind: BatchKind) -> None:
    """Why rows are refused, cell by cell, and the file to correct."""
    st.markdown(_("**Refused rows.** Correct them in the file below and upload that, or apply the rest."))
    reasons_table(check.reasons, kind)
    rows_table(check.refused_rows, upload.headers, kind)
    stem = Path(upload.name).stem
    with st.container(horizontal=True):
        st.download_button(
            _("Refused rows as CSV"), importing.rejected_csv(upload), f"{stem}-refused.csv", "text/csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            _("Refused rows as XLSX"), importing.rejected_xlsx(upload), f"{stem}-refused.xlsx",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def reasons_table(reasons: Sequence[Reason], kind: BatchKind) -> None:
    """Each reason with how many rows it refused, the most frequent first."""
    labels = import_fields.names(kind)
    lines = []
    for one in reasons:
        name, colon, rest = one.reason.partition(": ")
        said = problem(name, rest, labels) if colon and name in labels else one.reason
        lines.append((said, one.rows))
    st.dataframe(
        pd.DataFrame(lines, columns=[_("Reason"), _("Rows")]),
        hide_index=True,
        column_config={_("Reason"): st.column_config.TextColumn(width="large")},
        alt=_("Reasons why rows are refused, and how many rows each"),
    )


def rows_table(rows: tuple[RefusedRow, ...], headers: tuple[str, ...], kind: BatchKind) -> None:
    """The first refused rows as they stand in the file, each with what is wrong with which cell."""
    labels = import_fields.names(kind)
    lines = [
        [
            row.line,
            "; ".join(problem(one.field, one.reason, labels) for one in row.problems),
            *row.cells[: len(headers)],
        ]
        for row in rows
    ]
    # Columns go by their place: a file may well have one named as ours.
    names = [_("Line"), _("What is wrong"), *headers]
    frame = pd.DataFrame(lines, columns=[f"column-{place}" for place in range(len(names))])
    st.dataframe(frame, hide_index=True, column_config=dict(zip(frame.columns, names, strict=True)),
                 row_height=tables.ROW_HEIGHT, height=420 if len(lines) > 9 else "auto",
                 alt=_("Refused rows with the reason for each cell"))  # fmt: skip


def problem(name: str, reason: str, labels: dict[str, str]) -> str:
    """What is wrong with a cell, under the field's name as people call it."""
    label = labels.get(name, name).removesuffix(" *")
    return f"{label}: {reason}" if label else reason


def apply(actor: Actor, state: InHand, kind: BatchKind, check: Check, wanted: Options) -> None:
    """The button that books the file, once, in a transaction of its own beside the page."""
    if not check.accepted:
        st.info(
            _("There is nothing to apply: the store holds every row already that is not refused.")
            if check.unchanged
            else _("There is nothing to apply: every row is refused.")
        )
        return
    skip = False
    if check.rejected:
        skip = st.checkbox(
            ngettext(
                "Apply the rest without the {rows} refused row",
                "Apply the rest without the {rows} refused rows",
                check.rejected,
            ).format(rows=formats.number(check.rejected)),
            key=f"skip-{state.nonce}",
        )
    label = ngettext("Apply {rows} row", "Apply {rows} rows", check.accepted).format(
        rows=formats.number(check.accepted)
    )
    blocked = bool(check.rejected) and not skip
    upload = state.upload
    if upload is None:
        return
    if (
        st.button(label, type="primary", key=f"apply-{state.nonce}", disabled=blocked)
        and state.applying is None
    ):
        final = replace(wanted, skip_rejected=skip)
        state.applying = Job(lambda progress: importing.apply(actor, kind, upload, final, progress))
        st.rerun()


def outcome(state: InHand) -> None:
    """How the booking goes, and what came of it."""
    job = state.applying
    if job is None:
        return
    watch(job)
    done = job.result
    if done is not None and done.batch_id is not None:
        text = _("{accepted} rows applied from {file} as import {batch}: {changed} changed, {unchanged} unchanged, "
                 "{rejected} refused. It took {seconds} seconds.")  # fmt: skip
        st.success(
            plain(
                text.format(
                    accepted=formats.number(done.check.accepted),
                    file=state.upload.name if state.upload else "",
                    batch=done.batch_id,
                    changed=formats.number(done.check.changed),
                    unchanged=formats.number(done.check.unchanged),
                    rejected=formats.number(done.check.rejected),
                    seconds=f"{done.seconds:.1f}",
                )
            ),
            icon=":material/check_circle:",
        )
        _created(done)
        with st.container(horizontal=True):
            st.page_link(
                PAGES / "accounts/portfolio.py", label=_("See the portfolio"), icon=":material/monitoring:"
            )
    elif job.error:
        st.error(plain(job.error))
    else:
        st.warning(_("Nothing was applied: the store changed meanwhile. Check the file again."))
    st.button(_("Import another file"), on_click=start_anew, key=f"anew-{state.nonce}")


def _created(done: Outcome) -> None:
    if done.created_accounts or done.created_products:
        st.caption(
            _("Created: accounts {accounts}, products {products}.").format(
                accounts=formats.number(done.created_accounts), products=formats.number(done.created_products)
            )
        )
