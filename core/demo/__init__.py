"""The demo company: an invented maker of food and household goods, for trying Utama out."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from core import audit, auth, bulk, clock, health_renewal, passwords, rollups, settings
from core.audit import Subject
from core.auth import OPERATOR, Actor
from core.demo import order_rows, product_rows, rows
from core.demo.after_invoice import after_invoice
from core.demo.calendar import FACTS
from core.demo.causes import causes
from core.demo.company import DemoCompany
from core.demo.competitors import competitors
from core.demo.forecasts import forecasts
from core.demo.loyalty import loyalty
from core.demo.order_rows import Progress
from core.demo.receivables import receivables
from core.demo.removal import Remains, remains, remove
from core.demo.rounds import rounds
from core.demo.rows import Ids
from core.demo.scene import Scene
from core.demo.submissions import authority, floors, judge, submissions
from core.demo.terms import terms
from core.demo.wallets import wallets
from core.errors import Conflict, Invalid
from core.language import _
from core.models import Account, ImportBatch, Order, Product, Setting, Target, User
from core.vocabulary import Permission

__all__ = ["DemoLoad", "Remains", "SignIn", "is_loaded", "load", "remains", "remove"]

ACCOUNTS, LINES, SEED = 50, 150_000, 1
_WORDS_A_PHRASE = 4


@dataclass(frozen=True)
class SignIn:
    """How somebody of the demo signs in; the pass-phrase is told here once and nowhere else."""

    username: str
    name: str
    roles: tuple[str, ...]
    passphrase: str


@dataclass(frozen=True)
class DemoLoad:
    company: str
    seed: int
    first_on: date
    last_on: date
    accounts: int
    products: int
    orders: int
    lines: int
    targets: int
    sign_ins: tuple[SignIn, ...]


@dataclass(frozen=True)
class Totals:
    orders: int
    lines: int
    targets: int


def is_loaded(session: Session) -> bool:
    """Whether the store holds the demo company; everybody may know."""
    return bool(settings.get(session).demo)


def load(
    session: Session,
    actor: Actor,
    *,
    accounts: int = ACCOUNTS,
    lines: int = LINES,
    seed: int = SEED,
    progress: Progress = lambda _done, _all: None,
) -> DemoLoad:
    """Fill an empty store with the demo company; the same for the same day, sizes and seed."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    _check_sizes(accounts, lines, seed)
    rollups.lock(session)  # nobody else fills the store between this look and our rows
    scene = Scene.on(clock.today(), accounts=accounts, lines=lines, seed=seed)
    _refuse_unless_empty(session, scene.company)
    sign_ins, ids = _sign_ins(scene.company), Ids()
    totals = _fill(session, scene, ids, sign_ins, progress)
    loaded = DemoLoad(
        company=scene.company.name,
        seed=seed,
        first_on=scene.calendar.first,
        last_on=scene.calendar.today,
        accounts=len(ids.accounts),
        products=len(ids.products),
        orders=totals.orders,
        lines=totals.lines,
        targets=totals.targets,
        sign_ins=sign_ins,
    )
    _mark(session, actor, loaded, ids, scene.company)
    return loaded


def _fill(session: Session, scene: Scene, ids: Ids, sign_ins: Sequence[SignIn], progress: Progress) -> Totals:
    """Every domain's rows, one call a domain, in the order in which they need each other."""
    hashes = {person.username: passwords.hashed(person.passphrase) for person in sign_ins}
    rows.regions(session, scene, ids)
    rows.people(session, scene, ids, hashes)
    rows.accounts(session, scene, ids)
    product_rows.products(session, scene, ids)
    totals = order_rows.orders(session, scene, ids, progress)
    targets = order_rows.targets(session, scene, ids)
    receivables(session, scene, ids)
    terms(session, scene, ids)
    floors(session, scene, ids)
    authority(session, scene)
    submissions(session, scene, ids)
    rounds(session, scene, ids)
    bulk.refresh_statistics(session)
    rollups.rebuild(session)
    after_invoice(session, scene, ids)
    judge(session)
    causes(session, scene, ids)
    wallets(session, scene, ids)
    competitors(session, scene, ids)
    loyalty(session, scene, ids)
    forecasts(session, scene, ids)
    health_renewal.read_all(session, OPERATOR)
    return Totals(totals.orders, totals.lines, targets)


def _check_sizes(accounts: int, lines: int, seed: int) -> None:
    if accounts < 1 or lines < 1 or seed < 0:
        raise Invalid(_("The demo needs at least one account and one line, and a seed of 0 or more."))
    if lines < accounts * 10:
        raise Invalid(
            _("{lines} lines are too few for {accounts} accounts: give at least ten for each.").format(
                lines=lines, accounts=accounts
            )
        )


def _refuse_unless_empty(session: Session, company: DemoCompany) -> None:
    if is_loaded(session):
        raise Conflict(
            _("The demo company is loaded already. Remove it first: python -m core demo --remove.")
        )
    for kind, condition in (
        (Account, Account.is_unassigned.is_(False)),
        (Product, Product.id.is_not(None)),
        (Order, Order.order_no.is_not(None)),
        (Target, Target.version > 0),
        (ImportBatch, ImportBatch.id.is_not(None)),
    ):
        if session.scalar(select(exists().where(condition))):
            raise Conflict(
                _(
                    "The demo company loads only into an empty store, and this one holds rows in {table}. "
                    "Name another store in UTAMA_DATABASE_URL."
                ).format(table=kind.__tablename__)
            )
    if settings.get(session).base_currency != company.currency:
        raise Conflict(
            _("The demo company counts in {currency}; this store's base currency is another one.").format(
                currency=company.currency
            )
        )
    names = [person.username for person in company.people]
    taken = session.scalar(select(User.username).where(User.username.in_(names)).limit(1))
    if taken is not None:
        raise Conflict(
            _("A user named {name} exists already, and the demo has one too. Use an empty store.").format(
                name=taken
            )
        )


def _sign_ins(company: DemoCompany) -> tuple[SignIn, ...]:
    words = (FACTS / "words.txt").read_text(encoding="utf-8").split()
    return tuple(
        SignIn(person.username, person.name, person.roles, _passphrase(words)) for person in company.people
    )


def _passphrase(words: Sequence[str]) -> str:
    """Four words and four digits, about 47 bits: enough for a sign-in that only this machine offers."""
    chosen = [secrets.choice(words) for _word in range(_WORDS_A_PHRASE)]
    return "-".join([*chosen, f"{secrets.randbelow(10_000):04d}"])


def _mark(session: Session, actor: Actor, loaded: DemoLoad, ids: Ids, company: DemoCompany) -> None:
    """Leave word of what belongs to the demo, and one entry in the audit."""
    decided = {"company": company.name, "base_currency": company.currency}
    untouched = {
        key: value
        for key, value in decided.items()
        if session.scalar(select(func.count()).select_from(Setting).where(Setting.key == key)) == 0
    }
    contents = {
        "accounts": [min(ids.accounts), max(ids.accounts)],
        "products": [min(ids.products), max(ids.products)],
        "loaded_at": clock.now(),
        "settings": untouched,
    }
    name = f"{loaded.company}, seed {loaded.seed}, {loaded.last_on.isoformat()}"
    settings.put(session, {**untouched, "demo": name, "demo_contents": contents})
    counts = {key: value for key, value in asdict(loaded).items() if key not in ("company", "sign_ins")}
    changes = {key: (None, value) for key, value in counts.items()}
    audit.record(session, actor, "demo:load", Subject("store", "demo", loaded.company), changes)
