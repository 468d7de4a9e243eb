"""A list or column of any kind comes in; texts, as Python has them or as Arrow has them, go out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from ..errors import Problem, UsageError
from .arrow import to_arrow

__all__ = ["Texts", "read_texts"]

_SMALL = 2_000  # texts under which the way through Arrow does not pay


@frozen
class Texts:
    """A column of texts, some of which may be missing.

    Attributes
    ----------
    given
        A list of texts and ``None``, or an Arrow array of texts.
    """

    given: Any

    @property
    def is_arrow(self) -> bool:
        """Whether it is an Arrow array."""
        return not isinstance(self.given, list)

    def values(self) -> Iterator[str | None]:
        """The texts one by one, ``None`` where one is missing."""
        return iter(self.given) if isinstance(self.given, list) else (one.as_py() for one in self.given)

    def __len__(self) -> int:
        return len(self.given)


def read_texts(texts: Any) -> Texts:
    """Take texts from a list, or from a column of pandas, polars or Arrow.

    Raises
    ------
    UsageError
        Where it is no such thing, or holds something else than texts; the first such places are named.

    Examples
    --------
    >>> list(read_texts(("one", None)).values())
    ['one', None]
    """
    if isinstance(texts, Texts):
        return texts
    if isinstance(texts, str | bytes | Mapping) or hasattr(texts, "columns") or not isinstance(texts, Iterable):
        fix = "give a list of texts, or a column of pandas, polars or Arrow"
        raise UsageError([Problem(file="texts", what=f"a {type(texts).__name__} is no column of texts", fix=fix)])
    if isinstance(texts, tuple) or not hasattr(texts, "__len__"):
        texts = list(texts)
    arrow = None if isinstance(texts, list) and len(texts) < _SMALL else to_arrow(texts)
    if arrow is not None and len(arrow) >= _SMALL:
        return Texts(arrow)
    return Texts(_judged(list(texts) if arrow is None else arrow.to_pylist()))


def _judged(values: list[Any]) -> list[str | None]:
    strange = [place for place, value in enumerate(values) if not isinstance(value, str) and not _is_missing(value)]
    if strange:
        problems = [
            Problem(file=f"texts, place {place}", what=f"{values[place]!r} is no text", fix="make it a text, or None")
            for place in strange[:20]
        ]
        raise UsageError(problems)
    return [value if isinstance(value, str) else None for value in values]


def _is_missing(value: Any) -> bool:
    return value is None or bool(value != value)  # noqa: PLR0124  # NaN is not equal to itself
