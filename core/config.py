"""What the environment says: UTAMA_* variables, checked at start with a sentence for each mistake."""

from __future__ import annotations

import difflib
import os
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from core.errors import Unavailable
from core.language import _

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"

# Variables of the tests and of the Makefile; the application itself does not read them.
_FOREIGN = {"UTAMA_TEST_DATABASE_URL", "UTAMA_CHROMIUM", "UTAMA_SHARED_DATA"}


class Config(BaseSettings):
    """One field a variable; the name is the variable's without UTAMA_."""

    model_config = SettingsConfigDict(env_prefix="UTAMA_", extra="ignore")

    database_url: str = ""
    data_dir: Path = DATA
    port: int = 8501
    host: str = "127.0.0.1"
    public_url: str = ""
    secret: str = ""

    @field_validator("port")
    @classmethod
    def _port_in_range(cls, port: int) -> int:
        if not 1 <= port <= 65535:
            raise ValueError(_("a port is a number from 1 to 65535"))
        return port

    @field_validator("public_url")
    @classmethod
    def _url_is_web(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError(_("give the address as people type it, such as https://utama.example.com"))
        return url.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _url_is_known(cls, url: str) -> str:
        if not url:
            return url
        try:
            backend = make_url(url).get_backend_name()
        except ArgumentError:
            raise ValueError(_("it is not a database address")) from None
        if backend not in ("sqlite", "postgresql"):
            raise ValueError(_("only sqlite and postgresql are supported"))
        return url

    @property
    def store_url(self) -> str:
        """The database address in force; the default is the SQLite file in the data folder."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'utama.db'}"
        url = make_url(self.database_url)
        if url.get_backend_name() == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)

    @property
    def is_default_store(self) -> bool:
        """Whether nobody named a store: only then may the demo company be loaded by itself."""
        return not self.database_url


@cache
def load() -> Config:
    """The configuration of this process; raises Unavailable with one sentence for the first mistake."""
    known = {f"UTAMA_{name.upper()}" for name in Config.model_fields} | _FOREIGN
    for name in sorted(os.environ):
        if name.startswith("UTAMA_") and name not in known:
            raise Unavailable(_stray(name, known))
    try:
        return Config()
    except ValidationError as error:
        mistake = error.errors()[0]
        reason = str(mistake["msg"]).removeprefix("Value error, ")
        raise Unavailable(
            _("The environment variable {name} cannot be used: {reason}. Correct or remove it.").format(
                name=f"UTAMA_{str(mistake['loc'][0]).upper()}", reason=reason
            )
        ) from None


def _stray(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return _("There is no setting {name}; did you mean {close}? Rename or remove the variable.").format(
            name=name, close=close[0]
        )
    return _("There is no setting {name}; remove the variable. Known: {known}.").format(
        name=name, known=", ".join(sorted(known - _FOREIGN))
    )
