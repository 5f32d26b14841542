"""A full run (.ci/run) refuses a report in which something was skipped without leave."""

import importlib.util
from pathlib import Path

import pytest

from tests.conftest import needs_shared_data

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "skips.py"
specification = importlib.util.spec_from_file_location("skips", SCRIPT)
assert specification
assert specification.loader
skips = importlib.util.module_from_spec(specification)
specification.loader.exec_module(skips)

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_ran"/>
<testcase classname="tests.a" name="test_skipped"><skipped type="pytest.skip" message="{why}"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def report(tmp_path, monkeypatch):
    """Runs the check over a report with one skipped test; says how it ends."""
    data = tmp_path / "data"
    monkeypatch.setenv("UTAMA_SHARED_DATA", str(data))

    def ended(why: str, *, data_is_here: bool = False) -> int:
        if data_is_here:
            data.mkdir()
        (tmp_path / "report.xml").write_text(REPORT.format(why=why), encoding="utf-8")
        return skips.main(tmp_path / "report.xml")

    return ended


def test_a_test_on_absent_outside_data_may_be_skipped(report):
    assert report(needs_shared_data.kwargs["reason"]) == 0


def test_it_may_not_where_the_data_is_there(report, capsys):
    assert report(needs_shared_data.kwargs["reason"], data_is_here=True) == 1
    assert "tests.a::test_skipped" in capsys.readouterr().err


def test_any_other_reason_is_refused(report):
    assert report("PostgreSQL is not here") == 1
    assert report("") == 1
