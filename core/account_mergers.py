"""Two accounts that turned out to be one: merging them, and undoing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import flag_modified

from core import (
    accounts,
    audit,
    auth,
    clock,
    merged_lines,
    merged_loyalty,
    merged_records,
    merger_previews,
    rollups,
)
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.merged_lines import Route
from core.merged_records import TAKEN
from core.merger_previews import Holding
from core.models import (
    Account,
    AccountMerger,
    ImportBatch,
    ImportChange,
    Order,
    OrderLine,
    Receivable,
    ReplacedLine,
    Target,
)
from core.vocabulary import BatchStatus, Permission

_TOLD = 3  # reasons against undoing that one sentence names


@dataclass(frozen=True)
class MergerRow:
    """One merger in force."""

    id: int
    kept_id: int
    kept_code: str
    kept_name: str
    merged_code: str
    merged_name: str
    merged_at: datetime
    merged_by: str
    orders: int
    lines: int


@dataclass(frozen=True)
class Undone:
    """What undoing a merger gave back, and what stays."""

    merged_code: str
    kept_code: str
    orders: int
    lines: int
    staying: int  # orders imported to the kept account since: nobody can tell whose they would have been


def merge(
    session: Session,
    actor: Actor,
    merged_id: int,
    kept_id: int,
    *,
    versions: tuple[int, int],
    take: frozenset[str] = frozenset(),
) -> int:
    """Move everything of one account to another, which takes over the named fields; the merger's id.

    `versions` are those of the preview, the merged account's first.
    """
    auth.require(actor, Permission.ACCOUNT_MERGE)
    if not take <= TAKEN.keys():
        raise Invalid(_("Choose among the fields in which the accounts differ."))
    rollups.lock(session)
    merged, kept = merger_previews.pair(session, actor, merged_id, kept_id, lock=True)
    _are_as_shown(merged, kept, versions)
    _no_import_is_running(session)
    moment = clock.now()
    merger = AccountMerger(merged_id=merged.id, kept_id=kept.id, merged_at=moment, merged_by=actor.username,
                           details={})  # fmt: skip
    session.add(merger)
    session.flush()
    route = Route(merger.id, merged.id, kept.id)
    holding, batches = merger_previews.holding(session, actor, merged.id), _batches_of(session, merged)
    before = _fields_of(kept)
    details = merged_records.move(session, actor, route, take)
    details |= merged_lines.move(session, actor, route)
    details["loyalty"] = merged_loyalty.move(session, actor, route)  # points follow the lines
    details |= {"batches": batches, "orders": holding.orders, "lines": holding.lines}
    merger.details = details
    _close(session, merged, kept)
    session.refresh(kept)
    _is_still_visible(session, actor, kept)
    taken = audit.differences(before, _fields_of(kept))
    _record(session, actor, "merge", (merged, kept), _moved(holding, details) | taken)
    session.expire_all()
    return merger.id


def undo(session: Session, actor: Actor, merger_id: int) -> Undone:
    """Part the two accounts again; raises Conflict naming what was changed since."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    rollups.lock(session)
    merger, merged, kept = _access(session, actor, merger_id)
    _is_the_last(session, merger, kept)
    _no_import_is_running(session)
    route, details = Route(merger.id, merged.id, kept.id), dict(merger.details)
    since = [
        *merged_lines.changed(session, actor, route, details["seals"]),
        *merged_records.changed(session, actor, route, details),
        # A merger of before there were points moved none.
        *merged_loyalty.changed(session, actor, route, details.get("loyalty", {})),
    ]
    if since:
        raise Conflict(_changed_since(kept, since))
    before = _fields_of(kept)
    _open(session, merger, merged, kept)
    merged_lines.move_back(session, actor, route, details["shared_orders"])
    merged_records.move_back(session, actor, route, details)
    merged_loyalty.move_back(session, actor, route, details.get("loyalty", {}))
    session.flush()
    session.refresh(kept)
    counts = {name: details[name] for name in ("orders", "lines")}
    merger.undone_at, merger.undone_by, merger.details = clock.now(), actor.username, counts
    back = {name: (count, None) for name, count in counts.items()}
    _record(session, actor, "unmerge", (merged, kept), back | audit.differences(before, _fields_of(kept)))
    staying = _orders_since(session, merger)
    undone = Undone(merged.code, kept.code, counts["orders"], counts["lines"], staying)
    session.expire_all()
    return undone


