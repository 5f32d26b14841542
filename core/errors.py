"""The errors whose text is a sentence for the person who asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class UtamaError(Exception):
    """A request that cannot be met; its text says what is wrong and what to do.

    `fields` names what is wrong field by field, so that a form can show it where it was typed.
    """

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})

    def spelled_out(self) -> str:
        """The sentence and, below it, each field with what is wrong there: for those who see no form."""
        fields = [f"  {field}: {text}" for field, text in self.fields.items()]
        if len(fields) == 1 and self.message in self.fields.values():
            return fields[0].strip()
        return "\n".join([self.message, *fields])


class NotFound(UtamaError):
    """There is no such thing, or the actor may not see it: nobody learns which."""


class Forbidden(UtamaError):
    """The actor may not do this at all."""


class Invalid(UtamaError):
    """What was typed, or a file's content, breaks a rule."""


class Conflict(UtamaError):
    """Somebody else changed it meanwhile, or it is not in a state for this.

    `current` holds the stored values of the fields that differ, for showing both versions; `version` names the
    stored state, so that saving again decides for what was typed.
    """

    def __init__(
        self,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        current: Mapping[str, Any] | None = None,
        version: Any = None,
    ) -> None:
        super().__init__(message, fields=fields)
        self.current = dict(current or {})
        self.version = version


class AlreadyDone(UtamaError):
    """The same form was already saved: a second click, or a repeated request."""


class Unavailable(UtamaError):
    """The store, a file or a setting stands in the way of starting or answering."""
