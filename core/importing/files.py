"""Uploaded files: kept in a folder of their own, looked at, and read column by column."""

from __future__ import annotations

import csv
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np

from core import config, term_yaml
from core.errors import Invalid
from core.importing import cells, sniffing, workbooks
from core.importing.tables import Column, ColumnBuilder, Progress, Table, silent
from core.language import _

LARGEST_FILE = 100 * 1024 * 1024
MOST_COLUMNS = 200
SAMPLE_ROWS = 20

_LONGEST_LINE = 1_000_000
_LONGEST_RECORD = 4_000_000
_SAMPLE = 65_536
_BLOCK = 20_000
_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Upload:
    """A file that somebody brought: where it is kept, how it is written, and its first rows."""

    name: str
    path: Path  # as it came
    text: Path  # as text; the same as `path` unless it is a workbook
    size: int
    sha256: str
    encoding: str
    delimiter: str
    headers: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    sheets: tuple[str, ...] = ()  # those of a workbook that are not empty
    sheet: str | None = None  # the one that is read; none: it has to be chosen


def receive(stream: BinaryIO, name: str, *, largest: int = LARGEST_FILE) -> Upload:
    """Keep a copy of a file until it is discarded, and look at it."""
    folder = _folder()
    path = folder / "upload"
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("wb") as copy:
            while block := stream.read(1 << 20):
                size += len(block)
                if size > largest:
                    raise Invalid(
                        _("The file is larger than {limit} MB. Split it and upload the parts.").format(
                            limit=largest // (1024 * 1024)
                        )
                    )
                digest.update(block)
                copy.write(block)
        return _look(path, Path(name).name, size, digest.hexdigest())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def discard(upload: Upload) -> None:
    """Forget a file that was received."""
    shutil.rmtree(upload.path.parent, ignore_errors=True)


def choose_sheet(upload: Upload, sheet: str) -> Upload:
    """The same workbook with another of its sheets."""
    if sheet not in upload.sheets:
        raise Invalid(
            _("The workbook has no filled sheet “{sheet}”. It has: {sheets}.").format(
                sheet=sheet, sheets=", ".join(upload.sheets)
            )
        )
    text = upload.path.parent / f"sheet{upload.sheets.index(sheet)}.csv"
    if not text.exists():
        workbooks.convert(upload.path, sheet, text)
    return _with_headers(replace(upload, text=text, sheet=sheet, encoding="utf-8", delimiter=","))


