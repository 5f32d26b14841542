"""The command line: `python -m core COMMAND`, for administrators, automation and checks."""

from __future__ import annotations

import sys

import typer

from core.commands import mount
from core.errors import UtamaError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
mount(app)


def main() -> None:
    """Run one command: exit status 0 done, 1 refused with a sentence and the fields that are wrong, 2 wrong usage."""
    try:
        app()
    except UtamaError as error:
        print(error.spelled_out(), file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
