"""Files in: look at one, match its columns, see what it would do, apply it, and take it back.

The way of a file: `receive` it, `suggest` which column means which field, `check` it (a dry run), `apply` it,
`discard` it. What cannot be decided without asking comes back as `Check.questions`; what was refused as
`Check.refused_rows` and, complete, as a file that can be corrected and uploaded again.
"""

from core.importing.batches import BatchDetail, BatchRow, get, search, undo
from core.importing.columns import Question
from core.importing.fields import FIELDS, Content, Field
from core.importing.files import LARGEST_FILE, Upload, choose_sheet, discard, receive
from core.importing.findings import CellProblem, Reason
from core.importing.mapping import explicit, from_toml, suggest
from core.importing.options import Options
from core.importing.rejects import REASON_HEADER, RefusedRow, rejected_csv, rejected_xlsx
from core.importing.run import Check, Outcome, apply, check
from core.importing.tables import Progress

__all__ = [
    "FIELDS", "LARGEST_FILE", "REASON_HEADER", "BatchDetail", "BatchRow", "CellProblem", "Check", "Content", "Field",
    "Options", "Outcome", "Progress", "Question", "Reason", "RefusedRow", "Upload", "apply", "check", "choose_sheet",
    "discard", "explicit", "from_toml", "get", "receive", "rejected_csv", "rejected_xlsx", "search", "suggest", "undo",
]  # fmt: skip
