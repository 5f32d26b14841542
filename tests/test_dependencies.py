"""What is installed is what was reviewed: nothing below its security floor, every file with its hash."""

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from core import db

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")

# The oldest release of each that has no known hole, with what the release before it had.
FLOORS = {
    "cryptography": "50.0.0",  # PYSEC-2026-3552
    "extra-streamlit-components": "0.1.81",
    "PyJWT": "2.15.1",  # the batch of September 2026: confusion of HMAC and asymmetric keys
    "python-multipart": "0.0.32",  # CVE-2026-53538 to 53540
    "requests": "2.33.0",  # CVE-2026-25645
    "SQLAlchemy": "2.1.9",
    "starlette": "1.3.1",  # CVE-2026-54283: limits of forms
    "streamlit": "1.54.0",  # CVE-2026-33682: requests to the server's own network
    "streamlit-authenticator": "0.4.2",
}
# Not part of Utama; where somebody installs it beside, it has a floor too.
FLOORS_IF_PRESENT = {"openpyxl": "3.1.5", "tornado": "6.5.7"}


def is_below(installed: str, floor: str) -> bool:
    return Version(installed) < Version(floor)


def requirements(name: str) -> list[str]:
    """The logical lines of a requirements file: comments gone, continued lines joined."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def direct(name: str) -> list[str]:
    return [line for line in requirements(name) if not line.startswith("-")]


def pin(line: str) -> tuple[str, str]:
    """`psycopg[binary]==3.3.9 ; …  # why` as (`psycopg`, `3.3.9`)."""
    wanted = Requirement(re.split(r"#|--hash", line, maxsplit=1)[0].strip())
    return wanted.name.lower().replace("_", "-"), str(wanted.specifier)


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_nothing_is_below_its_floor(name, floor):
    assert not is_below(metadata.version(name), floor)


@pytest.mark.parametrize(("name", "floor"), FLOORS_IF_PRESENT.items())
def test_what_may_stand_beside_is_not_below_its_floor(name, floor):
    present = {distribution.name.lower() for distribution in metadata.distributions()}

    assert name not in present or not is_below(metadata.version(name), floor)


def test_versions_are_compared_as_numbers():
    assert is_below("0.0.9", "0.0.32")
    assert not is_below("1.10.0", "1.3.1")


def test_the_sqlite_in_use_cannot_damage_a_write_ahead_log():
    assert db.sqlite_module().sqlite_version_info >= (3, 51, 3)


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
def test_every_direct_dependency_is_pinned_and_has_its_reason(name):
    for line in direct(name):
        _, _, reason = line.partition("#")
        assert pin(line)[1].startswith("=="), line
        assert len(reason.split()) >= 1, line


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_file_has_its_hash(lock):
    lines = requirements(lock)

    assert len(lines) > 50
    assert [line for line in lines if "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place(lock):
    """Where packages are fetched from is for each machine to say."""
    text = (ROOT / lock).read_text(encoding="utf-8")

    places = r"://|--(?:extra-)?index|--find-links|--trusted| @ |^-e|(?<![\w-])/\w"

    assert re.findall(places, text, re.MULTILINE) == []


@pytest.mark.parametrize(
    ("direct_in", "lock"), [("requirements.in", LOCKS[0]), ("requirements-dev.in", LOCKS[1])]
)
def test_the_lock_holds_what_was_asked_for(direct_in, lock):
    locked = {pin(line) for line in requirements(lock)}

    assert {pin(line) for line in direct(direct_in)} <= locked


def test_the_tests_run_on_what_the_product_runs_on():
    product = {line.split("--hash")[0].strip() for line in requirements(LOCKS[0])}
    tests = {line.split("--hash")[0].strip() for line in requirements(LOCKS[1])}

    assert product <= tests


def test_what_is_installed_is_what_is_locked():
    installed = {
        d.name.lower().replace("_", "-").replace(".", "-"): d.version for d in metadata.distributions()
    }
    locked: dict[str, set[str]] = {}
    for line in requirements(LOCKS[1]):
        name, version = pin(line)
        locked.setdefault(name, set()).add(version.removeprefix("=="))

    assert {name: v for name, v in installed.items() if name in locked and v not in locked[name]} == {}
