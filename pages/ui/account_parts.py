"""The parts of the Account page: who it is, its pictures, products, prices, orders and history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core import account_story, audit, clock, db, orders
from core.account_story import PricePoint, ProductStory
from core.accounts import AccountDetail
from core.attention import Today
from core.auth import Actor
from core.language import _
from core.money import ZERO
from core.periods import Period, add_months
from core.settings import Settings
from core.vocabulary import AccountStatus, Permission, TeamRole
from pages.ui import (
    account_form,
    audit_parts,
    charts,
    formats,
    navigation,
    order_form,
    order_parts,
    portfolio_parts,
    tables,
    today_parts,
)
from pages.ui.forms import plain

ORDER_LIMIT = 300
PRICE_MONTHS = 24


def choose(names: Mapping[str, str], code: str | None) -> None:
    """The picker; what is chosen stands in the address."""

    def follow() -> None:
        chosen = st.session_state["account_picker"]
        if chosen is not None:
            st.query_params["account"] = chosen

    codes = list(names)
    st.session_state["account_picker"] = code if code in names else None
    st.selectbox(
        _("Account"),
        codes,
        format_func=lambda key: f"{names[key]} · {key}",
        key="account_picker",
        on_change=follow,
        placeholder=_("Choose an account"),
        label_visibility="collapsed",
        width=290,
    )


def edit(actor: Actor, account: AccountDetail) -> None:
    """Opens the forms of the account, for who may change it."""
    if account_form.may_edit(actor, account) and st.button(_("Edit"), icon=":material/edit:", key="edit"):
        account_form.edit_dialog(account.id)


def missing() -> None:
    """Unknown and invisible accounts look alike."""
    st.info(_("There is no such account. Choose one above, or go back to the portfolio."))
    if st.button(_("Open the portfolio"), icon=":material/monitoring:"):
        st.switch_page(navigation.PAGES / "accounts/portfolio.py")


def who(account: AccountDetail, decided: Settings) -> None:
    """Owner, team, rank, terms: everything known about the account, in one strip."""
    with st.container(border=True), st.grid(5, min_column_width=150):
        for label, value in facts(account, decided):
            st.markdown(f":small[:gray[{label}]]  \n{plain(value)}")


def facts(account: AccountDetail, decided: Settings) -> list[tuple[str, str]]:
    """Label and value of each fact, a dash where nobody said it."""
    today = clock.today()
    team = [
        _("{name} (deputy)").format(name=member.name) if member.role is TeamRole.DEPUTY else member.name
        for member in account.team
        if member.valid_from <= today and (member.valid_to is None or member.valid_to > today)
    ]
    days = account.payment_days
    currency = account.currency or decided.base_currency
    return [
        (_("Owner"), account.owner or formats.UNKNOWN),
        (_("Team"), ", ".join(team) or formats.UNKNOWN),
        (_("Tier"), account.tier or formats.UNKNOWN),
        (_("Segment"), account.segment or formats.UNKNOWN),
        (_("Region"), account.region or formats.UNKNOWN),
        (_("Group"), account.group or formats.UNKNOWN),
        (_("Payment"), formats.UNKNOWN if days is None else _("{days} days net").format(days=days)),
        (_("Credit limit"), formats.money(account.credit_limit, currency, places=0)),
        (_("Account since"), formats.day(account.since_on)),
        (
            _("Other codes"),
            ", ".join(f"{source} {code}" for source, code in account.codes) or formats.UNKNOWN,
        ),
    ]


def status(account: AccountDetail) -> str:
    names = {
        AccountStatus.ACTIVE: _("active"),
        AccountStatus.DORMANT: _("dormant"),
        AccountStatus.LOST: _("lost"),
    }
    return names[account.status]


def attention(found: Today, currency: str) -> None:
    """Why the account needs attention today, in one line above the figures."""
    items = list(found.items)
    if items:
        text = " · ".join(today_parts.sentence(item, currency) for item in items[:3])
        icon = ":material/priority_high:"
        (st.error if items[0].is_red else st.warning)(plain(text), icon=icon)


def product_mix(stories: Sequence[ProductStory], currency: str) -> None:
    """Shares of the categories, last year's beside them."""
    found = account_story.mix(stories)
    shifts = [row for row in found if row.shift is not None]
    moved = max(shifts, key=lambda row: abs(row.shift or ZERO), default=None)
    title = _("Product mix, share of net revenue")
    if moved is not None and moved.shift:
        title = _("Product mix: {category} {points}").format(
            category=moved.name or _("no category"), points=formats.points(moved.shift)
        )
    opened = portfolio_parts.heading(title, "table_mix")
    top = found[:9]
    names = [row.name or _("no category") for row in top]
    figure = charts.shares(names, [row.share for row in top], [row.year_ago_share for row in top])
    alt = _("Product mix. ") + "; ".join(
        f"{name} {formats.percent(row.share)} ({formats.points(row.shift)})"
        for name, row in zip(names, top, strict=True)
    )
    charts.show(figure, alt=alt, key="chart_mix")
    if opened:
        frame = pd.DataFrame(
            {
                _("Category"): [row.name or _("no category") for row in found],
                _("Net revenue"): [tables.whole(row.now) for row in found],
                _("Last year"): [tables.whole(row.year_ago) for row in found],
            }
        )
        portfolio_parts.table(title, frame, currency)


