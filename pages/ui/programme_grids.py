"""The lists of a programme as grids: factors, campaigns, tiers, rewards and bonuses, a row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import Invalid
from core.language import N_, _
from pages.ui import tables, typing_numbers
from pages.ui.forms import Form

_BLANK = 2


@dataclass(frozen=True)
class Column:
    """One column; `path` says where in a row's document its value stands."""

    path: str
    label: str
    kind: str = "text"  # number, percent, tick, day, choice
    places: int = 3
    width: str = "small"


@dataclass(frozen=True)
class Grid:
    """One list of the document."""

    path: str
    title: str
    columns: tuple[Column, ...]


_PLACE = (
    Column("product", N_("Product"), "choice", width="medium"),
    Column("category", N_("or category"), "choice", width="medium"),
    Column("factor", N_("Factor"), "number", 2),
)
MULTIPLIERS = Grid("earning.multipliers", N_("Factors that always hold"), _PLACE)
CAMPAIGNS = Grid(
    "earning.campaigns",
    N_("Campaigns"),
    (
        Column("name", N_("Name"), width="medium"), *_PLACE, Column("first_on", N_("First day"), "day"),
        Column("last_on", N_("Last day"), "day"),
    ),
)  # fmt: skip
TIERS = Grid(
    "tiers.steps",
    N_("Tiers, the lowest first"),
    (
        Column("name", N_("Loyalty tier"), width="medium"),
        Column("threshold", N_("Threshold"), "number"),
        Column("factor", N_("Factor"), "number", 2),
        Column("benefits.discount_rate", N_("Discount, %"), "percent"),
        Column("benefits.rebate_rate", N_("Rebate, %"), "percent"),
        Column("benefits.free_freight", N_("Free freight"), "tick"),
        Column("benefits.marketing_amount", N_("Marketing a year"), "number", 4),
        Column("benefits.service_level", N_("Service level"), width="medium"),
    ),
)
REWARDS = Grid(
    "rewards",
    N_("Rewards"),
    (
        Column("name", N_("Reward"), width="medium"),
        Column("points", N_("Points"), "number"),
        Column("cost", N_("Cost to us"), "number", 4),
    ),
)
BONUSES = Grid(
    "bonuses",
    N_("Bonuses, given by hand or by file"),
    (Column("name", N_("For"), width="medium"), Column("points", N_("Points"), "number")),
)
ALL = (MULTIPLIERS, CAMPAIGNS, TIERS, REWARDS, BONUSES)


def rows_of(grid: Grid, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the document has in this list, as cells are shown."""
    found: Any = document
    for name in grid.path.split("."):
        found = found.get(name, {} if grid is BONUSES else [])
    if isinstance(found, Mapping):
        found = [{"name": name, "points": points} for name, points in found.items()]
    return [{column.path: _cell(column, row) for column in grid.columns} for row in found]


def _cell(column: Column, row: Mapping[str, Any]) -> Any:
    value: Any = row
    for name in column.path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if column.kind == "tick":
        return bool(value)
    if value in (None, ""):
        return None
    if column.kind == "day":
        return date.fromisoformat(value)
    if column.kind == "percent":
        return typing_numbers.shown(Decimal(value) * 100)
    return typing_numbers.shown(Decimal(value)) if column.kind == "number" else value


def draw(
    form: Form, grid: Grid, document: Mapping[str, Any], choices: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """The grid with some empty rows; what is wrong in it is said below."""
    rows = form.keep(f"rows:{grid.path}", rows_of(grid, document))
    blank = {column.path: False if column.kind == "tick" else None for column in grid.columns}
    frame = pd.DataFrame([*rows, *(dict(blank) for _number in range(_BLANK))]).astype(object)
    st.markdown("**" + _(grid.title) + "**")
    edited: pd.DataFrame = st.data_editor(
        frame,
        key=form.widget_key(grid.path),
        num_rows="dynamic",
        hide_index=True,
        row_height=tables.GRID_ROW,
        column_config={one.path: _config(one, choices) for one in grid.columns},
        placeholder="",
        alt=_(grid.title),
    )
    form.place(grid.path)
    return edited


def _config(column: Column, choices: Mapping[str, Sequence[str]]) -> Any:
    kinds, label = st.column_config, _(column.label)
    if column.kind == "choice":
        return kinds.SelectboxColumn(label, options=list(choices.get(column.path, ())), width=column.width)  # type: ignore[arg-type]
    if column.kind == "tick":
        return kinds.CheckboxColumn(label)
    if column.kind == "day":
        return kinds.DateColumn(label, format="D MMM YYYY")
    return kinds.TextColumn(label, width=column.width, max_chars=120)  # type: ignore[arg-type]


def read(grid: Grid, edited: pd.DataFrame) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows that say anything, as documents, and a sentence for each cell that cannot be read."""
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    for _place, cells in edited.iterrows():
        values = {column.path: _value(cells[column.path]) for column in grid.columns}
        if all(value in (None, "", False) for value in values.values()):
            continue
        row: dict[str, Any] = {}
        for column in grid.columns:
            try:
                _put(row, column.path, _read(column, values[column.path]))
            except Invalid as error:
                problems.append(_said(len(rows) + 1, column, error.message))
        rows.append(row)
    return rows, problems


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    return None if value is None or pd.isna(value) else value


def _read(column: Column, value: Any) -> Any:
    if column.kind == "tick":
        return bool(value)
    if value in (None, ""):
        return None
    if column.kind == "day":
        return value.isoformat()[:10]
    if column.kind not in ("number", "percent"):
        return value
    number = typing_numbers.read(str(value), column.places + (1 if column.kind == "percent" else 0))
    if number is not None and column.kind == "percent":
        number /= 100
    return None if number is None else f"{number:f}"


def _put(row: dict[str, Any], path: str, value: Any) -> None:
    """Nothing typed leaves the usual value."""
    if value is None:
        return
    *above, last = path.split(".")
    for name in above:
        row = row.setdefault(name, {})
    row[last] = value


def _said(number: int, column: Column | None, problem: str) -> str:
    if column is None:
        return _("Row {number}: {problem}").format(number=number, problem=problem)
    return _("Row {number}, {column}: {problem}").format(
        number=number, column=_(column.label), problem=problem
    )


def placed(fields: Mapping[str, str]) -> dict[str, str]:
    """Core's sentences under the fields and grids of the form: of a grid with the row and the column."""
    found: dict[str, list[str]] = {}
    for name, problem in fields.items():
        grid = next((one for one in ALL if name.startswith(one.path)), None)
        if grid is None:
            found.setdefault(name, []).append(problem)
            continue
        number, _dot, path = name.removeprefix(grid.path).lstrip(". ").partition(".")
        column = next((one for one in grid.columns if one.path == path), None)
        said = _said(int(number) + 1, column, problem) if number.isdigit() else problem
        found.setdefault(grid.path, []).append(said)
    return {name: " ".join(dict.fromkeys(problems)) for name, problems in found.items()}
