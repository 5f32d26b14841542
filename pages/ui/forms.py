"""Forms that keep what was typed, say what is wrong under the field, and save once however often one clicks.

    with forms.form("account-17") as form:
        draft = AccountDraft(name=form.text("name", _("Name"), account.name), …)
        version = form.keep("version", account.version)
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Account saved.")) as session:
            accounts.update(session, actor, account.id, draft, version=version)

Inside `saving`, `form.offer_undo` takes a function that takes the change back: the frame offers it once saved.
Field names are those of the draft, so that an error of core finds its place. A form's key names the record
that it edits; fields may stand in columns. Nothing but calls of core stands inside `saving`: any Streamlit call
there could cut the change in half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import db
from core.errors import AlreadyDone, Conflict, Invalid, UtamaError
from core.language import _
from pages.ui import field_values, form_memory, gate, typing_numbers
from pages.ui.form_memory import Saved, Undo

Choice = TypeVar("Choice")
Message = str | Callable[[], str]


class Form:
    """One form on the screen; `form` makes it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._memory: dict[str, Any] = form_memory.of(key)
        self._slots: dict[str, DeltaGenerator] = {}
        self._typed: dict[str, Any] = {}
        self._labels: dict[str, Callable[[Any], str]] = {}
        self._problems: dict[str, str] = {}
        self._foot: DeltaGenerator | None = None
        self._undo: Undo | None = None

    @property
    def nonce(self) -> str:
        """Names this filling-in of the form; it changes once saved, so that one click never counts twice."""
        return str(self._memory["nonce"])

    def keep(self, name: str, value: Any) -> Any:
        """The value as it was when the form was first shown: a record's version, a starting value."""
        return self._memory.setdefault(f"keep:{name}", value)

    def widget_key(self, field: str) -> str:
        return f"{self.key}/{field}/{self.nonce}"

    def text(
        self, field: str, label: str, value: str | None = "", *, long: bool = False, **options: Any
    ) -> str:
        """A line of text, or several; blanks around it are cut off."""
        draw: Callable[..., str | None] = st.text_area if long else st.text_input
        options.setdefault("max_chars", 2000 if long else 200)
        typed = draw(label, self.keep(field, value) or "", key=self.widget_key(field), **options)
        return str(self._field(field, (typed or "").strip()))

    def password(self, field: str, label: str, *, new: bool = False, **options: Any) -> str:
        """Never trimmed: blanks belong to a password."""
        typed = st.text_input(
            label,
            type="password",
            key=self.widget_key(field),
            autocomplete="new-password" if new else "current-password",
            max_chars=200,
            **options,
        )
        self._field(field, "")
        return typed or ""

    def choice(
        self,
        field: str,
        label: str,
        options: Mapping[Choice, str] | Sequence[Choice],
        value: Choice | None = None,
        **more: Any,
    ) -> Choice | None:
        """One of the options, or none of them; a mapping gives each its label."""
        known = list(options)
        first = self.keep(field, value)
        chosen: Choice | None = st.selectbox(
            label,
            known,
            index=known.index(first) if first in known else None,
            format_func=field_values.label(options),
            key=self.widget_key(field),
            **more,
        )
        self._labels[field] = field_values.label(options)
        self._field(field, chosen)
        return chosen

    def choices(
        self,
        field: str,
        label: str,
        options: Mapping[Choice, str] | Sequence[Choice],
        value: Sequence[Choice] = (),
        **more: Any,
    ) -> list[Choice]:
        """Any number of the options."""
        known = list(options)
        chosen: list[Choice] = st.multiselect(
            label,
            known,
            default=[item for item in self.keep(field, list(value)) if item in known],
            format_func=field_values.label(options),
            key=self.widget_key(field),
            **more,
        )
        self._labels[field] = field_values.label(options)
        self._field(field, chosen)
        return chosen

    def date(self, field: str, label: str, value: date | None = None, **options: Any) -> date | None:
        """A day, or none."""
        options.setdefault("format", "DD/MM/YYYY")
        options.setdefault("min_value", date(1900, 1, 1))
        options.setdefault("max_value", date(2200, 12, 31))
        day = st.date_input(label, self.keep(field, value), key=self.widget_key(field), **options)
        self._field(field, day)
        return day if isinstance(day, date) else None

    def tick(self, field: str, label: str, value: bool = False, **options: Any) -> bool:
        """A tick box."""
        ticked = st.checkbox(label, bool(self.keep(field, value)), key=self.widget_key(field), **options)
        self._field(field, ticked)
        return bool(ticked)

    def whole(self, field: str, label: str, value: int | None = None, **options: Any) -> int | None:
        """A whole number, or none."""
        number = self.decimal(field, label, None if value is None else Decimal(value), places=0, **options)
        return None if number is None else int(number)

    def money(self, field: str, label: str, value: Decimal | None = None, **options: Any) -> Decimal | None:
        """An amount, typed as the reader's language writes numbers; exact, never a float."""
        return self.decimal(field, label, value, places=4, **options)

    def decimal(
        self, field: str, label: str, value: Decimal | None = None, *, places: int = 4, **options: Any
    ) -> Decimal | None:
        """A number of at most so many decimals, or none; what cannot be read is said under the field."""
        shown = typing_numbers.shown(self.keep(field, value))
        typed = st.text_input(label, shown, key=self.widget_key(field), max_chars=40, **options)
        number = None
        try:
            number = typing_numbers.read(typed or "", places)
        except Invalid as error:
            self._problems[field] = error.message
        self._field(field, number)
        return number

    def place(self, field: str) -> None:
        """Where errors of a field that is drawn without the form, such as a grid, are said."""
        self._field(field, None)

    def problem(self, field: str, sentence: str) -> None:
        """Something typed that cannot be read: said under its field once somebody wants to save."""
        self._problems[field] = sentence

    def submit(self, label: str, **options: Any) -> bool:
        """The button that saves; False also where something typed cannot be read."""
        options.setdefault("type", "primary")
        clicked = st.form_submit_button(label, key=self.widget_key("submit"), **options)
        return self._sent(bool(clicked))

    def submits(self, options: Mapping[Choice, str]) -> Choice | None:
        """A button for each option, of which the clicked one saves; None where something typed cannot be read."""
        clicked = []
        grid = st.grid(3, min_column_width=150)
        for number, (option, label) in enumerate(options.items()):
            key = self.widget_key(f"submit-{number}")
            with grid.cell():
                if st.form_submit_button(label, key=key, width="stretch"):
                    clicked.append(option)
        return clicked[0] if self._sent(bool(clicked)) else None

    def _sent(self, clicked: bool) -> bool:
        self._foot = st.container()
        if clicked and self._problems:
            self.show(Invalid(_("Some fields need another look."), fields=self._problems))
        return clicked and not self._problems

    @contextmanager
    def saving(self, message: Message, then: Callable[[], None] | None = None) -> Iterator[Any]:
        """One transaction; afterwards a message (or what gives it then), and a fresh form. An error saves nothing."""
        name = gate.username()
        try:
            with db.write(once=self.nonce, actor_name=name) as session:
                yield session
        except AlreadyDone:
            pass  # the first of two clicks did it: to the person both are one
        except UtamaError as error:
            self.show(error)
            return
        self.done(message() if callable(message) else message, then)

    def offer_undo(self, undo: Undo) -> None:
        """Offer to take back what is being saved; call it inside `saving`, after the change."""
        self._undo = undo

    def done(self, message: str, then: Callable[[], None] | None = None) -> None:
        """Start afresh: the message is shown after the rerun that this begins, or that `then` begins."""
        self._memory["saved"] = Saved(message, self._undo, then)  # before anything that a click can end
        form_memory.finish(self.key)
        st.rerun()

    def show(self, error: UtamaError) -> None:
        """Say what is wrong: under the fields where it belongs, the rest at the form's end."""
        for field, text in error.fields.items():
            if field in self._slots:
                self._slots[field].error(text)
        if isinstance(error, Conflict):
            self._show_both(error)
        elsewhere = [text for field, text in error.fields.items() if field not in self._slots]
        under_fields = [text for field, text in error.fields.items() if field in self._slots]
        said = dict.fromkeys([error.message, *elsewhere])
        text = " ".join(sentence for sentence in said if sentence not in under_fields)
        if text:
            (self._foot or st).error(text)

    def _show_both(self, conflict: Conflict) -> None:
        """What the store holds now stands under what was typed; saving again decides for what was typed."""
        for field, stored in conflict.current.items():
            if not field_values.same(stored, self._typed.get(field)):
                place = self._slots.get(field) or self._foot or st
                place.warning(
                    _("Saved meanwhile: {value}. Saving again replaces it with what stands here.").format(
                        value=plain(field_values.as_text(stored, self._labels.get(field, str)))
                    )
                )
        if conflict.version is not None:
            self._memory["keep:version"] = conflict.version

    def _field(self, field: str, value: Any) -> Any:
        self._typed[field] = value
        self._slots[field] = st.container()
        return value


