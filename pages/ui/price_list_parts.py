"""An account's terms as files: the customer's price list, and the whole set for reading and for coming back."""

from __future__ import annotations

from datetime import date
from functools import partial

import streamlit as st

from core import clock, db, price_lists, reports
from core.accounts import AccountDetail
from core.auth import Actor
from core.errors import UtamaError
from core.language import LANGUAGES, _, current
from core.reports import price_list
from core.vocabulary import BatchKind, Permission
from pages.ui import grant_files
from pages.ui.forms import plain


def download(actor: Actor, account: AccountDetail) -> None:
    """Two popovers: the price list of a customer, and the terms as CSV, XLSX or YAML."""
    if not actor.may(Permission.DATA_EXPORT):
        return
    with st.popover(_("Price list"), icon=":material/request_quote:", key="price_list_of_account"):
        _price_list(actor, account)
    said = _("All terms of this account. “Data & import” reads each of them back.")
    grant_files.download(actor, BatchKind.TERMS, said, account.code)


def _price_list(actor: Actor, account: AccountDetail) -> None:
    day = st.date_input(_("Valid from"), clock.today(), key="price_list_from", format="DD/MM/YYYY")
    speaks = st.selectbox(
        _("Language"), list(LANGUAGES), index=list(LANGUAGES).index(current()), format_func=LANGUAGES.__getitem__,
        key="price_list_language",
    )  # fmt: skip
    st.caption(_("Prices with steps and promotions. It shows neither cost, floor price nor reasons."))
    try:
        with db.read() as session:
            price_lists.of_account(session, actor, account.id, day)
    except UtamaError as error:
        st.error(plain(error.message))
        return
    file = _("price-list")
    for form in reports.FORMS:
        st.download_button(
            form.upper(),
            data=partial(price_list_file, actor, account, day, speaks or current(), form),
            file_name=f"{file}-{account.code}-{day:%Y-%m-%d}.{form}",
            key=f"price_list_{form}",
            on_click="ignore",
            width="stretch",
        )


def price_list_file(actor: Actor, account: AccountDetail, day: date, speaks: str, form: str) -> bytes:
    """The price list, noted in the audit."""
    with db.read() as session:
        found = price_lists.of_account(session, actor, account.id, day)
    made = price_list.write(found, form, speaks)
    with db.write() as session:
        asked = {"account": account.code, "valid_from": f"{day:%Y-%m-%d}", "language": speaks}
        reports.record_export(session, actor, reports.PRICE_LIST, form, asked)
    return made
