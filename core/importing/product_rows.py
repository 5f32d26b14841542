"""Product files: what a product is, and from which day on it lists for and costs how much."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, references
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict
from core.importing import findings, records
from core.importing.columns import Values
from core.importing.findings import Findings
from core.importing.options import Options
from core.importing.price_periods import PricePeriod, put
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import _
from core.models import Category, ImportBatch, ListPrice, Product, Unit, UnitCost
from core.money import MONEY_SCALE
from core.vocabulary import Permission

_TEXTS = ("code", "name", "category", "unit")
_PRICES: dict[str, tuple[Any, str]] = {"list_price": (ListPrice, "price"), "unit_cost": (UnitCost, "cost")}
_LOOKUPS: dict[str, Any] = {"category": Category, "unit": Unit}


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, _options: Options, _progress: Progress
) -> RecordPlan:
    """Compare every row with the product of its code and with the prices in force."""
    auth.require(actor, Permission.PRODUCT_WRITE)
    findings.required(found, {"code": values.text("code").known}, ("code",))
    said = [records.given(values, row, _TEXTS, (*_PRICES, "valid_from")) for row in range(values.rows)]
    keys = [(one["code"], one.get("valid_from")) if "code" in one else None for one in said]
    repeated = records.refuse_twice(found, values, "code", keys, said)
    known = {product.code: product for product in session.scalars(select(Product))}
    prices = {name: _in_force(session, name) for name in _PRICES}
    outcome = RecordPlan(values.rows)
    works: dict[str, _Work] = {}
    refused = found.refused
    for row, one in enumerate(said):
        if refused[row] or repeated.get(row):
            continue
        code = one["code"]
        product = known.get(code)
        if code not in works:
            works[code] = _Work(
                code,
                {
                    name: list(stored.get(product.id, [])) if product else []
                    for name, stored in prices.items()
                },
            )
        differs = works[code].take(one, product)
        if product is None:
            outcome.new(row)
        elif differs:
            outcome.change(row)
    for work in works.values():
        if work.code not in known or work.differs:
            outcome.act(work.run)
    return outcome


def _in_force(session: Session, name: str) -> dict[int, list[PricePeriod]]:
    model, column = _PRICES[name]
    found: dict[int, list[PricePeriod]] = {}
    query = select(model).where(model.superseded_at.is_(None)).order_by(model.product_id, model.valid_from)
    for row in session.scalars(query):
        found.setdefault(row.product_id, []).append(
            PricePeriod(row.valid_from, row.valid_to, getattr(row, column))
        )
    return found


class _Work:
    """Everything that the file says about one product."""

    def __init__(self, code: str, periods: dict[str, list[PricePeriod]]) -> None:
        self.code = code
        self.differs = False
        self._attributes: dict[str, str] = {}
        self._periods = periods

    def take(self, one: dict[str, Any], product: Product | None) -> bool:
        """Add a row; whether it says something new."""
        differs = False
        for name in ("name", *_LOOKUPS):
            if name in one:
                self._attributes[name] = one[name]
                differs = differs or product is None or _shown(product, name) != one[name]
        start = date.fromordinal(one["valid_from"]) if "valid_from" in one else clock.today()
        for name in _PRICES:
            if name in one:
                periods = put(self._periods[name], start, Decimal(one[name]) / MONEY_SCALE)
                differs = differs or periods != self._periods[name]
                self._periods[name] = periods
        self.differs = self.differs or differs
        return differs

    def run(self, recorder: Recorder) -> None:
        product = recorder.session.scalar(select(Product).where(Product.code == self.code))
        created = product is None
        if product is None:
            product, changes = self._create(recorder)
        else:
            changes = self._change(recorder, product)
        recorder.count("products_created" if created else "products_changed")
        for name in _PRICES:
            changes |= self._set_prices(recorder, product, name)
        subject = Subject("product", str(product.id), product.name)
        action = "product:create" if created else "product:update"
        audit.record(recorder.session, recorder.actor, action, subject, changes)

    def _create(self, recorder: Recorder) -> tuple[Product, dict[str, tuple[Any, Any]]]:
        wanted = {"name": self.code, **self._wanted(recorder)}
        product = Product(code=self.code, created_at=recorder.moment, batch_id=recorder.batch_id, **wanted)
        recorder.session.add(product)
        recorder.session.flush()
        recorder.keep("product", product.id, None, wanted)
        return product, {name: (None, value) for name, value in wanted.items()}

    def _change(self, recorder: Recorder, product: Product) -> dict[str, tuple[Any, Any]]:
        wanted = self._wanted(recorder)
        differences = audit.differences({name: getattr(product, name) for name in wanted}, wanted)
        for name, (_before, after) in differences.items():
            setattr(product, name, after)
        recorder.session.flush()
        if differences:
            before = {name: was for name, (was, _after) in differences.items()}
            recorder.keep("product", product.id, before, {name: wanted[name] for name in differences})
        return differences

    def _wanted(self, recorder: Recorder) -> dict[str, Any]:
        """What the file says, as the product keeps it."""
        wanted: dict[str, Any] = {}
        for name, value in self._attributes.items():
            if name == "name":
                wanted["name"] = value
            else:
                wanted[f"{name}_id"] = recorder.named(_LOOKUPS[name], value).id
        return wanted

    def _set_prices(self, recorder: Recorder, product: Product, name: str) -> dict[str, tuple[Any, Any]]:
        stored = _in_force_of(recorder.session, name, product.id)
        gone = [one for one in stored if one not in self._periods[name]]
        new = [one for one in self._periods[name] if one not in stored]
        if not gone and not new:
            return {}
        replace_periods(recorder.session, name, product.id, gone, new, recorder.moment, recorder.batch_id)
        before, after = [one.kept() for one in gone], [one.kept() for one in new]
        recorder.keep(name, product.id, {"periods": before}, {"periods": after})
        return {name: (before, after)}


def _shown(product: Product, name: str) -> str | None:
    if name == "name":
        return product.name
    looked_up = getattr(product, name)
    return None if looked_up is None else str(looked_up.name)


def _in_force_of(session: Session, name: str, product_id: int) -> list[PricePeriod]:
    model, column = _PRICES[name]
    query = (
        select(model)
        .where(model.product_id == product_id, model.superseded_at.is_(None))
        .order_by(model.valid_from)
    )
    return [PricePeriod(row.valid_from, row.valid_to, getattr(row, column)) for row in session.scalars(query)]


def replace_periods(
    session: Session,
    name: str,
    product_id: int,
    gone: list[PricePeriod],
    new: list[PricePeriod],
    moment: datetime,
    batch_id: int | None,
) -> None:
    """Let some periods be superseded now, and others hold from now on; nothing is deleted."""
    model, column = _PRICES[name]
    for row in session.scalars(
        select(model).where(model.product_id == product_id, model.superseded_at.is_(None))
    ):
        if PricePeriod(row.valid_from, row.valid_to, getattr(row, column)) in gone:
            row.superseded_at = moment
    session.flush()
    for one in new:
        session.add(
            model(
                product_id=product_id,
                valid_from=one.start,
                valid_to=one.end,
                recorded_at=moment,
                batch_id=batch_id,
                **{column: one.value},
            )
        )
    session.flush()


def undo(session: Session, actor: Actor, batch: ImportBatch, moment: datetime) -> None:
    """Give products their values and prices back and remove those that the batch made."""
    auth.require(actor, Permission.PRODUCT_WRITE)
    for change in records.changes_of(session, batch.id):
        product = session.get(Product, change.entity_id)
        if product is None:
            raise Conflict(_("A product of this import is gone, so it cannot be undone."))
        if change.entity in _PRICES:
            _undo_prices(session, batch.id, product, change.entity, change.before or {}, change.after, moment)
        else:
            _undo_product(session, actor, product, change.before, change.after)


def _undo_prices(
    session: Session,
    batch_id: int,
    product: Product,
    name: str,
    before: dict[str, Any],
    after: dict[str, Any],
    moment: datetime,
) -> None:
    brought = [PricePeriod.of(kept) for kept in after["periods"]]
    if any(one not in _in_force_of(session, name, product.id) for one in brought):
        raise Conflict(_changed_since(product))
    replace_periods(
        session, name, product.id, brought, [PricePeriod.of(kept) for kept in before["periods"]], moment, None
    )
    if product.batch_id == batch_id:
        # The product goes with its import, and so do the prices that are no longer in force.
        model = _PRICES[name][0]
        own = (model.product_id == product.id, model.superseded_at.is_not(None))
        session.execute(delete(model).where(*own).execution_options(synchronize_session="fetch"))


def _undo_product(
    session: Session,
    actor: Actor,
    product: Product,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    now = audit.plain({name: getattr(product, name) for name in after})
    if now != after or (before is None and references.is_used(session, product)):
        raise Conflict(_changed_since(product))
    subject = Subject("product", str(product.id), product.name)
    if before is None:
        session.delete(product)
        session.flush()
        audit.record(session, actor, "product:remove", subject, {"code": (product.code, None)})
        return
    for name, value in before.items():
        setattr(product, name, value)
    session.flush()
    audit.record(
        session, actor, "product:update", subject, {name: (after[name], before[name]) for name in before}
    )


def _changed_since(product: Product) -> str:
    return _("Product {code} was changed or used since, so the import cannot be undone.").format(
        code=product.code
    )
