"""Nonsense in the environment stops the start with one sentence."""

import pytest

from core import config
from core.errors import Unavailable


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("UTAMA_PRT", "8501", "There is no setting UTAMA_PRT; did you mean UTAMA_PORT?"),
        ("UTAMA_XYZZY", "1", "There is no setting UTAMA_XYZZY; remove the variable."),
        ("UTAMA_PORT", "eighty", "The environment variable UTAMA_PORT cannot be used"),
        ("UTAMA_PORT", "70000", "a port is a number from 1 to 65535"),
        ("UTAMA_DATABASE_URL", "mysql://host/db", "only sqlite and postgresql are supported"),
        ("UTAMA_DATABASE_URL", "nonsense", "it is not a database address"),
        ("UTAMA_PUBLIC_URL", "utama.example.com", "give the address as people type it"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch, name, value, sentence):
    monkeypatch.setenv(name, value)
    config.load.cache_clear()

    with pytest.raises(Unavailable) as caught:
        config.load()

    assert sentence in caught.value.message


def test_a_plain_postgresql_address_uses_the_installed_driver(monkeypatch):
    monkeypatch.setenv("UTAMA_DATABASE_URL", "postgres://u:p@host/db".replace("postgres:", "postgresql:"))
    config.load.cache_clear()

    assert config.load().store_url == "postgresql+psycopg://u:p@host/db"


def test_without_an_address_the_store_is_a_file_in_the_data_folder(monkeypatch, tmp_path):
    loaded = config.load()

    assert loaded.store_url == f"sqlite:///{tmp_path / 'utama.db'}"
    assert loaded.is_default_store
