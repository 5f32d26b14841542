"""The demo company's loyalty programme in its second year: a chain that earns together, rewards spent, points lapsing.

The version of this year has a campaign and a better top tier; a draft of the next one waits in the designer.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth import OPERATOR
from core.demo.rows import Ids, morning
from core.demo.scene import Scene
from core.loyalty import accruals, admission, ledger, spec_documents
from core.loyalty.accruals import Known
from core.loyalty.ledger import Draft
from core.loyalty.rules import milli
from core.loyalty.specs import Reward, Spec
from core.loyalty_vocabulary import EntryKind, ProgrammeStatus
from core.models import (
    Account,
    LoyaltyEnrolment,
    LoyaltyGrant,
    LoyaltyMember,
    LoyaltyProgramme,
    LoyaltyRequest,
)

_LOYALTY = 601  # its stream of random numbers
_STAYS_OUT = 4  # every fourth account that does not earn with its chain takes no part
_MEMBERS = 30
_DESIGNER, _APPROVER = "rosalind", "zulaikha"

_FIRST: dict[str, Any] = {
    "earning": {"points_per": "0.01"},  # a point for every hundred
    "tiers": {
        "window": "calendar_year",
        "grace_days": 31,
        "downgrade": "one_step",
        "steps": [
            {"name": "Silver", "threshold": "6000", "factor": "1.1",
             "benefits": {"service_level": "delivery window of four hours"}},
            {"name": "Gold", "threshold": "15000", "factor": "1.25",
             "benefits": {"service_level": "delivery window of two hours", "free_freight": True}},
            {"name": "Platinum", "threshold": "45000", "factor": "1.5",
             "benefits": {"service_level": "own planner", "free_freight": True, "marketing_amount": "20000"}},
        ],
    },
    "expiry": {"kind": "end_of_month", "months": 8},
    "rewards": [
        {"name": "Chilled display", "points": "2500", "cost": "900"},
        {"name": "Staff training day", "points": "4000", "cost": "1400"},
        {"name": "Leaflet page", "points": "1200", "cost": "380"},
    ],
    "bonuses": {"on_time_payment": "150", "referral": "1000", "signature": "500"},
    "point_cost": "0.35",
    "redemption_rate": "0.8",
    "adjust_limit": "500",
}  # fmt: skip


def loyalty(session: Session, scene: Scene, ids: Ids) -> int:
    """The programme, who takes part, and their ledger up to today; returns how many members."""
    today = scene.calendar.today
    start = max(date(today.year - 1, 1, 1), scene.calendar.first)
    number = _programme(session, scene, start)
    members = _enrol(session, scene, ids, number, start)
    _gestures(session, scene, ids, members)
    spec = spec_documents.parse(_FIRST)
    for first in range(0, len(members), _MEMBERS):
        some = members[first : first + _MEMBERS]
        known = accruals.read(session, some, today)
        for place, member_id in enumerate(some, start=first):
            member = ledger.hold(session, member_id)
            entered = _spend(session, scene, spec, member, known[member_id], place)
            accruals.settle(session, OPERATOR, member, entered, today, known_at=morning)
    return len(members)


def _programme(session: Session, scene: Scene, start: date) -> int:
    """Two versions in force, one after the other where the calendar holds both, and a draft."""
    turn, today = date(scene.calendar.today.year, 1, 1), scene.calendar.today
    second = copy.deepcopy(_FIRST)
    second["earning"]["campaigns"] = [
        {
            "name": "Ramadan",
            "factor": "1.5",
            "first_on": f"{turn.year}-02-15",
            "last_on": f"{turn.year}-03-15",
        }
    ]
    third = copy.deepcopy(second)
    third["tiers"]["steps"][2]["benefits"]["discount_rate"] = "0.01"
    versions: list[tuple[dict[str, Any], ProgrammeStatus, date | None, date | None, str]] = []
    if start < turn:
        versions.append((_FIRST, ProgrammeStatus.LIVE, start, turn, "the programme begins"))
    versions.append((second, ProgrammeStatus.LIVE, max(start, turn), None, "campaign for Ramadan"))
    versions.append((third, ProgrammeStatus.DRAFT, None, None, "a discount for the top tier?"))
    number = 0
    for document, status, valid_from, valid_to, note in versions:
        known = today if valid_from is None else max(valid_from - timedelta(days=20), scene.calendar.first)
        row = LoyaltyProgramme(
            number=number, name="Harvest Circle", status=status, spec=spec_documents.parse(document).document(),
            valid_from=valid_from, valid_to=valid_to, note=note, recorded_at=morning(known), recorded_by=_DESIGNER,
            approved_by=None if valid_from is None else _APPROVER,
        )  # fmt: skip
        session.add(row)
        session.flush()
        number = row.number = number or row.id
    return number


def _enrol(session: Session, scene: Scene, ids: Ids, number: int, start: date) -> list[int]:
    """The first chain as a pool, and three of four other accounts by themselves, some of them later."""
    groups: dict[int | None, list[int]] = {}
    for account_id, group_id in session.execute(
        select(Account.id, Account.group_id).where(Account.id.in_(ids.accounts)).order_by(Account.id)
    ):
        groups.setdefault(group_id, []).append(account_id)
    pools = sorted(group_id for group_id in groups if group_id is not None)[:1]
    others = sorted(one for group_id, those in groups.items() if group_id not in pools for one in those)
    alone = [one for place, one in enumerate(others) if place % _STAYS_OUT]
    rows = [
        *((LoyaltyMember(account_id=account_id), [account_id]) for account_id in alone),
        *((LoyaltyMember(group_id=group_id), groups[group_id]) for group_id in pools),
    ]
    made = []
    for place, (member, accounts) in enumerate(rows):
        member.created_at = morning(start)
        session.add(member)
        session.flush()
        made.append(member.id)
        later = min(start + timedelta(days=90 * (place % 4 == 3)), scene.calendar.today)
        session.add_all(
            LoyaltyEnrolment(
                member_id=member.id, programme_number=number, account_id=account_id, valid_from=later,
                recorded_at=morning(later), recorded_by=_DESIGNER,
            )
            for account_id in accounts
        )  # fmt: skip
    session.flush()
    return made or [_somebody(session, ids, start)]


def _somebody(session: Session, ids: Ids, start: date) -> int:
    """A company so small that all stay out has one member all the same."""
    member = LoyaltyMember(account_id=ids.accounts[0], created_at=morning(start))
    session.add(member)
    session.flush()
    return member.id


def _spend(
    session: Session, scene: Scene, spec: Spec, member: LoyaltyMember, known: Known, place: int
) -> Known:
    """About one reward in ten weeks, as far as the points reach; what is known with what was spent."""
    random = np.random.default_rng([scene.seed, _LOYALTY, place])
    made = accruals.generated(known, scene.calendar.today)
    earned = [] if made is None else accruals.corrections((), made.entries)
    if not earned:
        return known
    first, account_id = min(one.posted_on for one in earned), earned[0].account_id
    drafts = []
    for turn in range((scene.calendar.today - first).days // 70):
        on = first + timedelta(days=int(turn * 70 + random.integers(20, 70)))
        reward = spec.rewards[int(random.integers(0, len(spec.rewards)))]
        if on <= scene.calendar.today:
            times = int(random.integers(1, 4))
            drafts.append(_redemption(account_id, reward, on, times, f"demo-{member.id}-{turn}"))
    there = [*known.kept, *(ledger.as_kept(one, seq) for seq, one in enumerate(earned, start=1))]
    refused = admission.refused(there, drafts)
    taken = [one for turn, one in enumerate(drafts) if turn not in refused]
    entered = [ledger.as_kept(one, member.entry_count + seq) for seq, one in enumerate(taken, start=1)]
    ledger.append(session, OPERATOR, member, taken, known=morning)
    return replace(known, kept=(*known.kept, *entered))


def _redemption(account_id: int, reward: Reward, on: date, times: int, key: str) -> Draft:
    return Draft(
        account_id=account_id, kind=EntryKind.REDEEM, points=-milli(reward.points) * times, posted_on=on,
        key=f"redeem:{key}", source=f"redeem:{key}", reason=f"{times} × {reward.name}", cost=reward.cost * times,
    )  # fmt: skip


def _gestures(session: Session, scene: Scene, ids: Ids, members: list[int]) -> None:
    """A granted tier, a bonus, and an adjustment that waits for approval."""
    today = scene.calendar.today
    member = ledger.hold(session, members[0])
    enrolled = session.scalar(
        select(LoyaltyEnrolment.account_id).where(LoyaltyEnrolment.member_id == member.id).limit(1)
    )
    account_id = enrolled or ids.accounts[0]
    session.add(
        LoyaltyGrant(
            member_id=member.id, loyalty_tier="Platinum", valid_from=today - timedelta(days=40),
            valid_to=today + timedelta(days=81), reason="opens eight shops this year",
            recorded_at=morning(today - timedelta(days=41)), recorded_by=_APPROVER,
        )
    )  # fmt: skip
    session.add(
        LoyaltyRequest(
            member_id=member.id, account_id=account_id, points=Decimal(1500), qualifying=Decimal(0),
            reason="late deliveries in the spring", asked_by="aisyah", asked_at=morning(today - timedelta(days=2)),
            decision="",
        )
    )  # fmt: skip
    on = today - timedelta(days=25)
    bonus = Draft(
        account_id=account_id, kind=EntryKind.EARN, points=milli(Decimal(1000)), posted_on=on,
        expires_on=on + timedelta(days=365), key="bonus:referral:demo", source="bonus:referral:demo",
        reason="brought a hotel in the north",
    )  # fmt: skip
    ledger.append(session, OPERATOR, member, [bonus], known=morning)
    session.flush()