@contextmanager
def form(key: str, *, border: bool = True, enter: bool = True) -> Iterator[Form]:
    """A form whose keys change with each saving; widgets drawn inside by `st.` belong to it too.

    `enter`: whether the Enter key in a field presses the first button.
    """
    if form_memory.finish(key):  # the run that saved was cut off: a dialog's, which runs without the frame
        st.rerun()
    area = st.form(f"{key}/{form_memory.of(key)['nonce']}", border=border, enter_to_submit=enter)
    with area:
        yield Form(key)


def confirm(key: str, label: str, question: str, button: str, *, icon: str | None = None) -> Form | None:
    """A button for what is not easily taken back: it asks once, and gives its form once confirmed."""
    with st.popover(label, icon=icon), form(key, border=False) as asked:
        st.markdown(plain(question))
        confirmed = asked.submit(button)
    return asked if confirmed else None


def same(asked: Form, first: str, second: str) -> bool:
    """Whether a new password was typed the same twice; otherwise that is said under the second."""
    if first == second:
        return True
    asked.show(Invalid(_("The two passwords differ."), fields={"again": _("Type the same password twice.")}))
    return False


def plain(text: str) -> str:
    """Text that somebody typed, safe where Streamlit reads Markdown: no link, no image, no formatting."""
    return "".join(f"\\{sign}" if sign in _MARKDOWN else sign for sign in text)


_MARKDOWN = frozenset("\\`*_{}[]()<>#+!|~$:")
