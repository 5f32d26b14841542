"""The quick forms of an account's points: enrol, redeem a reward, give a bonus, adjust, grant a tier, take back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from core import clock, db
from core.accounts import AccountDetail
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.loyalty import cancellations, grants, members, postings, programmes, status
from core.loyalty.programmes import ProgrammeRow
from core.loyalty.statements import EntryRow
from core.loyalty.status import Status
from core.loyalty_vocabulary import ProgrammeStatus
from core.money import ZERO
from core.vocabulary import Permission
from pages.ui import dialogs, formats, forms, loyalty_words
from pages.ui.forms import plain


def buttons(actor: Actor, account: AccountDetail, found: Status) -> None:
    """A button for each thing that the reader may do here now."""
    if not actor.may(Permission.LOYALTY_WRITE) or account.is_unassigned:
        return
    name = account.name
    if found.tier is None:
        if st.button(_("Enrol"), key="loyalty_enrol", icon=":material/person_add:", type="primary"):
            dialogs.ask(_("Enrol in a programme"), _enrol, account)
    elif st.button(_("Redeem"), key="loyalty_redeem", icon=":material/redeem:", type="primary"):
        dialogs.ask(_("Redeem points"), _redeem, account.id, name)
    bonuses = found.spec is not None and found.spec.bonuses
    if bonuses and st.button(_("Bonus"), key="loyalty_bonus", icon=":material/add:"):
        dialogs.ask(_("Give a bonus"), _award, account.id, name)
    if st.button(_("Adjust"), key="loyalty_adjust", icon=":material/tune:"):
        dialogs.ask(_("Adjust points"), _adjust, account.id, name)
    may_grant = found.tier is not None and actor.may(Permission.LOYALTY_APPROVE)
    if may_grant and st.button(_("Grant a tier"), key="loyalty_grant", icon=":material/workspace_premium:"):
        dialogs.ask(_("Grant a tier"), _grant, account.id, name)


def _live(actor: Actor) -> list[ProgrammeRow]:
    with db.read() as session:
        rows = programmes.search(session, actor)
    return [row for row in rows if row.status is ProgrammeStatus.LIVE]


def _enrol(actor: Actor, account: AccountDetail) -> None:
    st.markdown(f"**{plain(account.name)}**")
    live = {row.number: row.name for row in reversed(_live(actor))}
    if not live:
        st.info(_("No programme is live yet. A director puts one into force under “Programmes”."))
        return
    whom = {"account": _("This account by itself")}
    if account.group is not None:
        whom["group"] = _("All accounts of {group}, pooled").format(group=account.group)
    with forms.form(f"loyalty-enrol-{account.id}", border=False, enter=False) as form:
        number = form.choice("number", _("Programme"), live, next(iter(live)))
        who = form.choice("who", _("Who earns together"), whom, "account")
        first = form.date(
            "valid_from", _("From"), clock.today().replace(month=1, day=1),
            help=_("A past day too: orders since then earn at once."),
        )  # fmt: skip
        submitted = form.submit(_("Enrol"))
    if not submitted:
        return
    if number is None or first is None:
        form.show(Invalid("", fields={"valid_from": _("Give the first day.")}))
        return
    with form.saving(_("Enrolled: {name}").format(name=account.name)) as session:
        if who == "group" and account.group_id is not None:
            members.enrol_group(session, actor, account.group_id, number, first)
        else:
            members.enrol_account(session, actor, account.id, number, first)
            form.offer_undo(partial(cancellations.cancel, account_id=account.id))


def leave(actor: Actor, account: AccountDetail) -> None:
    """The last day of the enrolment in force."""
    with db.read() as session:
        rows = members.enrolments(session, actor, account_id=account.id)
    current = next((row for row in rows if row.valid_to is None), None)
    if current is None:
        st.info(_("This account takes part in no programme."))
        return
    st.markdown(f"**{plain(account.name)}** · {plain(current.programme)}")
    st.caption(_("Orders after the last day earn nothing. Points stay, and lapse as promised."))
    with forms.form(f"loyalty-leave-{current.id}", border=False, enter=False) as form:
        last = form.date("last_on", _("Last day"), clock.today())
        submitted = form.submit(_("Leave the programme"))
    if submitted and last is not None:
        with form.saving(_("The enrolment ends on {day}.").format(day=formats.day(last))) as session:
            members.leave(session, actor, current.id, last)


def _status(actor: Actor, account_id: int) -> Status:
    with db.read() as session:
        return status.of_account(session, actor, account_id)


def _redeem(actor: Actor, account_id: int, name: str) -> None:
    found = _status(actor, account_id)
    st.markdown(f"**{plain(name)}**")
    there = loyalty_words.points(found.active)
    st.caption(_("{points} points can be spent.").format(points=there))
    rewards = () if found.spec is None else found.spec.rewards
    labels: Mapping[str, str] = {
        one.name: _("{reward}: {points} points").format(
            reward=one.name, points=loyalty_words.points(one.points)
        )
        for one in rewards
    }
    other = _("Something else")
    with forms.form(f"loyalty-redeem-{account_id}", border=False, enter=False) as form:
        reward = form.choice("reward", _("Reward"), {**labels, "": other}, next(iter(labels), ""))
        times = form.whole("times", _("How many"), 1)
        points = form.decimal("points", _("or points, for something else"), None, places=3)
        what = form.text("reason", _("What for"), "", help=_("Needed for something else."))
        on = form.date("on", _("Day"), clock.today())
        submitted = form.submit(_("Redeem"))
    if not submitted:
        return
    source = f"redeem:{form.nonce}"
    with form.saving(_("Redeemed: {name}").format(name=name)) as session:
        if reward:
            postings.redeem(session, actor, account_id, reward, key=form.nonce, on=on, times=times or 0)
        else:
            postings.redeem_points(session, actor, account_id, points or ZERO, what, key=form.nonce, on=on)
        form.offer_undo(
            partial(postings.take_back, account_id=account_id, source=source, reason=_("taken back"))
        )


def _award(actor: Actor, account_id: int, name: str) -> None:
    found = _status(actor, account_id)
    st.markdown(f"**{plain(name)}**")
    bonuses = {} if found.spec is None else dict(found.spec.bonuses)
    labels = {
        one: _("{reward}: {points} points").format(reward=one, points=loyalty_words.points(points))
        for one, points in bonuses.items()
    }
    with forms.form(f"loyalty-award-{account_id}", border=False, enter=False) as form:
        bonus = form.choice("bonus", _("Bonus"), labels, next(iter(labels), None))
        on = form.date("on", _("Day"), clock.today())
        reason = form.text("reason", _("Note"), "", placeholder=_("invoice, who was referred"))
        submitted = form.submit(_("Give"))
    if submitted and bonus is not None:
        source = f"bonus:{bonus}:{form.nonce}"
        with form.saving(_("Bonus given: {name}").format(name=name)) as session:
            postings.award(session, actor, account_id, bonus, key=form.nonce, on=on, reason=reason)
            form.offer_undo(
                partial(postings.take_back, account_id=account_id, source=source, reason=_("taken back"))
            )


def _adjust(actor: Actor, account_id: int, name: str) -> None:
    found = _status(actor, account_id)
    limit = postings.USUAL_LIMIT if found.spec is None else found.spec.adjust_limit
    st.markdown(f"**{plain(name)}**")
    if not actor.may(Permission.LOYALTY_APPROVE):
        st.caption(
            _("Beyond {points} points it waits for approval.").format(points=loyalty_words.points(limit))
        )
    with forms.form(f"loyalty-adjust-{account_id}", border=False, enter=False) as form:
        points = form.decimal(
            "points", _("Points"), None, places=3, help=_("With a minus, points are taken.")
        )
        qualifying = form.decimal(
            "qualifying", _("of them counting for the tier"), None, places=3, help=_("Empty: none.")
        )
        expires = form.date("expires_on", _("Last day of the points"), None, help=_("Empty: never."))
        reason = form.text("reason", _("Reason"), "")
        submitted = form.submit(_("Adjust"))
    if not submitted:
        return
    asked: list[int] = []

    def done() -> str:
        return _("It waits for approval.") if asked else _("Adjusted: {name}").format(name=name)

    source = f"adjust:{form.nonce}"
    with form.saving(done) as session:
        request = postings.adjust(
            session, actor, account_id, points or ZERO, reason, key=form.nonce, qualifying=qualifying or ZERO,
            expires_on=expires,
        )  # fmt: skip
        if request is not None:
            asked.append(request)
        else:
            form.offer_undo(
                partial(postings.take_back, account_id=account_id, source=source, reason=_("taken back"))
            )


def _grant(actor: Actor, account_id: int, name: str) -> None:
    found = _status(actor, account_id)
    st.markdown(f"**{plain(name)}**")
    st.caption(_("It counts where it is higher than the earned tier, and always has a last day."))
    names = [] if found.spec is None else [tier.name for tier in found.spec.tiers]
    today = clock.today()
    with forms.form(f"loyalty-grant-{account_id}", border=False, enter=False) as form:
        chosen = form.choice(
            "loyalty_tier", _("Loyalty tier"), names, found.tier.next_tier if found.tier else None
        )
        first = form.date("first_on", _("First day"), today)
        last = form.date("last_on", _("Last day"), today.replace(month=12, day=31))
        reason = form.text("reason", _("Reason"), "")
        submitted = form.submit(_("Grant"))
    if submitted:
        if first is None or last is None:
            form.show(Invalid("", fields={"last_on": _("Give the last day.")}))
            return
        with form.saving(_("Tier granted: {name}").format(name=name)) as session:
            given = grants.grant(session, actor, account_id, chosen or "", first, last, reason)
            form.offer_undo(partial(grants.withdraw, account_id=account_id, grant_id=given))


def entry(actor: Actor, account_id: int, row: EntryRow) -> None:
    """One entry with where it comes from; what people entered can be taken back."""
    st.markdown(f"**{plain(loyalty_words.about(row))}**")
    said = {
        _("Day"): formats.day(row.posted_on),
        _("Points"): loyalty_words.points(row.points, signed=True),
        _("Qualifying"): loyalty_words.points(row.qualifying, signed=True),
        _("Last day"): formats.day(row.expires_on),
        _("Account"): row.account_code,
        _("Source"): row.source,
        _("Version of the programme"): formats.UNKNOWN if row.spec_id is None else str(row.spec_id),
        _("Recorded"): f"{row.recorded_by}, {formats.moment(row.recorded_at)}",
    }
    for label, value in said.items():
        st.markdown(f"{label}: {plain(value)}")
    own = row.account_id == account_id and not row.generated and row.what != "pool"
    if not own or not actor.may(Permission.LOYALTY_WRITE):
        return
    with forms.form(f"loyalty-take-back-{row.seq}", border=False, enter=False) as form:
        reason = form.text("reason", _("Why it is taken back"), "")
        submitted = form.submit(_("Take back by a further entry"), type="secondary")
    if submitted:
        with form.saving(_("Taken back.")) as session:
            postings.take_back(session, actor, account_id, row.source, reason)
