"""Which column means which field: by its name, as somebody says, or as it was the last time."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.errors import Invalid
from core.importing import fields
from core.importing.files import Upload
from core.importing.options import Options
from core.importing.rejects import REASON_HEADER
from core.language import _
from core.models import ImportMapping
from core.vocabulary import BatchKind, Permission


def suggest(session: Session, actor: Actor, kind: BatchKind, upload: Upload) -> dict[str, str]:
    """Field → header: as the same header was matched the last time, else by name."""
    auth.require(actor, Permission.DATA_IMPORT)
    remembered = session.get(ImportMapping, (kind, _hash(upload)))
    if remembered is not None:
        known = fields.of(kind)
        kept = remembered.columns.get("columns", {})
        return {name: header for name, header in kept.items() if name in known and header in upload.headers}
    return fields.matched(kind, upload.headers)


def remember(
    session: Session, actor: Actor, kind: BatchKind, upload: Upload, options: Options, moment: datetime
) -> None:
    """Keep how this header was matched, for the next file that has it."""
    key = _hash(upload)
    row = session.get(ImportMapping, (kind, key))
    if row is None:
        row = ImportMapping(kind=kind, header_hash=key, header="", columns={}, saved_by="", saved_at=moment)
        session.add(row)
    row.header = json.dumps(_own_headers(upload), ensure_ascii=False)
    row.columns = {
        "columns": dict(options.columns),
        "decimals": options.decimals,
        "date_order": options.date_order,
    }
    row.saved_by, row.saved_at = actor.username, moment
    session.flush()


def explicit(kind: BatchKind, upload: Upload, given: Mapping[str, str]) -> dict[str, str]:
    """Headers that are field names, and over them what somebody says; a header is used once."""
    known = fields.of(kind)
    for name in given:
        if name not in known:
            raise Invalid(
                _("There is no field {field} in {kind}. The fields are: {fields}.").format(
                    field=name, kind=kind.value, fields=", ".join(known)
                )
            )
    stripped = {name: header.strip() for name, header in given.items()}
    check_headers(upload, stripped)
    taken = set(stripped.values())
    by_name = {
        name: header for name, header in fields.exact(kind, upload.headers).items() if header not in taken
    }
    return {**by_name, **stripped}


def check_headers(upload: Upload, columns: Mapping[str, str]) -> None:
    """Refuse a header that the file does not have."""
    for name, header in columns.items():
        if header not in upload.headers:
            raise Invalid(
                _("The file has no column “{header}” for {field}. Its columns are: {headers}.").format(
                    header=header, field=name, headers=", ".join(upload.headers)
                )
            )


def missing_sentence(kind: BatchKind, upload: Upload, missing: Sequence[str]) -> str:
    """Which required fields no column was found for, and what the command line would take."""
    likely = fields.matched(kind, upload.headers)
    hints = " ".join(
        f"--column {name}={json.dumps(likely[name], ensure_ascii=False)}"
        for name in missing
        if name in likely
    )
    sentence = _("No column is matched to {fields}. The file's columns are: {headers}.").format(
        fields=", ".join(missing), headers=", ".join(upload.headers)
    )
    return sentence + " " + _("Perhaps: {hints}").format(hints=hints) if hints else sentence


def from_toml(path: Path, kind: BatchKind) -> dict[str, str]:
    """Field → header from a file: `order_no = "InvoiceNo"`, at the top, under [columns] or under the kind."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise Invalid(
            _("{file} cannot be read: {reason}.").format(file=path, reason=error.strerror)
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(_("{file} is no TOML file: {reason}.").format(file=path, reason=error)) from error
    found: dict[str, str] = {}
    for table in (
        document,
        *(document.get(name, {}) for name in ("columns", "column", "map", "fields", kind.value)),
    ):
        found.update(_texts(table))
    return found


def _texts(table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        return {}
    return {name: header for name, header in table.items() if isinstance(header, str)}


def _own_headers(upload: Upload) -> list[str]:
    """The headers without the column of reasons, so that a corrected file is known by its original."""
    return [header for header in upload.headers if header != REASON_HEADER]


def _hash(upload: Upload) -> str:
    return hashlib.sha256(json.dumps(_own_headers(upload)).encode()).hexdigest()