def read_columns(upload: Upload, headers: Sequence[str], progress: Progress = silent) -> Table:
    """The cells under some headers, for every row that is not blank."""
    positions = [upload.headers.index(header) for header in headers]
    builders = [ColumnBuilder(header) for header in headers]
    lines: list[np.ndarray] = []
    too_wide: list[np.ndarray] = []
    total, done = max(upload.text.stat().st_size, 1), 0
    rows = _rows(upload)
    while block := list(islice(rows, _BLOCK)):
        for position, builder in zip(positions, builders, strict=True):
            builder.extend([row[position] for _line, row, _wide in block])
        lines.append(np.array([line for line, _row, _wide in block], dtype=np.int64))
        too_wide.append(np.array([wide for _line, _row, wide in block], dtype=np.bool_))
        done += len(block)
        # The share of the file that was read is guessed from the length of the sample's rows.
        progress("read", done, max(done, total // _usual_length(upload)))
    columns = {builder.header: _cleaned(builder.build()) for builder in builders}
    return Table(
        columns,
        np.concatenate(lines) if lines else np.empty(0, dtype=np.int64),
        np.concatenate(too_wide) if too_wide else np.empty(0, dtype=np.bool_),
    )


def read_rows(upload: Upload, lines: set[int]) -> Iterator[tuple[int, list[str]]]:
    """Some rows exactly as they stand in the file, by the line they start on."""
    for line, row, _wide in _rows(upload):
        if line in lines:
            yield line, row


def _cleaned(column: Column) -> Column:
    return Column(column.header, [cells.clean(text) for text in column.texts], column.codes)


def _usual_length(upload: Upload) -> int:
    lengths = [sum(map(len, row)) + len(row) for row in upload.samples]
    return max(sum(lengths) // max(len(lengths), 1), 1)


def _folder() -> Path:
    """A new private folder; folders that nobody came back for within a day are removed."""
    parent = config.load().data_dir / "uploads"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in parent.iterdir():
        if old.is_dir() and time.time() - old.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=parent))


def _look(path: Path, name: str, size: int, digest: str) -> Upload:
    if size == 0:
        raise Invalid(_("The file is empty."))
    bare = Upload(name, path, path, size, digest, "utf-8", ",", (), ())
    if workbooks.is_workbook(path):
        workbooks.check(path)
        sheets = workbooks.sheets(path)
        if not sheets:
            raise Invalid(_("The workbook has no rows."))
        upload = replace(bare, sheets=tuple(sheets))
        return choose_sheet(upload, sheets[0]) if len(sheets) == 1 else upload
    if term_yaml.is_yaml(name):
        text = path.parent / "terms.csv"
        term_yaml.convert(path, text)
        return _with_headers(replace(bare, text=text))
    encoding = sniffing.encoding_of(path)
    return _with_headers(replace(bare, encoding=encoding, delimiter=_delimiter(path, encoding)))


def _delimiter(path: Path, encoding: str) -> str:
    with _opened(path, encoding) as file:
        sample = file.read(_SAMPLE)
    if sample[:4].casefold() == "sep=" and len(sample) > 4:
        return sample[4]
    return sniffing.delimiter_of(sample)


def _with_headers(upload: Upload) -> Upload:
    """Read the first rows; the first that is not blank names the columns."""
    with _reading(upload) as records:
        first = next(records, None)
        if first is None:
            raise Invalid(_("The file has no rows."))
        if len(first[1]) > MOST_COLUMNS:
            raise Invalid(
                _("The file has {columns} columns; at most {most} can be read.").format(
                    columns=len(first[1]), most=MOST_COLUMNS
                )
            )
        headers = _distinct_headers(first[1])
        samples = tuple(
            tuple(cells.clean(cell) for cell in row[: len(headers)])
            for _line, row in islice(records, SAMPLE_ROWS)
        )
    return replace(upload, headers=headers, samples=samples)


def _distinct_headers(row: list[str]) -> tuple[str, ...]:
    """Headers that can be told apart: an empty one is numbered, a repeated one is counted."""
    headers: list[str] = []
    for position, cell in enumerate(row, start=1):
        header = name = cells.clean(cell) or f"Column {position}"
        count = 1
        while header in headers:
            count += 1
            header = f"{name} ({count})"
        headers.append(header)
    return tuple(headers)


def _rows(upload: Upload) -> Iterator[tuple[int, list[str], bool]]:
    """Line, cells and whether there are more cells than headers, for every row below the header."""
    width = len(upload.headers)
    with _reading(upload) as records:
        next(records, None)
        for line, row in records:
            if len(row) == width:
                yield line, row, False
            elif len(row) < width:
                yield line, row + [""] * (width - len(row)), False
            else:
                yield line, row, any(cell.strip() for cell in row[width:])


@contextmanager
def _reading(upload: Upload) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """The rows of a file that are not blank, each with the line it starts on."""
    with _opened(upload.text, upload.encoding) as file:
        yield _records(_Lines(file), upload.delimiter)


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    # Bytes that Windows-1252 does not know become the replacement sign instead of ending the import.
    errors = "replace" if encoding == "cp1252" else "strict"
    with path.open("r", encoding=encoding, errors=errors, newline=None) as file:
        try:
            yield file
        except UnicodeError as error:
            raise Invalid(
                _(
                    "The file is not written in {encoding} throughout. Save it as UTF-8 and upload it again."
                ).format(encoding=encoding)
            ) from error


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=delimiter)
    start, first = 1, True
    try:
        for row in reader:
            if "".join(row).strip():
                if not (first and _is_separator_line(row)):
                    yield start, row
                first = False
            start = reader.line_num + 1
            lines.new_record()
    except csv.Error as error:
        raise Invalid(
            _(
                "Line {line} has a cell that does not end: a quotation mark is probably missing or too many."
            ).format(line=start)
        ) from error
    lines.check_closed()


def _is_separator_line(row: Iterable[str]) -> bool:
    """Excel's own first line `sep=;`, which names the sign and is no row."""
    return "".join(row).strip().casefold() in {"sep=", "sep=,", "sep=;", "sep=|", "sep=\t"}


class _Lines:
    """The lines of a text file, refused where one line or one record is beyond all reason."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._number = 0
        self._length = self._quotes = 0
        self._start = 0  # lines before the record that is being read
        self._opened_on = 0
        self._unclosed = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(_LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self._length += len(line)
        if len(line) > _LONGEST_LINE or self._length > _LONGEST_RECORD:
            raise Invalid(
                _("Line {line} is too long to be a row of a table: is this the right file?").format(
                    line=self._number
                )
            )
        if '"' in line:
            self._quotes += line.count('"')
        return line

    def new_record(self) -> None:
        """Another record begins; what the one before it was is remembered for the end of the file."""
        self._unclosed = self._quotes % 2 == 1 and self._number - self._start > 1
        self._opened_on = self._start + 1
        self._start, self._length, self._quotes = self._number, 0, 0

    def check_closed(self) -> None:
        """Refuse a file that ends inside a quotation: rows would be missing without a word."""
        if self._unclosed:
            raise Invalid(
                _("The quotation mark opened on line {line} is never closed.").format(line=self._opened_on)
            )
