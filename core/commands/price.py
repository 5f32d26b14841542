"""`price`: what a product costs an account, for a quantity, on a day, and why."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from core import db, entitlements
from core.commands import acting
from core.commands.acting import As, Json
from core.errors import Invalid
from core.language import _


def register(app: typer.Typer) -> None:
    app.command("price")(price)


def price(
    account: Annotated[str, typer.Option("--account", help="The account's code.")],
    product: Annotated[str, typer.Option("--product", help="The product's code.")],
    quantity: Annotated[str, typer.Option("--quantity", help="Base units on the order line.")],
    day: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day of the order.")],
    known: Annotated[
        datetime | None, typer.Option("--known", formats=["%Y-%m-%d"], help="As known on this day.")
    ] = None,
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """Print the price of one base unit, every layer, what won, and why the others lost."""
    actor = acting.current_actor(as_user)
    with db.read() as session:
        found = entitlements.price(
            session,
            actor,
            account,
            product,
            _quantity(quantity),
            day.date(),
            known_on=None if known is None else known.date(),
        )
    document = entitlements.document(found)
    if as_json:
        acting.print_json(document)
    else:
        _print(document)


def _quantity(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Invalid(_("The quantity {text} is not a number.").format(text=text)) from error


def _print(document: dict[str, Any]) -> None:
    for name in ("list_price", "net_price", "pocket_price"):
        typer.echo(f"{name:<14}{document[name] or '–':>16}")
    for layer in document["layers"]:
        typer.echo(f"  {layer['term']:<8}{layer['kind']:<16}{layer['amount'] or '–':>16}")
    for one in document["lost"]:
        typer.echo(f"  {one['term']:<8}{one['kind']:<16}{one['reason']:>16}")
