"""Is everything that the store says of itself true: sums, orders, days, points, the audit chain, the database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select, text
from sqlalchemy.orm import Session

from core import audit, auth, db, health_standings, rollups, schema, settings, structures
from core.auth import OPERATOR, Actor
from core.language import _
from core.loyalty import checks as loyalty_checks
from core.models import (
    Account,
    ClaimAttachment,
    CompetitorClaim,
    ImportBatch,
    Order,
    OrderLine,
    SearchText,
    Target,
)
from core.periods import add_months
from core.vocabulary import BatchStatus, Permission


@dataclass(frozen=True)
class Check:
    """One thing looked at; `differences` are wrong, `hints` are only worth knowing."""

    name: str
    differences: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        return not self.differences


def examine(session: Session, actor: Actor) -> list[Check]:
    """Recompute everything that is kept twice; the first difference of each kind is named."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    return [look(session) for look in _CHECKS]


def _tables(_session: Session) -> Check:
    return Check("tables", tuple(schema.differences()))


def _sums(session: Session) -> Check:
    return Check("rollups", tuple(str(difference) for difference in rollups.differences(session)))


def _health(session: Session) -> Check:
    """What is kept of the health of accounts is what would be read now."""
    found = health_standings.first_difference(session, OPERATOR)
    if found is None:
        return Check("health")
    sentence = _(
        "The health of the account with id {account} on {day} is kept otherwise than it is read now."
    )
    return Check("health", (sentence.format(account=found[0], day=found[1]),))


def _audit_chain(session: Session) -> Check:
    broken = audit.broken_at(session)
    if broken is None:
        return Check("audit")
    return Check(
        "audit",
        (
            _(
                "The audit chain breaks at entry {number}: it was changed, or what stood there is missing."
            ).format(number=broken),
        ),
    )


def _orders(session: Session) -> Check:
    """Orders say how many lines they have, what these are worth and when the first was ordered."""
    lines = (
        select(
            OrderLine.account_id,
            OrderLine.order_no,
            func.count().label("lines"),
            func.sum(OrderLine.net_amount).label("net"),
            func.min(OrderLine.ordered_on).label("first"),
        )
        .group_by(OrderLine.account_id, OrderLine.order_no)
        .subquery()
    )
    found = (_order_unlike_its_lines(session, lines), _lines_without_order(session, lines))
    return Check("orders", tuple(sentence for sentence in found if sentence))


def _order_unlike_its_lines(session: Session, lines: Subquery) -> str | None:
    kept = (Account.code, Order.order_no, Order.line_count, Order.net_amount, Order.ordered_on)
    columns: list[Any] = [*kept, lines.c.lines, lines.c.net, lines.c.first]
    row = session.execute(
        select(*columns)
        .select_from(Order)
        .join(Account, Account.id == Order.account_id)
        .join(lines, _same_order(lines), isouter=True)
        .where(
            or_(
                lines.c.lines.is_(None),
                Order.line_count != lines.c.lines,
                Order.net_amount != lines.c.net,
                Order.ordered_on != lines.c.first,
            )
        )
        .order_by(Order.account_id, Order.order_no)
        .limit(1)
    ).first()
    if row is None:
        return None
    code, order_no, count, net, ordered_on, lines_count, lines_net, first = row
    return _(
        "Order {order} of {account} says {count} lines worth {net} from {day}; "
        "its lines are {lines}, worth {lines_net}, from {first}."
    ).format(
        order=order_no,
        account=code,
        count=count,
        net=net,
        day=ordered_on,
        lines=lines_count or 0,
        lines_net=lines_net or 0,
        first=first or "–",
    )


def _lines_without_order(session: Session, lines: Subquery) -> str | None:
    stray = session.execute(
        select(lines.c.account_id, lines.c.order_no)
        .join(Order, _same_order(lines), isouter=True)
        .where(Order.order_no.is_(None))
        .limit(1)
    ).first()
    if stray is None:
        return None
    return _("Order {order} of the account with id {account} has lines but no order.").format(
        order=stray.order_no, account=stray.account_id
    )


def _same_order(lines: Subquery) -> ColumnElement[bool]:
    return and_(Order.account_id == lines.c.account_id, Order.order_no == lines.c.order_no)


def _days(session: Session) -> Check:
    """Revenue belongs to the day of the invoice, or of the order, and to that day's month."""
    booked = func.coalesce(OrderLine.invoiced_on, OrderLine.ordered_on)
    elsewhere = select(OrderLine).where(OrderLine.booked_on != booked).limit(1)
    found = [
        _("Order {order}, line {line}, is booked on {day}, not on the day of its invoice or order.").format(
            order=line.order_no, line=line.line_no, day=line.booked_on
        )
        for line in session.scalars(elsewhere)
    ]
    months = session.execute(
        select(OrderLine.booked_month, func.min(OrderLine.booked_on), func.max(OrderLine.booked_on)).group_by(
            OrderLine.booked_month
        )
    )
    for month, first, last in months:
        if month.day != 1 or first < month or last >= add_months(month, 1):
            found.append(
                _("The month {month} holds order lines from {first} to {last}.").format(
                    month=month, first=first, last=last
                )
            )
    return Check("days", tuple(found))