def list_mergers(session: Session, actor: Actor, kept_id: int | None = None) -> list[MergerRow]:
    """The mergers in force into accounts that the actor sees, or into one of them, the newest first."""
    auth.require(actor, Permission.ACCOUNT_READ)
    merged = aliased(Account)
    query = (
        select(
            AccountMerger.id, AccountMerger.kept_id, Account.code, Account.name, merged.code, merged.name,
            AccountMerger.merged_at, AccountMerger.merged_by, AccountMerger.details["orders"].as_integer(),
            AccountMerger.details["lines"].as_integer(),
        )
        .join(Account, Account.id == AccountMerger.kept_id)
        .join(merged, merged.id == AccountMerger.merged_id)
        .where(AccountMerger.undone_at.is_(None), auth.visible_accounts(actor))
        .order_by(AccountMerger.id.desc())
    )  # fmt: skip
    if kept_id is not None:
        query = query.where(AccountMerger.kept_id == kept_id)
    return [MergerRow(*row) for row in session.execute(query)]


def refuse_undo_of_import(session: Session, actor: Actor, batch_id: int) -> None:
    """Raise Conflict where what an import brought was moved by a merger: that is undone first."""
    auth.require(actor, Permission.DATA_IMPORT)
    merged, kept = aliased(Account), aliased(Account)
    query = (
        select(merged.code, kept.code, AccountMerger.details["batches"])
        .join(merged, merged.id == AccountMerger.merged_id)
        .join(kept, kept.id == AccountMerger.kept_id)
        .where(AccountMerger.undone_at.is_(None))
        .order_by(AccountMerger.id.desc())
    )
    for code, into, batches in session.execute(query):
        if batch_id in (batches or ()):
            raise Conflict(
                _("Account {code} was merged into {kept}. Undo the merge first, then the import.").format(
                    code=code, kept=into
                )
            )


def _are_as_shown(merged: Account, kept: Account, versions: tuple[int, int]) -> None:
    for account, version in zip((merged, kept), versions, strict=True):
        if account.version != version:
            raise Conflict(
                _(
                    "Somebody else changed {code} meanwhile. Look at both accounts again before merging."
                ).format(code=account.code),
                version=(merged.version, kept.version),
            )


def _no_import_is_running(session: Session) -> None:
    batch = session.scalar(select(ImportBatch.id).where(ImportBatch.status == BatchStatus.APPLYING).limit(1))
    if batch is not None:
        raise Conflict(
            _("Import {batch} is not finished. Wait for it, or undo it, and try again.").format(batch=batch)
        )


def _batches_of(session: Session, account: Account) -> list[int]:
    """The imports that anything of this account came from, or was changed or replaced by."""
    columns = (OrderLine.batch_id, ReplacedLine.batch_id, ReplacedLine.replaced_by, Target.batch_id,
               Receivable.batch_id)  # fmt: skip
    found = {account.batch_id}
    for column in columns:
        found.update(session.scalars(select(column).where(column.class_.account_id == account.id).distinct()))
    changes = select(ImportChange.batch_id).where(
        ImportChange.entity == "account", ImportChange.entity_id == account.id
    )
    found.update(session.scalars(changes))
    return sorted(batch for batch in found if batch is not None)


def _close(session: Session, merged: Account, kept: Account) -> None:
    """From now on the merged account is the kept one, and so are those that were merged into it before."""
    before = update(Account).where(Account.merged_into_id == merged.id).values(merged_into_id=kept.id)
    session.execute(before.execution_options(synchronize_session=False))
    merged.merged_into_id = kept.id
    flag_modified(kept, "name")  # whoever has its form open learns that it changed
    session.flush()


def _open(session: Session, merger: AccountMerger, merged: Account, kept: Account) -> None:
    """The merged account stands by itself again, with those that were merged into it before."""
    others = select(AccountMerger.merged_id, AccountMerger.kept_id).where(
        AccountMerger.undone_at.is_(None), AccountMerger.id != merger.id
    )
    direct = dict(session.execute(others).all())
    merged.merged_into_id = None
    flag_modified(kept, "name")
    session.flush()
    for account_id in session.scalars(select(Account.id).where(Account.merged_into_id == kept.id)).all():
        last = account_id
        while last in direct:
            last = direct[last]
        follow = update(Account).where(Account.id == account_id).values(merged_into_id=last)
        session.execute(follow.execution_options(synchronize_session=False))


