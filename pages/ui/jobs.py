"""Long work beside the page: it goes on whatever the person clicks, and its progress can be looked at."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import streamlit as st

from core.errors import UtamaError
from core.importing import Progress
from core.language import _

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_GLANCE = 0.15  # seconds between two looks


class Job(Generic[Result]):
    """A piece of work in a thread of its own, which never calls Streamlit."""

    def __init__(self, work: Callable[[Progress], Result]) -> None:
        self.stage, self.done, self.total = "", 0, 0
        self.result: Result | None = None
        self.error: str | None = None
        # The language that sentences are written in belongs to the context of whoever asked.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run, work), daemon=True)
        self._thread.start()

    def is_running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _run(self, work: Callable[[Progress], Result]) -> None:
        try:
            self.result = work(self._note)
        except UtamaError as error:
            self.error = error.message
        except Exception:  # a bug must not leave the person before a bar that never ends
            log.exception("Work beside a page broke off")
            self.error = _(
                "Something went wrong here. Nothing was changed; tell your administrator the time."
            )

    def _note(self, stage: str, done: int, total: int) -> None:
        self.stage, self.done, self.total = stage, done, total


def watch(job: Job[Result]) -> None:
    """Show how far the work is until it ends; a click elsewhere leaves it running."""
    job.wait(_GLANCE)
    if not job.is_running():
        return
    bar = st.progress(0.0, text=_label(job))
    while job.is_running():
        bar.progress(_share(job), text=_label(job))
        time.sleep(_GLANCE)
    bar.empty()


def _share(job: Job[Result]) -> float:
    return min(max(job.done / job.total, 0.0), 1.0) if job.total else 0.0


def _label(job: Job[Result]) -> str:
    names = {
        "read": _("Reading the file"),
        "check": _("Checking the rows"),
        "compare": _("Comparing with what is there"),
        "book": _("Booking the rows"),
        "sum": _("Adding up"),
    }
    return names.get(job.stage, _("Working"))
