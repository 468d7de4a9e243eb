"""A function and pieces come in; what it makes of each goes out in the pieces' order, made by several processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from ..errors import Problem, UsageError

__all__ = ["work_in_order"]

_AHEAD = 2  # pieces that wait beyond those that are worked on


def work_in_order(
    function: Callable[[Any], Any], pieces: Iterable[tuple[str, Any]], *, workers: int
) -> Iterator[tuple[str, Any]]:
    """Call a function with each of some pieces, in processes of their own.

    Parameters
    ----------
    function
        What can be pickled.
    pieces
        For each where it comes from, for messages; and what is given to the function. Few are read ahead.
    workers
        How many processes.

    Yields
    ------
    str, object
        Where the piece comes from, and what the function gave.

    Raises
    ------
    UsageError
        Where a process ends, or its memory does not suffice; the pieces that it may have been at are named.
    """
    # Started anew, not forked: libraries that have threads can't be forked, and some systems fork nothing.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    waiting: deque[tuple[str, Future[Any]]] = deque()
    try:
        for place, piece in pieces:
            try:
                waiting.append((place, pool.submit(function, piece)))
            except BrokenProcessPool:
                raise _ended([*_unfinished(waiting), place]) from None
            if len(waiting) == workers + _AHEAD:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: deque[tuple[str, Future[Any]]]) -> tuple[str, Any]:
    place, future = waiting[0]
    try:
        found = future.result()
    except BrokenProcessPool:
        raise _ended(_unfinished(waiting)) from None
    except MemoryError:
        what = "there is too little memory for its texts"
        raise UsageError([Problem(file=place, what=what, fix="use fewer workers, or shorter parts")]) from None
    waiting.popleft()
    return place, found


def _unfinished(waiting: Iterable[tuple[str, Future[Any]]]) -> list[str]:
    return [place for place, future in waiting if not future.done() or future.exception() is not None]


def _ended(places: list[str]) -> UsageError:
    what = "a worker process ended before it was done with this, and nothing is written"
    fix = (
        "if memory ran out, use fewer workers; if this is a script, call it below if __name__ == '__main__':; "
        "then run it again"
    )
    return UsageError([Problem(file=place, what=what, fix=fix) for place in dict.fromkeys(places)])