def _is_still_visible(session: Session, actor: Actor, kept: Account) -> None:
    visible = select(Account.id).where(Account.id == kept.id, auth.visible_accounts(actor))
    if session.scalar(visible) is None:
        raise Invalid(_("You would not see the account any more. Keep its region, or its owner."))


def _access(session: Session, actor: Actor, merger_id: int) -> tuple[AccountMerger, Account, Account]:
    merger = session.scalar(
        select(AccountMerger)
        .where(AccountMerger.id == merger_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if merger is not None:
        query = merger_previews.in_reach(actor, merger.merged_id, merger.kept_id).with_for_update()
        found = {row.id: row for row in session.scalars(query)}
    if merger is None or len(found) < 2:
        raise NotFound(_("There is no such merge."))
    if merger.undone_at is not None:
        raise Conflict(_("This merge was undone already."))
    return merger, found[merger.merged_id], found[merger.kept_id]


def _is_the_last(session: Session, merger: AccountMerger, kept: Account) -> None:
    """Mergers that build on each other are undone in the opposite order."""
    one, into = aliased(Account), aliased(Account)
    later = session.execute(
        select(one.code, into.code)
        .select_from(AccountMerger)
        .join(one, one.id == AccountMerger.merged_id)
        .join(into, into.id == AccountMerger.kept_id)
        .where(AccountMerger.undone_at.is_(None), AccountMerger.id > merger.id)
        .where(or_(AccountMerger.kept_id == kept.id, AccountMerger.merged_id == kept.id))
        .order_by(AccountMerger.id.desc())
        .limit(1)
    ).first()
    if later is not None:
        raise Conflict(
            _("Account {code} was merged into {kept} later. Undo that merge first.").format(
                code=later[0], kept=later[1]
            )
        )


def _changed_since(kept: Account, since: list[str]) -> str:
    intro = _("{code} was changed since the merge, so the merge cannot be undone.").format(code=kept.code)
    more = [_("and {count} more").format(count=len(since) - _TOLD)] if len(since) > _TOLD else []
    return " ".join([intro, *since[:_TOLD], *more])


def _orders_since(session: Session, merger: AccountMerger) -> int:
    since = select(ImportBatch.id).where(ImportBatch.applied_at >= merger.merged_at)
    query = select(func.count()).select_from(Order).where(Order.account_id == merger.kept_id)
    return session.scalar(query.where(Order.batch_id.in_(since))) or 0


def _fields_of(account: Account) -> dict[str, Any]:
    """The fields that a merger may change, as people read them."""
    named = {"owner", "tier", "segment", "region", "group"}
    values = {field: getattr(account, column) for field, column in TAKEN.items() if field not in named}
    for field in named:
        row = getattr(account, field)
        values[field] = None if row is None else row.username if field == "owner" else row.name
    return values


def _moved(holding: Holding, details: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    counts: dict[str, Any] = {
        "orders": holding.orders,
        "lines": holding.lines,
        "net_amount": holding.net_revenue,
        **{
            name: len(details[name])
            for name in (
                "targets",
                "receivables",
                "left_out",
                "team",
                "causes",
                "wallets",
                "terms",
                "lump_sums",
            )
        },
        "codes": [": ".join(pair) for pair in details["codes"]],
    }
    return {name: (None, value) for name, value in counts.items() if value}


def _record(
    session: Session,
    actor: Actor,
    verb: str,
    pair: tuple[Account, Account],
    changes: dict[str, tuple[Any, Any]],
) -> None:
    """An entry for each of the two: either history tells it."""
    merged, kept = pair
    there, back = (None, kept.code), (kept.code, None)
    into = {"merged_into": there if verb == "merge" else back}
    of = {"merged": (None, merged.code) if verb == "merge" else (merged.code, None)}
    audit.record(session, actor, f"account:{verb}", accounts.subject(merged), into)
    audit.record(session, actor, f"account:{verb}", accounts.subject(kept), of | changes)
