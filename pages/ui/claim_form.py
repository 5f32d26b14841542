"""The form of a competitor claim, and what can be done with one beyond confirming: edit, take back, files, history."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from core import causes, claim_attachments, clock, competitor_claims, competitors, db, products
from core import competitor_claim_records as records
from core.auth import Actor
from core.causes import CauseDraft
from core.claim_attachments import AttachmentRow
from core.competitor_claims import ClaimDraft, ClaimRow
from core.errors import UtamaError
from core.language import _
from core.vocabulary import CauseKind, ClaimTopic, Permission, Reliability, SourceKind, Swot
from pages.ui import competitor_words as words
from pages.ui import dialogs, formats, forms, tables
from pages.ui.forms import Form, plain

Scope = tuple[str, int]


def may_write(actor: Actor) -> bool:
    return actor.may(Permission.COMPETITOR_WRITE)


def new_button(actor: Actor, account_id: int | None, name: str, *, competitor_id: int | None = None) -> None:
    """Opens an empty form; the quick note is quicker, this one has every field."""
    if may_write(actor) and st.button(_("New claim"), icon=":material/add:", key=f"new_claim_{account_id}"):
        dialogs.show(_("Competitor claim"), _record, account_id, name, competitor_id)


def more_button(row: ClaimRow, key: str) -> None:
    if st.button(_("More"), key=f"{key}_more_{row.number}", icon=":material/more_horiz:", type="tertiary"):
        dialogs.show(_("Claim {name}").format(name=row.name), opened, row.number)


def _record(actor: Actor, account_id: int | None, name: str, competitor_id: int | None) -> None:
    st.markdown(f"**{plain(name)}**")
    start = ClaimDraft(competitor_id, "", account_id=account_id, observed_on=clock.today())
    with forms.form(f"claim-new-{account_id}", border=False) as form:
        draft = _fields(form, actor, replace(start, source_kind=SourceKind.BUYER), is_new=True)
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Claim recorded.")) as session:
            number = records.record(session, actor, draft)
            form.offer_undo(partial(records.withdraw, number=number, version=number))


def opened(actor: Actor, number: int) -> None:
    """Everything about one claim: its form, its files, its versions."""
    try:
        with db.read() as session:
            row = competitor_claims.get(session, actor, number)
            files = claim_attachments.search(session, actor, number)
            versions = competitor_claims.history(session, actor, number)
    except UtamaError as error:
        st.error(plain(error.message))
        return
    if may_write(actor):
        _change(actor, row)
    else:
        st.markdown(f"{plain(row.draft.statement)}  \n{words.badges(row)}")
    if row.captured:
        st.caption(plain(_("As typed: {line}").format(line=row.captured)))
    _cause(actor, row)
    _files(actor, row, files)
    with st.expander(_("Versions ({count})").format(count=len(versions)), icon=":material/history:"):
        _versions(versions)


def _change(actor: Actor, row: ClaimRow) -> None:
    with forms.form(f"claim-{row.number}", border=False) as form:
        version = form.keep("version", row.version)
        draft = _fields(form, actor, row.draft, is_new=False)
        submitted = form.submit(_("Save"))
    removal = forms.confirm(
        f"claim-{row.number}-withdraw",
        _("Take back"),
        _("It counts nowhere any more; its versions stay on record."),
        _("Take the claim back"),
        icon=":material/delete:",
    )
    if submitted:
        with form.saving(_("Claim saved.")) as session:
            now = records.change(session, actor, row.number, draft, version=version)
            form.offer_undo(partial(records.revert, number=row.number, version=now))
    if removal is not None:
        with removal.saving(_("Claim taken back.")) as session:
            now = records.withdraw(session, actor, row.number, version=row.version)
            removal.offer_undo(partial(records.revert, number=row.number, version=now))


def _cause(actor: Actor, row: ClaimRow) -> None:
    """The claim as why the account's revenue moved; what a confidential one says stays out of the cause."""
    account_id = row.account_id
    if account_id is None or not actor.may(Permission.ACCOUNT_WRITE):
        return
    with forms.form(f"claim-{row.number}-cause", border=False) as form:
        label = _("It moved their revenue: record it as a cause")
        submitted = form.submit(label, type="secondary", icon=":material/edit_note:")
    if submitted:
        said = row.draft
        note = row.name if said.is_confidential else f"{row.name} · {row.competitor}: {said.statement}"
        cause = CauseDraft(
            CauseKind.COMPETITOR_CLAIM, said.observed_on, product_id=said.product_id,
            category_id=said.category_id, note=note[:2000],
        )  # fmt: skip
        with form.saving(_("Recorded as a cause.")) as session:
            key = causes.record(session, actor, account_id, cause)
            form.offer_undo(partial(causes.withdraw, cause_id=key, version=1))


def _fields(form: Form, actor: Actor, draft: ClaimDraft, *, is_new: bool) -> ClaimDraft:
    with db.read() as session:
        rivals = {row.id: row.name for row in competitors.search(session, actor)}
        units = products.units(session, actor)
    if is_new:
        rival = form.choice("competitor_id", _("Competitor"), rivals, draft.competitor_id)
        draft = replace(draft, competitor_id=rival)
    statement = form.text("statement", _("What is claimed, in one sentence"), draft.statement, long=True)
    draft = replace(draft, statement=statement)
    left, right = st.columns(2)
    with left:
        draft = _about(form, actor, draft)
    with right:
        return _evidence(form, draft, units)