def products(stories: Sequence[ProductStory], currency: str) -> None:
    """What it buys, and what it bought last year and no longer does."""
    gone = account_story.lost(stories)
    at_stake = sum((story.year_ago.net for story in gone), start=ZERO)
    st.markdown(
        "**"
        + _("No longer bought: {count} products, {amount} last year").format(
            count=len(gone), amount=formats.compact(at_stake, currency)
        )
        + "**"
    )
    if gone:
        _product_table(gone, currency, "products_lost")
    bought = [story for story in stories if story.now.lines]
    st.markdown("**" + _("Bought: {count} products").format(count=len(bought)) + "**")
    _product_table(bought, currency, "products_bought_table")


def _product_table(stories: Sequence[ProductStory], currency: str, key: str) -> None:
    column = st.column_config
    frame = pd.DataFrame(
        {
            "code": [story.code for story in stories],
            "name": [story.name for story in stories],
            "category": [story.category for story in stories],
            "net": [tables.whole(story.now.net) for story in stories],
            "year_ago": [tables.whole(story.year_ago.net) for story in stories],
            "change": [tables.whole(story.change) for story in stories],
            "discount": [tables.hundred(story.now.discount_rate) for story in stories],
        }
    )
    columns: dict[str, Any] = {
        "code": column.TextColumn(_("Code")),
        "name": column.TextColumn(_("Product"), width="medium"),
        "category": column.TextColumn(_("Category")),
        "net": tables.money_column(_("Net revenue"), currency, places=0),
        "year_ago": tables.money_column(_("Last year"), currency, places=0),
        "change": tables.money_column(_("Change"), currency, places=0),
        "discount": tables.percent_column(_("Discount")),
    }
    tables.plain_frame(frame, columns, key=key)


def prices(
    actor: Actor, account: AccountDetail, stories: Sequence[ProductStory], period: Period, currency: str
) -> None:
    """Price paid for one product by month against list."""
    known = {story.product_id: story for story in stories}
    if not known:
        st.info(_("Nothing was bought in this period or in those it is compared with."))
        return
    chosen = st.selectbox(
        _("Product"), list(known), format_func=lambda key: f"{known[key].name} · {known[key].code}", width=420
    )
    span = Period(add_months(period.last_day, 1 - PRICE_MONTHS), period.last_day + timedelta(days=1))
    with db.read() as session:
        points = account_story.price_paid(session, actor, account.id, chosen, span)
    price_history(points, known[chosen].name, currency)


