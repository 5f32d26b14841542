"""Why the demo company's accounts moved, as far as its managers have said so."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.demo.calendar import FACTS
from core.demo.rows import Ids, morning
from core.demo.scene import Scene
from core.models import Category, Cause
from core.vocabulary import CauseKind

_SAID_AFTER = timedelta(days=9)  # the talk comes after the fact


def causes(session: Session, scene: Scene, ids: Ids) -> int:
    """Causes of accounts that the company has; returns how many."""
    numbers = {account.code: place for place, account in enumerate(scene.company.accounts)}
    categories = {row.name: row.id for row in session.execute(select(Category.id, Category.name))}
    today = scene.calendar.today
    with (FACTS / "causes.csv").open(encoding="utf-8", newline="") as file:
        facts = [row for row in csv.DictReader(file) if row["account"] in numbers]
    for row in facts:
        place = numbers[row["account"]]
        owner = scene.company.accounts[place].owner
        starts_on = today - timedelta(days=int(row["days_ago"]))
        session.add(
            Cause(
                account_id=ids.accounts[place],
                kind=CauseKind(row["kind"]),
                starts_on=starts_on,
                ends_on=min(starts_on + timedelta(days=int(row["days"])), today + timedelta(days=1)),
                amount=Decimal(row["amount"]) if row["amount"] else None,
                category_id=categories[row["category"]] if row["category"] else None,
                note=row["note"],
                recorded_at=morning(min(starts_on + _SAID_AFTER, today)),
                recorded_by=owner,
                user_id=ids.users[owner],
            )
        )
    session.flush()
    return len(facts)
