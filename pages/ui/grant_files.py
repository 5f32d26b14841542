"""What was granted as files that an import reads back: terms, lump sums, floor prices."""

from __future__ import annotations

import io
from functools import partial

import streamlit as st

from core import db, exports
from core.auth import Actor
from core.exports import Format
from core.language import _
from core.vocabulary import BatchKind, Permission


def download(actor: Actor, kind: BatchKind, said: str, code: str | None = None) -> None:
    """A popover with a button a format; `code` where they are of one account."""
    if not actor.may(Permission.DATA_EXPORT):
        return
    name = kind.value if code is None else f"{kind.value}-{code}"
    with st.popover(_("Files"), icon=":material/download:", key=f"files_of_{kind.value}"):
        st.caption(said)
        for form in Format if kind is BatchKind.TERMS else (Format.CSV, Format.XLSX):
            st.download_button(
                form.value.upper(),
                data=partial(made, actor, kind, form, code),
                file_name=f"{name}.{form.value}",
                key=f"export_{kind.value}_{form.value}",
                on_click="ignore",
                width="stretch",
            )


def made(actor: Actor, kind: BatchKind, form: Format, code: str | None = None) -> bytes:
    """The file, noted in the audit."""
    stream = io.BytesIO()
    with db.read() as session:
        prepared = exports.prepare(session, actor, kind, account_code=code)
        count = exports.write(prepared, stream, form)
    with db.write() as session:
        exports.record(session, actor, prepared, count, form)
    return stream.getvalue()
