"""After a change of the store, the slow answers that people look at are found again before they click.

One thread of the server, one question at a time, and never busy for more than a third of the time: whoever clicks
comes first. Whatever it finds is kept under the state of the store that it read, like any answer. When no answer is
old it reads the health of accounts of which something changed, some at a time.
"""

from __future__ import annotations

import logging
import threading
import time

from core import audit, clock, db, health_renewal
from core.auth import OPERATOR
from core.errors import UtamaError
from pages.ui import answers

RECENT = 300.0  # seconds for which an answer that nobody asks for again is kept up to date
PAUSE = 2.0  # seconds between two looks
_REST = 2.0  # as many times as long as an answer took

log = logging.getLogger(__name__)


def start() -> threading.Event:
    """Begin; set the event to end it."""
    end = threading.Event()
    threading.Thread(target=_renew, args=(end,), name="renewal", daemon=True).start()
    return end


def _renew(end: threading.Event) -> None:
    rest, health = PAUSE, _Health()
    while not end.wait(rest):
        rest = PAUSE
        try:
            took = answers.renew(time.monotonic() - RECENT) or health.read()
        except UtamaError as error:  # what was looked at is gone, or no longer theirs to see
            log.info("An answer is not found again: %s", error.message)
        except Exception:  # a question that fails is answered with its error when somebody asks it
            log.exception("An answer could not be found again")
        else:
            rest = took * _REST if took else PAUSE


class _Health:
    """Reads the health of accounts, and looks for more to read only once the store or the day is another."""

    def __init__(self) -> None:
        self._whole: object = None  # state and day at which nothing was left to read

    def read(self) -> float:
        """Read some accounts of which something changed; returns how many seconds it took, zero with nothing left."""
        started = time.monotonic()
        with db.read() as session:
            seen = audit.state(session, frozenset()), clock.today()
            if seen == self._whole:
                return 0.0
            batch = health_renewal.read(session, OPERATOR)
        if batch is None:
            self._whole = seen
            return 0.0
        with db.write() as session:
            health_renewal.keep(session, OPERATOR, batch)
        return time.monotonic() - started
