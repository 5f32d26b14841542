"""Terms as YAML that people can read: for each customer what was granted, by product, category or everything.

The rows are those of a term file, column for column. Every value is read as text, so no number and no day changes on
its way, and nothing but lists, mappings and texts is ever made of a file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from core.errors import Invalid
from core.language import _

LARGEST_FILE = 10 * 1024 * 1024
COLUMNS = (
    "kind", "value", "account", "group", "segment", "product", "category", "min_quantity", "basis", "period", "mode",
    "unit", "days", "governed_by", "valid_from", "valid_to", "stacks", "exception", "reason", "status", "recorded_on",
)  # fmt: skip
_CUSTOMERS = ("account", "group", "segment")
_GOODS = ("product", "category", "everything")
_GRANT = tuple(name for name in COLUMNS if name not in (*_CUSTOMERS, *_GOODS))
_ORDER = ("kind", "min_quantity", "valid_from", "status", "value", "recorded_on")
_DEEPEST = 12
# Said only where it is not what nearly every term says.
_USUAL = {
    "min_quantity": Decimal(0),
    "basis": "line",
    "governed_by": "order",
    "stacks": "no",
    "exception": "no",
}
_BASE_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Plain(str):
    """A number, a day or a word of ours: it needs no quotation marks."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Lists stand below their key, a little to the right of it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _plain(dumper: Any, value: _Plain) -> Any:
    tag = dumper.resolve(yaml.ScalarNode, str(value), (True, False))
    return dumper.represent_scalar(tag, str(value))


_Dumper.add_representer(_Plain, _plain)


def is_yaml(name: str) -> bool:
    """By the ending of a file's name."""
    return name.casefold().endswith((".yaml", ".yml"))


def write(headers: Sequence[str], rows: Iterable[Sequence[Any]], stream: BinaryIO) -> int:
    """Write the rows of a term export and return how many they are."""
    found = [dict(zip(headers, row, strict=True)) for row in rows]
    document: list[dict[str, Any]] = []
    for customer, of_customer in _grouped(found, _CUSTOMERS):
        goods = [
            {
                name: _Plain(value) if name == "everything" else value,
                "grants": [_grant(row) for row in sorted(own, key=_place)],
            }
            for (name, value), own in _grouped(of_customer, ("product", "category"))
        ]
        document.append({customer[0]: customer[1], "terms": goods})
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    stream.write(text.encode())
    return len(found)


def _grouped(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> list[tuple[tuple[str, str], list[Mapping[str, Any]]]]:
    """Rows by the first of some columns that is filled: the columns in their order, the values by the alphabet."""
    found: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        place = next((number for number, name in enumerate(names) if row[name] is not None), len(names))
        value = str(row[names[place]]) if place < len(names) else "yes"
        found.setdefault((place, value), []).append(row)
    named = [*names, "everything"]
    return [((named[place], value), found[place, value]) for place, value in sorted(found)]


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _ORDER)


def _grant(row: Mapping[str, Any]) -> dict[str, str]:
    said = {}
    for name in _GRANT:
        value = row.get(name)
        if value is None or value == "" or _USUAL.get(name) == value:
            continue
        said[name] = _text(name, value)
    return said


def _text(name: str, value: Any) -> str:
    if name in ("reason", "unit"):
        return str(value)
    if isinstance(value, Decimal):
        return _Plain(f"{value.normalize() + 0:f}")
    return _Plain(value)


def convert(path: Path, target: Path) -> None:
    """Write a YAML file's terms as a CSV file; raises Invalid, with the line, for what is no such file."""
    if path.stat().st_size > LARGEST_FILE:
        raise Invalid(_("The file is larger than {limit} MB.").format(limit=LARGEST_FILE // (1024 * 1024)))
    try:
        text = path.read_text(encoding="utf-8-sig")
        _check_events(text)
        document = yaml.load(text, Loader=_BASE_LOADER)  # noqa: S506  (makes texts, lists and mappings only)
    except UnicodeDecodeError as error:
        raise Invalid(_("The file is not written in UTF-8.")) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "?" if mark is None else mark.line + 1
        raise Invalid(
            _(
                "The file is no YAML: line {line} cannot be read. Is an indent or a quotation mark missing?"
            ).format(line=line)
        ) from error
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_rows(document))


def _check_events(text: str) -> None:
    """Refuse what can make much of little: references, and nesting beyond all reason."""
    depth = 0
    for event in yaml.parse(text, Loader=_BASE_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise Invalid(_("A term file has no references (&name, *name): write each term out."))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise Invalid(_("The file is nested too deeply to be a term file."))


def _rows(document: Any) -> Iterator[dict[str, str]]:
    for customer in _list(document, "customers"):
        whom = {name: _value(customer, name) for name in _CUSTOMERS if name in customer}
        for goods in _list(customer.get("terms"), "terms"):
            what: dict[str, str] = {
                name: _value(goods, name) for name in ("product", "category") if name in goods
            }
            for grant in _list(goods.get("grants"), "grants"):
                unknown = sorted(set(grant) - set(_GRANT))
                if unknown:
                    raise Invalid(
                        _("A term has no “{name}”. It has: {known}.").format(
                            name=unknown[0], known=", ".join(_GRANT)
                        )
                    )
                yield {**whom, **what, **{name: _value(grant, name) for name in grant}}


def _list(value: Any, name: str) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return value
    raise Invalid(
        _("“{name}” is not a list as an export writes it: export the terms of an account to see one.").format(
            name=name
        )
    )


def _value(entry: Mapping[str, Any], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise Invalid(_("“{name}” is one value, not a list.").format(name=name))
    return value
