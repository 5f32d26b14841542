"""Refuses a test report in which something did not run: `python .ci/skips.py REPORT.xml`.

Only tests on the outside data may be skipped, and only where that data is absent.
"""

import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ALLOWED = "The outside data is not here"


def skipped(report: Path) -> list[tuple[str, str]]:
    """Each test that did not run, with its reason."""
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314  (pytest wrote it a moment ago)
    return [
        (f"{case.get('classname')}::{case.get('name')}", skip.get("message", ""))
        for case in cases
        for skip in case.iter("skipped")
    ]


def refused(found: list[tuple[str, str]], *, data_is_here: bool) -> list[tuple[str, str]]:
    """Those of them that have no leave to be skipped."""
    return [(test, why) for test, why in found if data_is_here or not why.startswith(ALLOWED)]


def main(report: Path) -> int:
    """Exit status 1 with a line a test where something was skipped without leave."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    data = Path(os.environ.get("UTAMA_SHARED_DATA") or beside)
    wrong = refused(skipped(report), data_is_here=data.is_dir())
    for test, why in wrong:
        print(f"Skipped, which a full run must not be: {test}: {why}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
