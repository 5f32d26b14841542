"""Files of records (accounts, products, targets): row by row new, changed or unchanged, and what was before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth
from core.auth import Actor
from core.importing import lookups
from core.importing.columns import MISSING, Values
from core.importing.findings import Findings
from core.importing.lookups import AMBIGUOUS, UNKNOWN
from core.importing.options import BatchInHand, Options
from core.importing.orders import AMBIGUOUS_ACCOUNT
from core.importing.tables import Mask, Progress
from core.language import N_
from core.models import ImportChange
from core.vocabulary import Permission

TWICE = N_("this stands in the file twice, with different values")

NO_ACCOUNT = N_("there is no such account among yours")

_EVERY = 500


class RecordPlan:
    """Says row by row what happens, and remembers what to do when it is applied."""

    def __init__(self, rows: int) -> None:
        self.accepted: Mask = np.zeros(rows, dtype=np.bool_)
        self.changed: Mask = np.zeros(rows, dtype=np.bool_)
        self._actions: list[Callable[[Recorder], None]] = []

    def new(self, row: int) -> None:
        self.accepted[row] = True

    def change(self, row: int) -> None:
        self.accepted[row] = self.changed[row] = True

    def act(self, action: Callable[[Recorder], None]) -> None:
        self._actions.append(action)

    @property
    def parts(self) -> int:
        return 1

    def stage(self, folder: Path, part: int, progress: Progress) -> None:
        """Records are few: nothing is prepared for them."""

    def apply(self, session: Session, actor: Actor, batch: BatchInHand, progress: Progress) -> dict[str, int]:
        """Create and change the records of the rows."""
        recorder = Recorder(session, actor, batch.id, batch.moment)
        for done, action in enumerate(self._actions, start=1):
            action(recorder)
            if done % _EVERY == 0 or done == len(self._actions):
                progress("book", done, len(self._actions))
        session.flush()
        return dict(recorder.counts)


class Recorder:
    """The transaction in which records change, with what was before each change."""

    def __init__(self, session: Session, actor: Actor, batch_id: int, moment: datetime) -> None:
        self.session = session
        self.actor = actor
        self.batch_id = batch_id
        self.moment = moment
        self.counts: dict[str, int] = {}
        self._known: dict[Any, dict[str, Any]] = {}
        self._seq = 0

    def keep(self, entity: str, entity_id: int, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        """Keep what a record was, so that the import can be undone."""
        self._seq += 1
        self.session.add(
            ImportChange(
                batch_id=self.batch_id,
                seq=self._seq,
                entity=entity,
                entity_id=entity_id,
                before=None if before is None else audit.plain(before),
                after=audit.plain(after),
            )
        )

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def named(self, model: Any, name: str) -> Any:
        """The segment, region, category … of this name, created when it is new."""
        if model not in self._known:
            self._known[model] = {row.name: row for row in self.session.scalars(select(model))}
        known = self._known[model]
        if name not in known:
            known[name] = model(name=name, **({"code": name} if hasattr(model, "code") else {}))
            self.session.add(known[name])
            self.session.flush()
        return known[name]


def changes_of(session: Session, batch_id: int) -> list[ImportChange]:
    """What a batch changed, the last first."""
    query = select(ImportChange).where(ImportChange.batch_id == batch_id).order_by(ImportChange.seq.desc())
    return list(session.scalars(query))


def given(values: Values, row: int, texts: tuple[str, ...], wholes: tuple[str, ...]) -> dict[str, Any]:
    """What a row says; a cell that is unknown says nothing and so changes nothing."""
    said: dict[str, Any] = {}
    for name in texts:
        if (text := values.text(name).at(row)) is not None:
            said[name] = text
    for name in wholes:
        if (number := int(values.whole(name)[row])) != MISSING:
            said[name] = number
    return said


def refuse_twice(
    found: Findings, values: Values, name: str, keys: list[Any], said: Sequence[Mapping[str, Any]]
) -> dict[int, bool]:
    """Rows that repeat an earlier one: refused where they say something else; True where they are the same."""
    seen: dict[Any, Mapping[str, Any]] = {}
    repeated: dict[int, bool] = {}
    different = np.zeros(values.rows, dtype=np.bool_)
    refused = found.refused
    for row, key in enumerate(keys):
        if key is None or refused[row]:
            continue
        if key not in seen:
            seen[key] = said[row]
        elif seen[key] == said[row]:
            repeated[row] = True
        else:
            different[row] = True
    found.refuse(name, TWICE, different)
    return repeated


def account_ids(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options
) -> list[int]:
    """The account of each row, MISSING without one; rows whose account is not known to the actor are refused."""
    auth.require(actor, Permission.DATA_IMPORT)
    codes = values.text("account")
    directory = lookups.accounts(session, actor, options.source)
    ids = [directory.find(code) for code in codes.values]
    places = codes.codes.tolist()
    accounts = [ids[place] if place >= 0 else MISSING for place in places]
    for unusable, reason in ((UNKNOWN, NO_ACCOUNT), (AMBIGUOUS, AMBIGUOUS_ACCOUNT)):
        rows = [row for row, account in enumerate(accounts) if account == unusable]
        refuse_rows(found, values.rows, "account", reason, rows)
    return accounts


def refuse_rows(found: Findings, rows: int, name: str, reason: str, places: list[int]) -> None:
    """Refuse single rows, found one by one."""
    mask = np.zeros(rows, dtype=np.bool_)
    mask[places] = True
    found.refuse(name, reason, mask)
