"""The form of a new term: the kind first, then only the fields that this kind needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import streamlit as st

from core import clock, db, entitlements, products, term_edits
from core.accounts import AccountDetail
from core.auth import Actor
from core.errors import Invalid, UtamaError
from core.language import _
from core.money import ZERO
from core.products import ProductRow
from core.term_drafts import Scope, TermDraft
from core.vocabulary import Permission, TermDate, TermKind, TierBasis, TierMode, TierPeriod
from pages.ui import dialogs, formats, forms, term_saving, term_words
from pages.ui.forms import Form, plain

_STACKING = (TermKind.DISCOUNT, TermKind.QUANTITY_TIER, TermKind.PROMOTION)
_PACKED = (TermKind.SPECIAL_PRICE, TermKind.QUANTITY_TIER, TermKind.FREIGHT)
_OF_LINES = (TermKind.SPECIAL_PRICE, TermKind.DISCOUNT, TermKind.PROMOTION)  # may begin at a quantity


@dataclass(frozen=True)
class Goods:
    """What may be chosen."""

    products: Mapping[str, ProductRow]
    categories: Mapping[int, str]
    packs: Mapping[int, str] = field(default_factory=dict)  # of the chosen product


def may_write(actor: Actor, account: AccountDetail) -> bool:
    return actor.may(Permission.TERM_WRITE) and not account.is_unassigned


def button(actor: Actor, account: AccountDetail, currency: str) -> None:
    """Opens the form, for who may write terms."""
    if may_write(actor, account) and st.button(
        _("New term"), icon=":material/add:", key="new_term", type="primary"
    ):
        dialogs.show(_("New term"), _open, account, currency)


def _open(actor: Actor, account: AccountDetail, currency: str) -> None:
    with db.read() as session:
        goods = Goods(
            {row.code: row for row in products.search(session, actor)},
            products.categories(session, actor),
        )
    left, right = st.columns(2)
    with left:
        names = term_words.kinds()
        kind = st.selectbox(
            _("What is granted"), list(names), format_func=lambda one: names[one], key="term_kind"
        )
    with right:
        whom = _whom(account)
        for_whom = st.selectbox(_("For whom"), list(whom), format_func=lambda one: whom[one], key="term_whom")
    scope = _scope(account, for_whom)
    scope, product = _of_goods(scope, kind, goods)
    if product is not None:
        goods = replace(goods, packs=_standing(actor, account, product, currency))
    _form(actor, account, TermDraft(scope, kind, ZERO, clock.today()), product, goods, currency)


def _whom(account: AccountDetail) -> dict[str, str]:
    found = {"account": account.name}
    if account.group_id is not None:
        found["group"] = _("all of the group {name}").format(name=account.group)
    if account.segment_id is not None:
        found["segment"] = _("all of the segment {name}").format(name=account.segment)
    return found


def _scope(account: AccountDetail, for_whom: str) -> Scope:
    if for_whom == "group":
        return Scope(group_id=account.group_id)
    if for_whom == "segment":
        return Scope(segment_id=account.segment_id)
    return Scope(account_id=account.id)


def _of_goods(scope: Scope, kind: TermKind, goods: Goods) -> tuple[Scope, ProductRow | None]:
    """What it is for; outside the form, since units and the price of today follow the product."""
    if kind in (TermKind.PROMPT_PAYMENT, TermKind.PAYMENT_TERMS):
        return scope, None
    choices = {"": _("Everything")} if kind is not TermKind.SPECIAL_PRICE else {}
    if kind is not TermKind.SPECIAL_PRICE:
        choices |= {
            f"c{key}": _("Category {name}").format(name=name) for key, name in goods.categories.items()
        }
    choices |= {f"p{code}": f"{row.name} · {code}" for code, row in goods.products.items()}
    chosen = st.selectbox(
        _("Product") if kind is TermKind.SPECIAL_PRICE else _("Product or category"),
        list(choices),
        index=None if kind is TermKind.SPECIAL_PRICE else 0,
        format_func=lambda one: choices[one],
        placeholder=_("Choose …"),
        filter_mode="fuzzy",
        key=f"term_goods_{kind is TermKind.SPECIAL_PRICE}",
    )
    if not chosen:
        return scope, None
    if chosen.startswith("c"):
        return replace(scope, category_id=int(chosen[1:])), None
    product = goods.products[chosen[1:]]
    return replace(scope, product_id=product.id), product


def _standing(actor: Actor, account: AccountDetail, product: ProductRow, currency: str) -> dict[int, str]:
    """Say what the product costs the account today, to start from; returns its packs."""
    with db.read() as session:
        found = entitlements.price(session, actor, account.code, product.code, Decimal(1), clock.today())
        packs = dict(products.get(session, actor, product.id).packs)
        units = products.units(session, actor)
    text = _("List {list}, today {net} for {account}").format(
        list=formats.price(found.list_price, currency),
        net=formats.price(found.net_price, currency),
        account=account.name,
    )
    st.caption(plain(text))
    return {
        key: _("{unit} of {count}").format(unit=name, count=formats.quantity(packs[name]))
        for key, name in units.items()
        if name in packs
    }


def _form(
    actor: Actor,
    account: AccountDetail,
    draft: TermDraft,
    product: ProductRow | None,
    goods: Goods,
    currency: str,
) -> None:
    with forms.form(f"term-new-{account.id}-{draft.kind}", border=False) as form:
        form.place("product")
        value, drafted = _fields(form, draft, product, goods, currency)
        submitted = form.submit(_("Save"))
    st.caption(_("In force at once where it is within your authority; otherwise a director decides."))
    if not submitted:
        return
    try:
        ready = replace(drafted, value=term_saving.wanted(value))
        _require_product(ready)
    except UtamaError as error:
        form.show(error)
        return
    term_saving.save(form, draft.kind, lambda session: term_edits.grant(session, actor, ready))


def _require_product(draft: TermDraft) -> None:
    if draft.kind is TermKind.SPECIAL_PRICE and draft.scope.product_id is None:
        problem = _("Choose a product: a special price is of one product.")
        raise Invalid(problem, fields={"product": problem})


def _fields(
    form: Form, draft: TermDraft, product: ProductRow | None, goods: Goods, currency: str
) -> tuple[Decimal | None, TermDraft]:
    """Value, days and reason, and between them what the kind needs."""
    kind = draft.kind
    with st.grid(3, min_column_width=150):
        with st.container():
            value = term_saving.value_field(form, kind, currency)
        with st.container():
            first = form.date("valid_from", _("First day"), draft.valid_from)
        with st.container():
            last = form.date("valid_to", _("Last day"), None, help=_("Empty: until further notice."))
        draft = _of_quantity(form, draft, product, goods)
    reason = form.text(
        "reason", _("Why"), "", placeholder=_("such as: agreement 2027, offer of a competitor")
    )
    draft = _more(form, draft)
    return value, replace(
        draft,
        valid_from=first or clock.today(),
        valid_to=None if last is None else last + timedelta(days=1),
        reason=reason,
    )


def _of_quantity(form: Form, draft: TermDraft, product: ProductRow | None, goods: Goods) -> TermDraft:
    """From how much on, in which unit, in which period, within how many days."""
    kind = draft.kind
    if kind is TermKind.QUANTITY_TIER or kind in _OF_LINES:
        label = (
            _("From a quantity of") if kind is TermKind.QUANTITY_TIER else _("From a quantity of (optional)")
        )
        with st.container():
            least = form.decimal("min_quantity", label, None, places=3)
        draft = replace(draft, min_quantity=least or ZERO)
    if kind is TermKind.VOLUME_TIER:
        draft = _of_volume(form, draft)
    if kind is TermKind.PROMPT_PAYMENT:
        with st.container():
            draft = replace(draft, days=form.whole("days", _("Paid within, days")))
    packs = goods.packs if kind in _PACKED and product is not None else {}
    if packs:
        with st.container():
            unit = form.choice("unit_id", _("Counted in"), packs, None)
        draft = replace(draft, unit_id=unit)
    return draft


def _of_volume(form: Form, draft: TermDraft) -> TermDraft:
    with st.container():
        least = form.decimal("min_quantity", _("From a volume of"), None, places=3)
    with st.container():
        basis = form.choice("basis", _("Counted as"), term_words.bases(), TierBasis.PERIOD_REVENUE)
    with st.container():
        period = form.choice("period", _("In"), term_words.periods(), TierPeriod.YEAR)
    with st.container():
        mode = form.choice("mode", _("Given"), term_words.modes(), TierMode.ALL_UNITS)
    return replace(
        draft,
        min_quantity=least or ZERO,
        basis=basis or TierBasis.PERIOD_REVENUE,
        period=period,
        mode=mode,
    )


def _more(form: Form, draft: TermDraft) -> TermDraft:
    """What is seldom needed."""
    kind = draft.kind
    with st.expander(_("More")):
        governed = form.choice(
            "governed_by", _("The date that decides"), term_words.governing(), TermDate.ORDER
        )
        draft = replace(draft, governed_by=governed or TermDate.ORDER)
        if kind in _STACKING:
            text = _("Is given beside other discounts that allow it too")
            draft = replace(draft, stacks=form.tick("stacks", text))
        if kind is TermKind.SPECIAL_PRICE:
            draft = replace(
                draft,
                is_exception=form.tick(
                    "is_exception",
                    _("Exception from the floor price"),
                    help=_(
                        "For this account and product until the last day; the floor price stays as it is."
                    ),
                ),
            )
    return draft