def _about(form: Form, actor: Actor, draft: ClaimDraft) -> ClaimDraft:
    """What it is about, at which price, when it was seen, and who may know."""
    topic = form.choice("topic", _("Topic"), words.topics(), draft.topic)
    which, key = form.choice("scope", _("Product or category"), _scopes(actor), _scope(draft)) or ("", None)
    price = form.money("price", _("Their price"), draft.price)
    gap = form.decimal(
        "price_gap",
        _("or against our price, %"),
        None if draft.price_gap is None else draft.price_gap * 100,
        places=4,
        help=_("Below zero where they are cheaper: -3 is three percent below ours."),
    )
    observed = form.date("observed_on", _("Observed on"), draft.observed_on)
    text = _("Seen by the account's team and directors only.")
    secret = form.tick("is_confidential", _("Confidential"), draft.is_confidential, help=text)
    return replace(
        draft,
        topic=topic or ClaimTopic.PRODUCT,
        product_id=key if which == "product" else None,
        category_id=key if which == "category" else None,
        price=price,
        price_gap=None if gap is None else gap / 100,
        observed_on=observed,
        is_confidential=secret,
    )


def _evidence(form: Form, draft: ClaimDraft, units: dict[int, str]) -> ClaimDraft:
    """Whom it helps, where it comes from, how long it holds and how far it is to be believed."""
    swot = form.choice("swot", _("Side"), words.sides(), draft.swot)
    kind = form.choice("source_kind", _("Kind of source"), words.sources(), draft.source_kind)
    unit = form.choice("unit_id", _("Per unit"), units, draft.unit_id, help=_("Empty: the base unit."))
    source = form.text("source", _("Who or what exactly"), draft.source)
    last = form.date("last_on", _("Holds until"), draft.last_on)
    trust = form.choice("reliability", _("Reliability"), words.reliabilities(), draft.reliability)
    truth = form.choice("credibility", _("Credibility"), words.credibilities(), draft.credibility)
    return replace(
        draft,
        swot=swot or Swot.THREAT,
        source_kind=kind or SourceKind.OTHER,
        unit_id=unit,
        source=source,
        last_on=last,
        reliability=trust or Reliability.F,
        credibility=truth or 6,
    )


def _scopes(actor: Actor) -> dict[Scope, str]:
    with db.read() as session:
        categories = products.categories(session, actor)
        known = products.search(session, actor)
    found: dict[Scope, str] = {("category", key): name for key, name in categories.items()}
    return found | {("product", row.id): f"{row.name} · {row.code}" for row in known}


def _scope(draft: ClaimDraft) -> Scope | None:
    if draft.product_id is not None:
        return "product", draft.product_id
    return None if draft.category_id is None else ("category", draft.category_id)


def _files(actor: Actor, row: ClaimRow, files: list[AttachmentRow]) -> None:
    st.markdown("**" + _("Files") + "**")
    for one in files:
        with st.container(horizontal=True, vertical_alignment="center"):
            kilobytes = formats.number(max(one.size // 1024, 1))
            text = f"{one.file_name} · {kilobytes} KB · SHA-256 {one.sha256[:16]}… · {one.recorded_by}"
            st.markdown(f":small[{plain(text)}]", width="stretch")
            st.download_button(
                _("Open"),
                data=partial(content, actor, one.id),
                file_name=f"{one.sha256[:16]}-{one.file_name}",
                mime=one.media_type,
                key=f"file_{one.id}",
                on_click="ignore",
            )
    if not may_write(actor):
        return
    with forms.form(f"claim-{row.number}-attach", border=False) as form:
        sent = st.file_uploader(
            _("PDF, PNG or JPEG, up to 5 MB"),
            type=list(claim_attachments.ENDINGS),
            key=form.widget_key("file"),
        )
        form.place("file")
        submitted = form.submit(_("Attach"), type="secondary", icon=":material/attach_file:")
    if submitted and sent is not None:
        name, data = sent.name, sent.getvalue()
        with form.saving(_("File attached.")) as session:
            key = claim_attachments.attach(session, actor, row.number, name, data)
            form.offer_undo(partial(claim_attachments.detach, attachment_id=key))


def content(actor: Actor, attachment_id: int) -> bytes:
    """The file of a claim, for who may see the claim when it is asked for."""
    with db.read() as session:
        return claim_attachments.content(session, actor, attachment_id)[1]


def _versions(versions: list[ClaimRow]) -> None:
    frame = pd.DataFrame(
        {
            _("Known from"): [formats.moment(row.recorded_at) for row in versions],
            _("Recorded by"): [row.recorded_by for row in versions],
            _("Statement"): [row.draft.statement for row in versions],
            _("State"): [words.states()[row.state] for row in versions],
            _("Why"): [row.reason for row in versions],
        }
    )
    tables.plain_frame(frame, key="claim_versions")
