"""A function and pieces come in; what it makes of each goes out in the pieces' order, made by several workers."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from ..errors import Problem, UsageError

__all__ = ["count_cores", "work_in_processes", "work_in_threads"]

_MOST = 61  # processes that a pool can have on every system
_AHEAD = 2  # pieces that wait beyond those that are worked on


def _as_it_is(piece: Any) -> Any:
    return piece


def _wake(function: Callable[[Any], Any]) -> None:
    """Import all that a function needs, which reading it in the other process does."""


def count_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_in_threads(
    function: Callable[[Any], Any], pieces: Iterable[tuple[str, Any]], *, workers: int
) -> Iterator[Any]:
    """As :func:`work_in_processes`, in threads of this process: for functions that mostly leave Python alone."""
    pool = ThreadPoolExecutor(workers)
    waiting: deque[tuple[str, Future[Any]]] = deque()
    try:
        for place, piece in pieces:
            waiting.append((place, pool.submit(function, piece)))
            if len(waiting) == workers + _AHEAD:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def work_in_processes(
    function: Callable[[Any], Any],
    pieces: Iterable[tuple[str, Any]],
    *,
    workers: int,
    pack: Callable[[Any], Any] = _as_it_is,
) -> Iterator[Any]:
    """Call a function with each of some pieces, in processes of their own.

    Until the first of them is ready the work is done here, so that what is soon done does not wait for them.

    Parameters
    ----------
    function
        What can be pickled.
    pieces
        For each where it comes from, for messages; and what is given to the function. Few are read ahead.
    workers
        How many processes.
    pack
        What makes a piece fit to be sent.

    Yields
    ------
    object
        What the function gave, in the pieces' order.

    Raises
    ------
    UsageError
        Where a process ends, or its memory does not suffice; the pieces that it may have been at are named.
    """
    # Started anew, not forked: libraries that have threads can't be forked, and some systems fork nothing.
    pool = ProcessPoolExecutor(min(workers, _MOST), mp_context=get_context("spawn"))
    waiting: deque[tuple[str, Future[Any]]] = deque()
    try:
        awake = [pool.submit(_wake, function) for _ in range(workers)]
        for place, piece in pieces:
            if not _is_awake(awake):
                yield function(piece)
                continue
            try:
                waiting.append((place, pool.submit(function, pack(piece))))
            except BrokenProcessPool:
                raise _ended([*_unfinished(waiting), place]) from None
            if len(waiting) == workers + _AHEAD:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _is_awake(awake: Iterable[Future[Any]]) -> bool:
    return any(one.done() for one in awake)


def _next(waiting: deque[tuple[str, Future[Any]]]) -> Any:
    place, future = waiting[0]
    try:
        found = future.result()
    except BrokenProcessPool:
        raise _ended(_unfinished(waiting)) from None
    except MemoryError:
        what = "there is too little memory for its texts"
        raise UsageError([Problem(file=place, what=what, fix="use fewer workers, or shorter parts")]) from None
    waiting.popleft()
    return found


def _unfinished(waiting: Iterable[tuple[str, Future[Any]]]) -> list[str]:
    return [place for place, future in waiting if not future.done() or future.exception() is not None]


def _ended(places: list[str]) -> UsageError:
    what = "a worker process ended before it was done with this, and nothing is written"
    fix = (
        "if memory ran out, use fewer workers; if this is a script, call it below if __name__ == '__main__':; "
        "then run it again"
    )
    return UsageError([Problem(file=place, what=what, fix=fix) for place in dict.fromkeys(places)])
