"""How much of a file from a stranger is read."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from ..errors import Problem, StudyError

__all__ = ["Limits", "check_size"]


@frozen(kw_only=True)
class Limits:
    """How much of another program's file is read; beyond it there is an error, and nothing was read into memory.

    Attributes
    ----------
    bytes
        To how many bytes all members of an archive together may unpack.
    text
        How many bytes a file may have that is read whole, such as JSON; in memory it takes some ten times as many.
    members
        How many files an archive may hold.
    characters
        How many a project's selections may hold together; many that overlap can hold far more than its texts do.
    elements
        How many elements and attributes the XML of a project may have, end tags counted too.

    Examples
    --------
    >>> Limits(text=10_000_000).members
    50000
    """

    bytes: int = 1_000_000_000
    text: int = 250_000_000
    members: int = 50_000
    characters: int = 200_000_000
    elements: int = 6_000_000

    @classmethod
    def of_megabytes(cls, most: int) -> Limits:
        """Limits for somebody who trusts files of so many megabytes; what is in them may grow with it.

        Examples
        --------
        >>> Limits.of_megabytes(1).bytes, Limits.of_megabytes(1000).elements
        (1000000, 24000000)
        """
        usual = cls()
        return cls(
            bytes=most * 1_000_000,
            text=most * 1_000_000,
            characters=max(usual.characters, most * 200_000),
            elements=max(usual.elements, most * 24_000),
        )


def check_size(path: Path, limits: Limits) -> None:
    """Refuse a file that is to be read whole and is larger than the limits allow.

    Raises
    ------
    StudyError
        With its size.
    """
    size = path.stat().st_size
    if size > limits.text:
        what = f"it has {size / 1e6:,.0f} MB, more than the {limits.text / 1e6:,.0f} MB that are read"
        raise StudyError([Problem(file=path.name, what=what, fix="if you trust it, raise the limit")])
