"""Somebody who uses Utama over its websocket, as a browser does but without drawing; and the server they use."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from core import config
from tests.bench.stores import FOLDER, Store

_TOKENS = """
import sys
from sqlalchemy import select
from core import db, sessions
from core.models import User
with db.write() as session:
    for name in sys.argv[1:]:
        user = session.scalars(select(User).where(User.username == name)).one()
        print(sessions.claim(session, sessions._ticket(session, user), device="bench"))
"""


@dataclass(frozen=True)
class Server:
    port: int
    process_id: int

    def counted(self, *, forget: bool = False) -> dict[str, float]:
        """What the server counted since the last time it was asked; it can forget what it answered, too."""
        path = "/bench/forget" if forget else "/bench"
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            found: dict[str, float] = json.load(answer)
        return found

    def megabytes(self) -> float:
        """Memory that is really in use."""
        status = Path(f"/proc/{self.process_id}/status")
        if not status.exists():
            return float("nan")
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


@contextmanager
def served(store: Store, *, constants: bool = False) -> Iterator[Server]:
    """The measured server on a free port, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.server", str(port)]
    with (FOLDER / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--constants"] if constants else command,
            env=store.environment(),
            cwd=config.ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(port, process)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _attempt in range(240):
        if process.poll() is not None:
            raise RuntimeError(f"The measured server ended: see {FOLDER / 'server.log'}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("The measured server did not answer within a minute.")


def tokens(store: Store, *usernames: str) -> list[str]:
    """A signed-in session for each of these people, and what its cookie would hold."""
    command = [sys.executable, "-c", _TOKENS, *usernames]
    done = subprocess.run(
        command, check=True, env=store.environment(), cwd=config.ROOT, capture_output=True, text=True
    )
    return done.stdout.split()


class Visitor:
    """One browser tab without a browser: asks for a page, and clicks on it."""

    def __init__(self, port: int, token: str) -> None:
        self._address = f"ws://127.0.0.1:{port}/_stcore/stream"
        self._cookie = f"utama={token}"
        self._page = ""
        self._hash = ""
        self._socket: ClientConnection

    async def __aenter__(self) -> Self:
        self._socket = await connect(
            self._address,
            subprotocols=[Subprotocol("streamlit")],
            additional_headers={"Cookie": self._cookie},
            max_size=None,
            compression=None,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()

    async def open(self, page: str, query: str = "") -> Run:
        """Go to a page by its address."""
        self._page, self._hash = page, ""
        return await self.click(query)

    async def click(self, query: str = "") -> Run:
        """Run the page again, as a click does; how long it took and what came back."""
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_name = "" if self._hash else self._page
        asked.rerun_script.page_script_hash = self._hash
        asked.rerun_script.context_info.timezone = "Asia/Kuala_Lumpur"
        asked.rerun_script.context_info.locale = "en-GB"
        asked.rerun_script.context_info.color_scheme = "light"
        started = time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        run = Run()
        while True:
            received = await self._socket.recv()
            assert isinstance(received, bytes)
            message = ForwardMsg.FromString(received)
            run.take(message, len(received))
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self._hash = message.navigation.page_script_hash
            if kind == "script_finished" and message.script_finished in _ENDS:
                run.seconds = time.perf_counter() - started
                return run


_ENDS = (
    ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY,
    ForwardMsg.ScriptFinishedStatus.FINISHED_WITH_COMPILE_ERROR,
)


class Run:
    """What one run of a page sent."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.elements = 0
        self.bytes = 0
        self.exceptions: list[str] = []

    def take(self, message: ForwardMsg, size: int) -> None:
        self.bytes += size
        if message.WhichOneof("type") == "delta":
            self.elements += 1
            element = message.delta.new_element
            if element.WhichOneof("type") == "exception":
                self.exceptions.append(element.exception.message)
