"""The forms of price-increase rounds: announcing one, noting an answer, taking one back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import accounts, clock, db, price_round_records, products
from core.auth import Actor
from core.errors import Conflict, Invalid
from core.language import _
from core.periods import add_months, first_of_month
from core.price_round_records import AnswerDraft, RoundDraft
from core.price_rounds import Answered, RoundRow
from core.vocabulary import Permission, RoundAnswer
from pages.ui import answers, dialogs, forms, tables, typing_numbers
from pages.ui.forms import Form, plain

_BLANK = 6


def may_write(actor: Actor) -> bool:
    return actor.may(Permission.TERM_WRITE)


def announce(actor: Actor) -> None:
    """The button of a new round."""
    if may_write(actor) and st.button(
        _("Announce a price increase"), icon=":material/campaign:", key="round_new"
    ):
        dialogs.show(_("Announce a price increase"), _new)


def _new(actor: Actor) -> None:
    with db.read() as session:
        ask = answers.asker(session, actor)
        people = {row.id: f"{row.name} · {row.code}" for row in ask(accounts.search) if not row.is_unassigned}
        goods = {f"{row.name} · {row.code}": row.id for row in ask(products.search)}
        categories = ask(products.categories)
    today = clock.today()
    effective = add_months(first_of_month(today), 2)
    with forms.form("round-new", border=False, enter=False) as form:
        with st.grid(3, min_column_width=150):
            with st.container():
                name = form.text("name", _("Name"), "", placeholder=_("such as “January 2027”"))
            with st.container():
                announced = form.date("announced_on", _("Announced on"), today)
            with st.container():
                takes_effect = form.date("effective_on", _("Takes effect on"), effective)
        with st.grid(2, min_column_width=150):
            with st.container():
                rate = form.decimal(
                    "rate", _("Increase, %"), None, help=_("Empty: prices by product, below.")
                )
            with st.container():
                category = form.choice("category_id", _("Only of a category"), categories)
        chosen = form.choices("account_ids", _("Accounts"), people, list(people))
        with st.expander(_("Or a price for each product")):
            edited = _grid(form, goods)
            form.place("prices")
        note = form.text("note", _("Note"), "", placeholder=_("why, and what was written to customers"))
        submitted = form.submit(_("Announce"))
    if not submitted:
        return
    prices = _prices(form, edited, goods)
    if prices is None:
        return
    draft = RoundDraft(
        name, announced or today, takes_effect or effective, tuple(chosen),
        None if rate is None else rate / 100, category, prices, note,
    )  # fmt: skip
    with form.saving(_("Price round announced: {name}").format(name=name)) as session:
        number = price_round_records.announce(session, actor, draft)
        form.offer_undo(partial(price_round_records.withdraw, round_id=number, version=1))


def _grid(form: Form, goods: Mapping[str, int]) -> pd.DataFrame:
    blank = [None] * _BLANK
    column = st.column_config
    edited: pd.DataFrame = st.data_editor(
        pd.DataFrame({"product": blank, "price": blank}).astype(object),
        key=form.widget_key("prices"),
        num_rows="dynamic",
        hide_index=True,
        row_height=tables.GRID_ROW,
        column_config={
            "product": column.SelectboxColumn(_("Product"), options=list(goods), width="medium"),
            "price": column.TextColumn(_("Price of a unit"), max_chars=20),
        },
        placeholder="",
        alt=_("The price that the round asks for, by product"),
    )
    return edited


def _prices(form: Form, edited: pd.DataFrame, goods: Mapping[str, int]) -> dict[int, Decimal] | None:
    """What stands in the grid; None where a cell cannot be read, which is said below it."""
    found: dict[int, Decimal] = {}
    problems = []
    for number, (_place, row) in enumerate(edited.iterrows(), start=1):
        product, typed = _cell(row["product"]), _cell(row["price"])
        if not product and not typed:
            continue
        label = product or _("Row {number}").format(number=number)
        try:
            price = typing_numbers.read(typed, 4)
            if product not in goods:
                raise Invalid(_("Choose a product."))
            if price is None:
                raise Invalid(_("Give its price."))
            found[goods[product]] = price
        except Invalid as error:
            problems.append(_("{row}: {problem}").format(row=label, problem=error.message))
    if problems:
        said = plain(" ".join(problems))
        form.show(Invalid(said, fields={"prices": said}))
        return None
    return found


def _cell(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value).strip()


def answer(row: RoundRow, one: Answered) -> None:
    """Opens the form of an account's answer."""
    dialogs.ask(one.name, _answer, row, one)


def _labels() -> dict[RoundAnswer, str]:
    return {
        RoundAnswer.ANNOUNCED: _("No answer yet"),
        RoundAnswer.ACCEPTED: _("Accepted"),
        RoundAnswer.NEGOTIATED: _("Settled on another percentage"),
        RoundAnswer.REFUSED: _("Refused"),
    }


def _answer(actor: Actor, row: RoundRow, one: Answered) -> None:
    before = one.draft
    with forms.form(f"round-{row.id}-{one.account_id}", border=False) as form:
        version = form.keep("version", one.version)
        said = form.choice("answer", _("Answer"), _labels(), before.answer)
        rate = form.decimal("rate", _("Settled on, %"), None if before.rate is None else before.rate * 100)
        day = form.date("answered_on", _("Answered on"), before.answered_on or clock.today())
        note = form.text("note", _("Note"), before.note, placeholder=_("who said it, and what comes next"))
        submitted = form.submit(_("Save"))
    if not submitted:
        return
    draft = AnswerDraft(said or before.answer, None if rate is None else rate / 100, day, note)
    with form.saving(_("Answer saved: {name}").format(name=one.name)) as session:
        try:
            now = price_round_records.answer(session, actor, row.id, one.account_id, draft, version=version)
        except Conflict as conflict:  # the form shows percent
            if conflict.current.get("rate") is not None:
                conflict.current["rate"] *= 100
            raise
        form.offer_undo(
            partial(
                price_round_records.answer,
                round_id=row.id,
                account_id=one.account_id,
                draft=replace(before),
                version=now,
            )
        )


def take_back(actor: Actor, row: RoundRow) -> None:
    """Take a round back while nobody has answered."""
    if not may_write(actor) or row.answered:
        return
    asked = forms.confirm(
        f"round-withdraw-{row.id}",
        _("Take back"),
        _("The round is no longer shown; nobody has answered it yet."),
        _("Take the round back"),
        icon=":material/undo:",
    )
    if asked is not None:
        with asked.saving(_("Price round taken back: {name}").format(name=row.name)) as session:
            now = price_round_records.withdraw(session, actor, row.id, version=row.version)
            asked.offer_undo(partial(price_round_records.restore, round_id=row.id, version=now))
