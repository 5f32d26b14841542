"""The command that loads the demo company, and takes it out again."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

import typer

from core import startup
from core.commands.acting import As, Json, actor, ensure_current, print_json
from core.language import _


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    accounts: Annotated[int, typer.Option(min=1, help="How many key accounts.")] = 50,
    lines: Annotated[int, typer.Option(min=1, help="About how many order lines.")] = 150_000,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed on the same day gives the same company.")
    ] = 1,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the demo out and leave an empty store.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --remove: own data beside the demo goes too.")
    ] = False,
    as_: As = None,
    json: Json = False,
) -> None:
    """Load the demo company into an empty store, or remove it."""
    ensure_current()
    if remove:
        _remove(as_, json, yes)
    else:
        _load(as_, json, accounts, lines, seed)


def _load(username: str | None, as_json: bool, accounts: int, lines: int, seed: int) -> None:
    from core import db
    from core import demo as demo_company

    began = time.monotonic()
    with db.write() as session:
        loaded = demo_company.load(
            session, actor(session, username), accounts=accounts, lines=lines, seed=seed, progress=_progress
        )
    seconds = time.monotonic() - began
    if as_json:
        _keep_sign_ins(loaded)
        print_json(_document(loaded, seconds))
        return
    typer.echo(
        _(
            "{company}: {accounts} accounts, {products} products, {orders} orders, {lines} lines, {seconds} s"
        ).format(
            company=loaded.company,
            accounts=loaded.accounts,
            products=loaded.products,
            orders=loaded.orders,
            lines=loaded.lines,
            seconds=f"{seconds:.1f}",
        ),
        err=True,
    )
    print_sign_ins(loaded)


def print_sign_ins(loaded: Any) -> None:
    """Say who can sign in, and how."""
    typer.echo(_keep_sign_ins(loaded))


def _keep_sign_ins(loaded: Any) -> str:
    """Keep the sign-ins beside the store for this user only, who may read them again at every start."""
    widths = [
        max(len(getattr(person, name)) for person in loaded.sign_ins) for name in ("username", "passphrase")
    ]
    lines = [
        f"  {person.username:<{widths[0]}}  {person.passphrase:<{widths[1]}}  "
        f"{person.name} ({', '.join(person.roles)})"
        for person in loaded.sign_ins
    ]
    text = "\n".join([_("Sign in on this machine as one of these:"), *lines])
    startup.write_private(startup.demo_sign_ins(), f"{text}\n")
    return text


def _document(loaded: Any, seconds: float) -> dict[str, Any]:
    return {**asdict(loaded), "seconds": f"{seconds:.1f}"}


def _progress(done: int, everything: int) -> None:
    # Only large companies take long enough for somebody to wonder.
    if everything >= 500 and done % 100 == 0:
        typer.echo(_("{done} of {all} accounts").format(done=done, all=everything), err=True)


def _remove(username: str | None, as_json: bool, yes: bool) -> None:
    from core import db
    from core import demo as demo_company

    with db.write() as session:
        demo_company.remove(session, actor(session, username), with_own_data=yes)
    startup.demo_sign_ins().unlink(missing_ok=True)
    if as_json:
        print_json({"removed": True})
    else:
        typer.echo(_("The demo company is gone; the store is empty."), err=True)
