"""Passwords and one-time codes: rules, hashes, and checks that take the same time for everybody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import unicodedata
from functools import cache

import bcrypt

from core import config
from core.language import _

SHORTEST, LONGEST = 12, 128
_CODE_SIGNS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none that can be read as another
_CODE_LENGTH = 12
# Two at a time: a flood of sign-ins must not take the processor from everybody else.
_checking = threading.BoundedSemaphore(2)


def rounds() -> int:
    """How hard a hash is to compute: 2 to this power; about a quarter of a second."""
    return 12


def problem(password: str, *, username: str = "") -> str | None:
    """Why this cannot be a password, as a sentence; None where it can."""
    if len(password) < SHORTEST:
        return _("Choose at least {count} characters; a few words in a row do well.").format(count=SHORTEST)
    if len(password) > LONGEST:
        return _("Choose at most {count} characters.").format(count=LONGEST)
    if _is_common(password):
        return _("This password is on every list of known ones. Choose another.")
    if username and username.lower() in password.lower() and len(password) < len(username) + 8:
        return _("A password must not be your user name with little added.")
    return None


def hashed(password: str) -> str:
    """The hash that the store keeps."""
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(rounds())).decode()


def fits(password: str, stored: str | None) -> bool:
    """Whether this is the password; without a stored hash the answer takes as long, and is no."""
    with _checking:
        same = bcrypt.checkpw(_digest(password), (stored or _dummy(rounds())).encode())
    return same and stored is not None


def new_code() -> str:
    """A one-time code to be read out or typed: three groups of four signs."""
    signs = "".join(secrets.choice(_CODE_SIGNS) for _place in range(_CODE_LENGTH))
    return "-".join(signs[start : start + 4] for start in range(0, _CODE_LENGTH, 4))


def code_hash(code: str) -> str:
    """A code has 58 random bits and a short life: a plain digest is enough."""
    return hashlib.sha256(_bare(code).encode()).hexdigest()


def code_fits(typed: str, stored: str | None) -> bool:
    return stored is not None and hmac.compare_digest(code_hash(typed), stored)


def _bare(code: str) -> str:
    return "".join(sign for sign in code.upper() if sign.isalnum())


def _digest(password: str) -> bytes:
    # bcrypt reads 72 bytes and stops at a zero byte; the digest of a long password has neither trouble.
    # One password typed on two systems may differ in how letters with marks are composed.
    composed = unicodedata.normalize("NFC", password)
    return base64.b64encode(hashlib.sha384(composed.encode()).digest())


@cache
def _dummy(cost: int) -> str:
    return bcrypt.hashpw(b"nobody", bcrypt.gensalt(cost)).decode()


def _is_common(password: str) -> bool:
    lowered = password.lower()
    return (
        lowered in common()
        or lowered.rstrip("0123456789!.?@#$*-_") in common()
        or len(set(lowered)) <= 3
        or _repeats(lowered)
    )


def _repeats(text: str) -> bool:
    """Whether the whole is a common word or a short piece said again and again."""
    for size in range(1, len(text) // 2 + 1):
        piece = text[:size]
        if (piece * (len(text) // size + 1))[: len(text)] == text:
            return size <= 4 or piece in common()
    return False


@cache
def common() -> frozenset[str]:
    """Passwords that attackers try first, in lower case."""
    text = (config.DATA / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
