"""Commands about users: add one, give a password, deactivate, list."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from core import audit
from core.commands.acting import As, Json, actor, ensure_current, print_json
from core.errors import Invalid
from core.language import _
from core.vocabulary import Permission, Role

user_app = typer.Typer(no_args_is_help=True, help="Who may sign in.")

FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input instead of giving a code."),
]


def register(app: typer.Typer) -> None:
    app.add_typer(user_app, name="user")


@user_app.command()
def add(
    username: Annotated[str, typer.Argument(help="The user name to sign in with.")],
    name: Annotated[str, typer.Option(help="The name that colleagues know.")] = "",
    role: Annotated[list[Role] | None, typer.Option(help="May be given several times.")] = None,
    cost: Annotated[bool, typer.Option("--cost", help="May see costs and margins.")] = False,
    language: Annotated[str, typer.Option(help="en or ms.")] = "en",
    password_stdin: FromStdin = False,
    as_: As = None,
    json: Json = False,
) -> None:
    """Add a user. The first one is administrator and director, and sees costs."""
    from core import credentials, db, users
    from core.users import UserDraft

    ensure_current()
    password = _typed() if password_stdin else None
    with db.write() as session:
        asking = actor(session, as_)
        is_first = not users.exist(session)
        roles = frozenset(role or ())
        if is_first:
            roles |= {Role.ADMIN, Role.DIRECTOR}
        created = users.create(
            session,
            asking,
            UserDraft(username, name or username, roles=roles, sees_cost=cost or is_first, language=language),
        )
        if password is not None:
            credentials.set_password(session, asking, created.user_id, password)
        row = users.get(session, asking, created.user_id)
    code = None if password is not None else created.code
    if json:
        print_json({"username": row.username, "roles": sorted(row.roles), "code": code})
        return
    typer.echo(
        _("{name} was added: {roles}.").format(name=row.username, roles=", ".join(sorted(row.roles))),
        err=True,
    )
    _print_code(code)


@user_app.command()
def password(
    username: Annotated[str, typer.Argument(help="The user name.")],
    password_stdin: FromStdin = False,
    as_: As = None,
) -> None:
    """Give a user a one-time code, or the password on standard input. Every session of theirs ends."""
    from core import credentials, db, users

    ensure_current()
    given = _typed() if password_stdin else None
    with db.write() as session:
        asking = actor(session, as_)
        row = users.named(session, asking, username)
        code = None
        if given is not None:
            credentials.set_password(session, asking, row.id, given)
        else:
            code = credentials.reset_code(session, asking, row.id)
    typer.echo(_("{name}: every session ended.").format(name=row.username), err=True)
    _print_code(code)


@user_app.command()
def disable(username: Annotated[str, typer.Argument(help="The user name.")], as_: As = None) -> None:
    """Deactivate a user: they are out wherever they are signed in."""
    from core import db, users

    ensure_current()
    with db.write() as session:
        asking = actor(session, as_)
        row = users.named(session, asking, username)
        users.deactivate(session, asking, row.id)
    typer.echo(_("{name} was deactivated.").format(name=row.username), err=True)


@user_app.command("list")
def list_users(as_: As = None, json: Json = False) -> None:
    """Show every user."""
    from core import db, users

    ensure_current()
    with db.read() as session:
        rows = users.search(session, actor(session, as_))
    if json:
        print_json([audit.plain(asdict(row)) for row in rows])
        return
    for row in rows:
        notes = [*sorted(row.roles), *([Permission.COST_READ.value] if row.sees_cost else [])]
        state = "" if row.is_active else _("  (deactivated)")
        typer.echo(f"{row.username:<20} {row.name:<28} {', '.join(notes)}{state}")


def _typed() -> str:
    typed = sys.stdin.readline().rstrip("\r\n")
    if not typed:
        raise Invalid(_("There is no password on standard input."))
    return typed


def _print_code(code: str | None) -> None:
    if code is not None:
        typer.echo(_("One-time code, good for a day, shown only now: {code}").format(code=code))
