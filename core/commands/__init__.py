"""One module a command family; each has `register(app)`."""

from __future__ import annotations

import importlib

import typer

_FAMILIES = (
    "store", "users", "importing", "exporting", "kpi", "price", "terms", "report", "forecast", "health", "loyalty",
    "demo", "serve",
)  # fmt: skip


def mount(app: typer.Typer) -> None:
    """Put every family's commands on the command line."""
    for name in _FAMILIES:
        importlib.import_module(f"core.commands.{name}").register(app)