def _targets(session: Session) -> Check:
    twice = session.execute(
        select(Target.account_id, Target.month)
        .where(Target.superseded_at.is_(None))
        .group_by(Target.account_id, Target.month)
        .having(func.count() > 1)
        .limit(1)
    ).first()
    if twice is None:
        return Check("targets")
    return Check(
        "targets",
        (
            _("The account with id {account} has two targets in force for {month}.").format(
                account=twice.account_id, month=twice.month
            ),
        ),
    )


def _structures(session: Session) -> Check:
    """The newest owner, segment, group, region and tier on record are those that the account has."""
    return Check(
        "structures",
        tuple(
            _("Account {code} is not what its own history says of it.").format(code=code)
            for code in structures.differences(session)[:1]
        ),
    )


def _loyalty(session: Session) -> Check:
    """Entries, lots and standings agree, and a replay of the orders finds nothing to book."""
    return Check("loyalty", tuple(islice(loyalty_checks.differences(session), 1)))


def _settings(session: Session) -> Check:
    found = settings.problems(settings.get(session))
    return Check("settings", tuple(f"{name}: {problem}" for name, problem in sorted(found.items())))


def _imports(session: Session) -> Check:
    unfinished = session.scalars(
        select(ImportBatch.id).where(ImportBatch.status == BatchStatus.APPLYING).order_by(ImportBatch.id)
    )
    return Check(
        "imports",
        hints=tuple(
            _("Import {batch} was never finished. Undo it, or import its file again.").format(batch=batch)
            for batch in unfinished
        ),
    )


def _evidence(session: Session) -> Check:
    """Each claim has one version in force with its words, and each file is what was attached."""
    claim = CompetitorClaim
    twice = (
        select(claim.number)
        .where(claim.superseded_at.is_(None))
        .group_by(claim.number)
        .having(func.count() != 1)
    )
    worded = select(SearchText.entity_id).where(SearchText.entity == "competitor_claim")
    mute = select(claim.number).where(
        claim.superseded_at.is_(None), claim.is_withdrawn.is_(False), claim.number.not_in(worded)
    )
    found = []
    if (number := session.scalar(twice.order_by(claim.number).limit(1))) is not None:
        found.append(_("Claim C{number} has more than one version in force.").format(number=number))
    if (number := session.scalar(mute.order_by(claim.number).limit(1))) is not None:
        found.append(_("Claim C{number} cannot be found by its words.").format(number=number))
    for file in session.scalars(select(ClaimAttachment).execution_options(yield_per=20)):
        if hashlib.sha256(file.content).hexdigest() != file.sha256:
            text = _("The file {name} of claim C{number} is not what was attached: its hash differs.")
            found.append(text.format(name=file.file_name, number=file.number))
            break
    return Check("evidence", tuple(found))


def _database(session: Session) -> Check:
    return _sqlite(session) if db.is_sqlite(session) else _postgresql(session)


def _sqlite(session: Session) -> Check:
    found, hints = [], []
    damage = session.scalar(text("PRAGMA quick_check(1)"))
    if damage != "ok":
        found.append(_("The database file is damaged ({damage}). Restore a backup.").format(damage=damage))
    orphan = session.execute(text("PRAGMA foreign_key_check")).first()
    if orphan is not None:
        found.append(
            _("A row of {table} refers to a row of {parent} that is not there.").format(
                table=orphan[0], parent=orphan[2]
            )
        )
    if session.scalar(text("PRAGMA foreign_keys")) != 1:
        found.append(_("Foreign keys are not enforced on this connection."))
    if session.scalar(text("PRAGMA journal_mode")) != "wal":
        hints.append(
            _("SQLite {version} is too old for the write-ahead log, so readers wait for writers.").format(
                version=db.sqlite_module().sqlite_version
            )
        )
    return Check("database", tuple(found), tuple(hints))


def _postgresql(session: Session) -> Check:
    owns = session.scalar(
        text(
            "SELECT pg_get_userbyid(relowner) = current_user FROM pg_class "
            "WHERE oid = 'audit_entries'::regclass"
        )
    )
    hints = []
    if owns:
        hints.append(
            _(
                "The application's database role owns the audit table, so only the hash chain protects it. "
                "Let another role own the tables to forbid changes altogether."
            )
        )
    return Check("database", hints=tuple(hints))


_CHECKS: tuple[Callable[[Session], Check], ...] = (
    _tables,
    _database,
    _sums,
    _orders,
    _days,
    _targets,
    _structures,
    _health,
    _loyalty,
    _audit_chain,
    _settings,
    _imports,
    _evidence,
)
