"""Answers that are made of others, and answers that are made account by account.

Whoever keeps answers (`pages/ui/answers.py`) keeps such parts by themselves: after a change only those parts are found
again that it can move, and of what stands account by account only the accounts that it touched. Without a keeper a
part is simply asked.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Concatenate, ParamSpec, TypeVar

from core.auth import Actor

Question = ParamSpec("Question")
Answer = TypeVar("Answer")
Reading = TypeVar("Reading", bound=Callable[..., Any])
Join = Callable[
    [Any, Any, frozenset[int]], Any
]  # the old answer, the new one of these accounts, and their ids

_keeper: ContextVar[Callable[..., Any] | None] = ContextVar("keeper", default=None)
_joins: dict[Callable[..., Any], Join | None] = {}
_large: set[Callable[..., Any]] = set()


def ask(
    session: Any,
    actor: Actor,
    function: Callable[Concatenate[Any, Actor, Question], Answer],
    *arguments: Question.args,
    **named: Question.kwargs,
) -> Answer:
    """Ask a function of core for a part of an answer; it may be shared with others, so it must not be changed."""
    keeper = _keeper.get()
    if keeper is None:
        return function(session, actor, *arguments, **named)
    return keeper(function, *arguments, **named)  # type: ignore[no-any-return]


@contextmanager
def kept_by(keeper: Callable[..., Any] | None) -> Iterator[None]:
    """Parts asked for inside are asked of the keeper, for the session and actor that it was made for."""
    mark = _keeper.set(keeper)
    try:
        yield
    finally:
        _keeper.reset(mark)


def by_account(join: Join, *, is_large: bool = False) -> Callable[[Reading], Reading]:
    """Says of a function with a filter `accounts`: what it answers of an account depends on no other account.

    `join` puts the new answer of some accounts into the old one of all, so that it is what asking for all would give.
    Of large answers, tens of megabytes each, only few are kept.
    """

    def mark(function: Reading) -> Reading:
        _joins[function] = join
        if is_large:
            _large.add(function)
        return function

    return mark


def of_its_accounts(function: Reading) -> Reading:
    """Says of a function with a filter `accounts`: where that names accounts, no other account moves its answer."""
    _joins[function] = None
    return function


def stands_by_account(function: Callable[..., Any]) -> bool:
    """Whether `by_account` or `of_its_accounts` was said of the function."""
    return function in _joins


def join_of(function: Callable[..., Any]) -> Join | None:
    """What `by_account` was given for the function; None without it."""
    return _joins.get(function)


def is_large(function: Callable[..., Any]) -> bool:
    return function in _large


def bound(function: Callable[..., Any], *arguments: Any, **named: Any) -> inspect.BoundArguments:
    """The question's arguments behind session and actor, the same however it is written."""
    found = _signature(function).bind(None, None, *arguments, **named)
    found.apply_defaults()
    return found


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def narrowed(asked: inspect.BoundArguments, account_ids: frozenset[int]) -> inspect.BoundArguments | None:
    """The same question about these accounts alone; None where it is about none of them."""
    accounts = asked.arguments["accounts"].only(account_ids)
    if accounts is None:
        return None
    found = inspect.BoundArguments(asked.signature, OrderedDict(asked.arguments))
    found.arguments["accounts"] = accounts
    return found


def joined_rows(old: tuple[Any, ...], new: tuple[Any, ...], account_ids: frozenset[int]) -> tuple[Any, ...]:
    """Rows with an `account_id`, in no order."""
    return (*(row for row in old if row.account_id not in account_ids), *new)


def joined_sums(
    old: dict[tuple[Any, ...], Any], new: dict[tuple[Any, ...], Any], account_ids: frozenset[int]
) -> dict[tuple[Any, ...], Any]:
    """What is keyed by account and more."""
    return {key: one for key, one in old.items() if key[0] not in account_ids} | new


def joined_by_id(old: dict[int, Any], new: dict[int, Any], account_ids: frozenset[int]) -> dict[int, Any]:
    """What is keyed by account alone."""
    return {key: one for key, one in old.items() if key not in account_ids} | new
