"""Products: what each brings, who buys it and who stopped, at which prices against list, and how it is delivered."""

import streamlit as st

from core import clock, db, portfolio, product_prices, product_story, products, settings
from core.errors import NotFound
from core.language import _
from core.vocabulary import Permission
from pages.ui import answers, filters, gate, portfolio_parts, product_form, product_parts
from pages.ui.forms import plain

actor = gate.require(Permission.REVENUE_READ)
code = st.query_params.get("product")

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    day = ask(portfolio.as_of) or clock.today()
    choices = ask(portfolio.choices)
    try:
        product = ask(products.get_by_code, code) if code else None
    except NotFound:
        product = None

currency = decided.base_currency
left, right = st.columns([2, 3], vertical_alignment="bottom")
with right, st.container(horizontal_alignment="right"):
    period = filters.period(day, decided.fiscal_year_month)
    with st.container(horizontal=True, horizontal_alignment="right"):
        chosen = filters.accounts(choices)
        if product is None:
            product_form.prices_button(actor)
            product_form.new_button(actor)
        else:
            product_form.edit_button(actor, product)

if product is None:
    with left:
        st.title(_("Products"))
        st.caption(filters.sentence(period, day))
    if code:
        st.info(_("There is no such product. Choose one below."))
    with db.read() as session:
        rows = answers.asker(session, actor)(
            product_story.standings, period, chosen.accounts, day=clock.today()
        )
    if rows:
        product_parts.product_table(product_parts.choose(rows), currency)
    else:
        portfolio_parts.no_orders(actor)
    st.stop()

with left:
    if st.button(_("All products"), icon=":material/arrow_back:", type="tertiary"):
        st.query_params.pop("product", None)
        st.rerun()
    st.title(plain(product.name))
    category = product.category or _("no category")
    filed = f"{plain(product.code)} · {plain(category)}"
    st.caption(f"{filed} · {filters.sentence(period, day)}")

with db.read() as session:
    ask = answers.asker(session, actor)
    month = decided.fiscal_year_month
    story = ask(product_story.story, product.id, period, chosen.accounts, fiscal_month=month, day=day)
    versions = product_prices.price_history(session, actor, [product.id])

if story.buyers:
    product_parts.tiles(story, currency)
    product_parts.pictures(story, currency)
else:
    st.info(_("None of your accounts bought it in this period or a year ago."))
labels = [_("Buyers"), _("Delivery"), _("List prices")]
bought, delivered, priced = st.tabs(labels)
with bought:
    product_parts.buyers(story, currency)
with delivered:
    product_parts.deliveries(story)
with priced:
    product_parts.list_prices(versions, currency)
