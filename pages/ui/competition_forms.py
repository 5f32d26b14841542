"""The forms of what stands beside claims: presence at an account, contested deals and objections."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial

import streamlit as st

from core import clock, competitors, contests, db, objections, presences, products
from core.auth import Actor
from core.contests import ContestDraft, ContestRow
from core.language import _
from core.objections import ObjectionDraft, ObjectionRow
from core.presences import PresenceDraft, PresenceRow
from core.vocabulary import ContestOutcome, ContestReason, ObjectionKind, ObjectionOutcome
from pages.ui import claim_form, dialogs, forms
from pages.ui import competitor_words as words
from pages.ui.forms import Form, plain


def new_buttons(actor: Actor, account_id: int, name: str) -> None:
    """What can be recorded about competition at an account."""
    if not claim_form.may_write(actor):
        return
    for label, title, icon, draw in (
        (_("Supplies them"), _("Competitor at this account"), "add_business", _new_presence),
        (_("Won or lost"), _("Contested deal"), "swords", _new_contest),
        (_("Objection"), _("Objection"), "contact_support", _new_objection),
    ):
        if st.button(label, icon=f":material/{icon}:", key=f"new_{icon}_{account_id}"):
            dialogs.show(title, draw, account_id, name)


def edit_button(actor: Actor, row: PresenceRow | ContestRow | ObjectionRow, key: str) -> None:
    """Opens the form of an entry that is there."""
    if not claim_form.may_write(actor):
        return
    if st.button(_("Edit"), key=f"{key}_edit_{row.id}", icon=":material/edit:", type="tertiary"):
        if isinstance(row, PresenceRow):
            dialogs.show(_("Competitor at this account"), _change_presence, row)
        elif isinstance(row, ContestRow):
            dialogs.show(_("Contested deal"), _change_contest, row)
        else:
            dialogs.show(_("Objection"), _change_objection, row)


def _rivals(actor: Actor) -> dict[int, str]:
    with db.read() as session:
        return {row.id: row.name for row in competitors.search(session, actor, with_inactive=True)}


def _categories(actor: Actor) -> dict[int, str]:
    with db.read() as session:
        return products.categories(session, actor)


# --- presence ---


def _new_presence(actor: Actor, account_id: int, name: str) -> None:
    st.markdown(f"**{plain(name)}**")
    with forms.form(f"presence-new-{account_id}", border=False) as form:
        draft = _presence(form, actor, PresenceDraft(None))
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Recorded: {name}").format(name=name)) as session:
            key = presences.record(session, actor, account_id, draft)
            form.offer_undo(partial(presences.withdraw, entry_id=key, version=1))


def _change_presence(actor: Actor, row: PresenceRow) -> None:
    st.markdown(f"**{plain(row.account)}**")
    with forms.form(f"presence-{row.id}", border=False) as form:
        version = form.keep("version", row.version)
        draft = _presence(form, actor, row.draft)
        submitted = form.submit(_("Save"))
    removal = _removal(f"presence-{row.id}")
    if submitted:
        with form.saving(_("Saved: {name}").format(name=row.competitor)) as session:
            now = presences.update(session, actor, row.id, draft, version=version)
            form.offer_undo(partial(presences.update, entry_id=row.id, draft=row.draft, version=now))
    if removal is not None:
        with removal.saving(_("Taken back: {name}").format(name=row.competitor)) as session:
            now = presences.withdraw(session, actor, row.id, version=row.version)
            removal.offer_undo(partial(presences.restore, entry_id=row.id, version=now))


def _presence(form: Form, actor: Actor, draft: PresenceDraft) -> PresenceDraft:
    left, right = st.columns(2)
    with left:
        rival = form.choice("competitor_id", _("Competitor"), _rivals(actor), draft.competitor_id)
        since = form.date("since_on", _("Supplies since"), draft.since_on)
        share = form.decimal("share", _("Their share, %"), _percent(draft.share), places=4)
        contact = form.text("contact", _("Whom they know best"), draft.contact)
    with right:
        category = form.choice("category_id", _("Category"), _categories(actor), draft.category_id)
        ends = form.date("contract_ends_on", _("Their contract ends"), draft.contract_ends_on)
        low = form.decimal("low_share", _("At least, %"), _percent(draft.low_share), places=4)
        high = form.decimal("high_share", _("At most, %"), _percent(draft.high_share), places=4)
    return PresenceDraft(rival, category, since, ends, _share(share), _share(low), _share(high), contact)


def _percent(share: Decimal | None) -> Decimal | None:
    return None if share is None else share * 100


def _share(percent: Decimal | None) -> Decimal | None:
    return None if percent is None else percent / 100


def _removal(key: str) -> Form | None:
    return forms.confirm(
        f"{key}-withdraw",
        _("Take back"),
        _("It counts nowhere any more; it stays on record."),
        _("Take it back"),
        icon=":material/delete:",
    )


# --- contests ---


def _new_contest(actor: Actor, account_id: int, name: str) -> None:
    st.markdown(f"**{plain(name)}**")
    with forms.form(f"contest-new-{account_id}", border=False) as form:
        draft = _contest(form, actor, ContestDraft(None, "", decided_on=clock.today()))
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Recorded: {name}").format(name=name)) as session:
            key = contests.record(session, actor, account_id, draft)
            form.offer_undo(partial(contests.withdraw, entry_id=key, version=1))


def _change_contest(actor: Actor, row: ContestRow) -> None:
    st.markdown(f"**{plain(row.account)}**")
    with forms.form(f"contest-{row.id}", border=False) as form:
        version = form.keep("version", row.version)
        draft = _contest(form, actor, row.draft)
        submitted = form.submit(_("Save"))
    removal = _removal(f"contest-{row.id}")
    if submitted:
        with form.saving(_("Saved: {name}").format(name=row.draft.title)) as session:
            now = contests.update(session, actor, row.id, draft, version=version)
            form.offer_undo(partial(contests.update, entry_id=row.id, draft=row.draft, version=now))
    if removal is not None:
        with removal.saving(_("Taken back: {name}").format(name=row.draft.title)) as session:
            now = contests.withdraw(session, actor, row.id, version=row.version)
            removal.offer_undo(partial(contests.restore, entry_id=row.id, version=now))


def _contest(form: Form, actor: Actor, draft: ContestDraft) -> ContestDraft:
    title = form.text("title", _("What was contested"), draft.title)
    left, right = st.columns(2)
    with left:
        rival = form.choice("competitor_id", _("Competitor"), _rivals(actor), draft.competitor_id)
        outcome = form.choice("outcome", _("Outcome"), words.contest_outcomes(), draft.outcome)
        reason = form.choice("reason", _("Main reason"), words.reasons(), draft.reason)
        ours = form.money("our_price", _("Our price"), draft.our_price)
    with right:
        category = form.choice("category_id", _("Category"), _categories(actor), draft.category_id)
        decided = form.date("decided_on", _("Decided on"), draft.decided_on)
        amount = form.money("amount", _("Revenue of a year"), draft.amount)
        theirs = form.money("their_price", _("Their price"), draft.their_price)
    note = form.text("note", _("In words"), draft.note, long=True)
    st.caption(_("After a loss:"))
    answers = {True: _("Yes"), False: _("No")}
    avoidable = form.choice("was_avoidable", _("Was it avoidable?"), answers, draft.was_avoidable)
    lesson = form.text("lesson", _("What would we do otherwise?"), draft.lesson, long=True)
    return replace(
        draft, competitor_id=rival, title=title, outcome=outcome or ContestOutcome.WON, decided_on=decided,
        reason=reason or ContestReason.OTHER, category_id=category, amount=amount, our_price=ours,
        their_price=theirs, note=note, was_avoidable=avoidable, lesson=lesson,
    )  # fmt: skip


# --- objections ---


def _new_objection(actor: Actor, account_id: int, name: str) -> None:
    st.markdown(f"**{plain(name)}**")
    with forms.form(f"objection-new-{account_id}", border=False) as form:
        draft = _objection(form, actor, ObjectionDraft("", raised_on=clock.today()))
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Recorded: {name}").format(name=name)) as session:
            key = objections.record(session, actor, account_id, draft)
            form.offer_undo(partial(objections.withdraw, entry_id=key, version=1))


def _change_objection(actor: Actor, row: ObjectionRow) -> None:
    st.markdown(f"**{plain(row.account)}**")
    with forms.form(f"objection-{row.id}", border=False) as form:
        version = form.keep("version", row.version)
        draft = _objection(form, actor, row.draft)
        submitted = form.submit(_("Save"))
    removal = _removal(f"objection-{row.id}")
    if submitted:
        with form.saving(_("Saved: {name}").format(name=row.account)) as session:
            now = objections.update(session, actor, row.id, draft, version=version)
            form.offer_undo(partial(objections.update, entry_id=row.id, draft=row.draft, version=now))
    if removal is not None:
        with removal.saving(_("Taken back: {name}").format(name=row.account)) as session:
            now = objections.withdraw(session, actor, row.id, version=row.version)
            removal.offer_undo(partial(objections.restore, entry_id=row.id, version=now))


def _objection(form: Form, actor: Actor, draft: ObjectionDraft) -> ObjectionDraft:
    said = form.text("objection", _("What was held against us"), draft.objection, long=True)
    answer = form.text("answer", _("What we answered"), draft.answer, long=True)
    left, right = st.columns(2)
    with left:
        kind = form.choice("kind", _("About"), words.objection_kinds(), draft.kind)
        rival = form.choice("competitor_id", _("Competitor behind it"), _rivals(actor), draft.competitor_id)
    with right:
        outcome = form.choice("outcome", _("Outcome"), words.objection_outcomes(), draft.outcome)
        raised = form.date("raised_on", _("Raised on"), draft.raised_on)
    return replace(
        draft, objection=said, answer=answer, kind=kind or ObjectionKind.OTHER,
        outcome=outcome or ObjectionOutcome.OPEN, raised_on=raised, competitor_id=rival,
    )  # fmt: skip