def price_history(points: Sequence[PricePoint], product: str, currency: str) -> None:
    """What was paid for a product by month against its list price, in a sentence and a picture."""
    bought = [point for point in points if point.paid is not None]
    if not bought:
        st.info(_("No purchase in the last {count} months.").format(count=PRICE_MONTHS))
        return
    first, last = bought[0], bought[-1]
    change = (last.paid - first.paid) / first.paid if first.paid and last.paid is not None else None
    text = _("{product}: {paid} per unit in {month}, list {listed}; {change} since {first}.").format(
        product=product,
        paid=formats.price(last.paid and round(last.paid, 2), currency),
        month=formats.month(last.month),
        listed=formats.price(last.listed and round(last.listed, 2), currency),
        change=formats.percent(change, signed=True),
        first=formats.month(first.month),
    )
    st.markdown(f"**{plain(text)}**")
    _price_picture(points, text, currency)


def _price_picture(points: Sequence[PricePoint], text: str, currency: str) -> None:
    figure = charts.price_paid(
        [point.month for point in points],
        [point.paid for point in points],
        [point.listed for point in points],
        currency=currency,
    )
    charts.show(figure, alt=text, key="chart_prices")
    with st.expander(_("The figures behind the picture")):
        frame = pd.DataFrame(
            {
                _("Month"): [formats.month(point.month) for point in points if point.paid is not None],
                _("Quantity"): [float(point.quantity) for point in points if point.paid is not None],
                _("Price paid"): [tables.as_float(point.paid) for point in points if point.paid is not None],
                _("List price"): [
                    tables.as_float(point.listed) for point in points if point.paid is not None
                ],
            }
        )
        price = st.column_config.NumberColumn(format="%.4f")
        tables.plain_frame(frame, {_("Price paid"): price, _("List price"): price}, key="prices_table")


def order_list(actor: Actor, account: AccountDetail, period: Period, currency: str) -> None:
    """Orders of the period, newest first; one that is chosen shows its lines."""
    with db.read() as session:
        found = orders.by_account(session, actor, account.id, period=period, limit=ORDER_LIMIT)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            _("{count} orders; the newest {shown} are shown. Choose one to see its lines.").format(
                count=formats.number(found.count), shown=formats.number(len(found.rows))
            )
        )
        if not account.is_unassigned:
            order_form.button(actor, account.code)
    frame = pd.DataFrame(
        {
            "order_no": [row.order_no for row in found.rows],
            "ordered_on": [row.ordered_on for row in found.rows],
            "lines": [row.line_count for row in found.rows],
            "net": [float(row.net_amount) for row in found.rows],
        }
    )
    chosen = st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        column_config={
            "order_no": st.column_config.TextColumn(_("Order")),
            "ordered_on": st.column_config.DateColumn(_("Ordered"), format="D MMM YYYY"),
            "lines": st.column_config.NumberColumn(_("Lines")),
            "net": tables.money_column(_("Net amount"), currency),
        },
        on_select="rerun",
        selection_mode="single-row",
        key="orders",
        placeholder=formats.UNKNOWN,
    )
    rows = chosen.selection.rows
    if rows:
        order_parts.detail(actor, account.id, found.rows[rows[0]].order_no, currency)


def history(actor: Actor, account: AccountDetail) -> None:
    """Who changed what, newest first."""
    if not actor.may(Permission.AUDIT_READ):
        st.info(_("Your role does not show who changed what."))
        return
    with db.read() as session:
        entries = audit.search(session, actor, account_id=account.id)
    if not entries.rows:
        st.info(_("Nothing about this account has been changed yet."))
        return
    frame = pd.DataFrame(
        {
            _("When"): [formats.moment(row.at) for row in entries.rows],
            _("Who"): [row.actor for row in entries.rows],
            _("What"): [audit_parts.action_name(row.action) for row in entries.rows],
            _("Change"): [_changes(row.changes) for row in entries.rows],
        }
    )
    tables.plain_frame(frame, {_("Change"): st.column_config.TextColumn(width="large")}, key="history")


def _changes(changes: Mapping[str, list[Any]] | None) -> str:
    def said(value: Any) -> str:
        return formats.UNKNOWN if value in (None, "", []) else str(value)

    return "; ".join(
        f"{audit_parts.field_name(name)}: {said(pair[0])} → {said(pair[1])}"
        for name, pair in (changes or {}).items()
    )
