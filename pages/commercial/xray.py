"""Price X-ray: what a product costs an account, for a quantity, on a day, as known on a day, and why."""

import streamlit as st

from core import account_story, accounts, clock, db, entitlements, products, settings
from core.language import _
from core.periods import Period, add_months
from core.vocabulary import Permission
from pages.ui import account_parts, answers, gate, portfolio_parts, price_request_form, xray_parts

actor = gate.require(Permission.TERM_READ)

with db.read() as session:
    currency = settings.get(session).base_currency
    ask = answers.asker(session, actor)
    names = {row.code: row for row in ask(accounts.search)}
    goods = {row.code: row for row in ask(products.search)}

st.title(_("Price X-ray"))
st.caption(_("Which price may I offer, and why is this the price?"))
if not names or not goods:
    portfolio_parts.no_orders(actor)
    st.stop()

asked = xray_parts.question(names, goods)
if asked is None:
    st.info(_("Choose an account and a product, and the price stands here with everything that made it."))
    st.stop()

with db.read() as session:
    found = answers.asker(session, actor)(
        entitlements.answer,
        asked.account.id,
        asked.product.id,
        asked.quantity,
        asked.day,
        known_on=asked.known_on,
    )
    today = clock.today()
    span = Period(add_months(today, 1 - account_parts.PRICE_MONTHS), add_months(today, 1))
    paid = answers.asker(session, actor)(account_story.price_paid, asked.account.id, asked.product.id, span)

xray_parts.sentence(asked, found, currency)
price_request_form.button(actor, asked, found.price)
left, right = st.columns([3, 2])
with left, st.container(border=True, height="stretch"):
    xray_parts.waterfall(found.price, currency)
with right, st.container(border=True, height="stretch"):
    xray_parts.candidates(found, currency)
with st.container(border=True):
    account_parts.price_history(paid, asked.product.name, currency)
