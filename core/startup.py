"""What must hold before Utama serves: settings, secrets, folders, the port, and the store."""

from __future__ import annotations

import gc
import os
import secrets
import socket
import sys
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from core import config, db
from core.errors import Unavailable
from core.language import _

_PYTHONS = ((3, 11), (3, 13))
_SHORTEST_SECRET = 32
_WELL_KNOWN = ("some_key", "changeme", "change-me", "secret", "password", "example", "default", "0123456789")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  (to recognise them)

# Options that open the program to others when the environment sets them; config.toml does not name these.
_NEVER = (
    "GLOBAL_DEVELOPMENT_MODE",
    "SERVER_TRUSTED_USER_HEADERS",
    "SERVER_COOKIE_SECRET",
    "SERVER_BASE_URL_PATH",
)


def check() -> None:
    """Raise Unavailable with one sentence for the first thing that stands in the way."""
    check_python(sys.version_info[:2])
    config.load()
    check_environment(dict(os.environ))
    check_folder(config.load().data_dir)
    secret()
    check_store()


def check_python(version: tuple[int, int]) -> None:
    if not _PYTHONS[0] <= version <= _PYTHONS[1]:
        raise Unavailable(
            _(
                "Utama runs on Python 3.11 to 3.13, not on {version}. Install one of these and run it again."
            ).format(version=".".join(map(str, version)))
        )


def check_environment(environment: dict[str, str]) -> None:
    """Refuse variables of Streamlit that would undo a protective setting of `.streamlit/config.toml`."""
    settings = tomllib.loads((config.ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    fixed = {
        f"STREAMLIT_{section.upper()}_{_shouting(option)}": value
        for section in ("server", "client", "browser", "runner")
        for option, value in settings.get(section, {}).items()
    }
    for name in sorted(environment):
        set_to = environment[name].strip().lower()
        stray = name in fixed and set_to != str(fixed[name]).lower()
        if stray or name in {f"STREAMLIT_{option}" for option in _NEVER}:
            raise Unavailable(
                _(
                    "The environment variable {name} would override a protective setting. Remove it; "
                    "UTAMA_HOST, UTAMA_PORT and UTAMA_PUBLIC_URL say where Utama serves."
                ).format(name=name)
            )


def _shouting(option: str) -> str:
    """`enableCORS` as the environment writes it: `ENABLE_CORS`."""
    pieces = []
    for place, sign in enumerate(option):
        if sign.isupper() and place and not option[place - 1].isupper():
            pieces.append("_")
        pieces.append(sign.upper())
    return "".join(pieces)


def check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Unavailable(
            _(
                "The folder {folder} cannot be written ({reason}). Allow it, or choose another with UTAMA_DATA_DIR."
            ).format(folder=folder, reason=error.strerror or error)
        ) from error


def check_port(host: str, port: int) -> None:
    """Refuse a port that another program listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(
                _(
                    "Port {port} on {host} cannot be used ({reason}). Stop the other program, "
                    "or choose another port with UTAMA_PORT."
                ).format(port=port, host=host, reason=error.strerror or error)
            ) from error


def spare_collector() -> None:
    """Keep what stands out of every later garbage collection, and look less often through what is kept.

    Kept answers are millions of objects without a cycle: to look through them often costs a third of each answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def check_store() -> None:
    """Refuse a store that does not answer."""
    with db.read() as session:
        db.ping(session)


@cache
def secret() -> str:
    """What signs Streamlit's own cookies: UTAMA_SECRET, or one made at the first start."""
    given = config.load().secret
    if given:
        if len(given) < _SHORTEST_SECRET or any(word in given.lower() for word in _WELL_KNOWN):
            raise Unavailable(
                _(
                    "UTAMA_SECRET is too weak: give at least {count} random characters, "
                    "or remove it and Utama makes its own."
                ).format(count=_SHORTEST_SECRET)
            )
        return given
    return _kept(config.load().data_dir / "secrets" / "cookie")


def _kept(path: Path) -> str:
    try:
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48))
        path.chmod(0o600)
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unavailable(
            _(
                "The secret in {path} cannot be read or written ({reason}). Correct the folder's permissions."
            ).format(path=path, reason=error.strerror or error)
        ) from error


def write_private(path: Path, content: str) -> None:
    """Write a file that only this user reads, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    fresh.replace(path)


def demo_sign_ins() -> Path:
    """Where the demo's pass-phrases are kept, for this user only."""
    return config.load().data_dir / "secrets" / "demo-sign-ins.txt"


def allowed_hosts() -> list[str]:
    """The host names that browsers may use for this program."""
    settings = config.load()
    hosts = list(_LOOPBACK[:2])
    public = urlsplit(settings.public_url).hostname
    for host in (settings.host, public):
        if host and host not in _EVERYWHERE and host not in hosts:
            hosts.append(host)
    return hosts


def address() -> str:
    """Where people find this program."""
    settings = config.load()
    if settings.public_url:
        return settings.public_url
    host = "localhost" if settings.host in (*_LOOPBACK, *_EVERYWHERE) else settings.host
    return f"http://{host}:{settings.port}"
