"""The rows of a crosswalk come in; a sentence for each thing that stands twice or contradicts another goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from ..codebook import Row

__all__ = ["Columns", "Unmapped", "find_contradictions", "find_repeats", "shown"]

_SHOWN: Final = 5

Columns = Mapping[str, str | None]
Frameworks = tuple[Mapping[str, Collection[str]], Mapping[str, Collection[str]]]  # of themes, of targets


@frozen
class Unmapped:
    """A theme, or a target, that was compared with the other side and fits nothing there.

    ``among`` is the framework it was compared with (``None``: all of the file), ``sought`` the relation that was looked
    for (``None``: any).
    """

    name: str
    columns: Columns
    among: str | None = None
    sought: str | None = None


def shown(names: Collection[str]) -> str:
    """How many names there are, and the first of them.

    Examples
    --------
    >>> shown(["b", "a"])
    '(2): a, b'
    """
    ordered = sorted(set(names))
    return f"({len(ordered)}): {', '.join(ordered[:_SHOWN])}" + (" …" if len(ordered) > _SHOWN else "")


def find_repeats(rows: Sequence[Row]) -> list[str]:
    """Pairs with several relations, and rows that are alike in every column."""
    remarks: list[str] = []
    relations: dict[tuple[str | None, str | None], set[str | None]] = {}
    for row in rows:
        if row["relation"] != "none":
            relations.setdefault((row["theme"], row["target"]), set()).add(row["relation"])
    several = [f"{theme} – {target}" for (theme, target), said in relations.items() if len(said) > 1]
    if several:
        remarks.append(f"Pairs with more than one relation {shown(several)}. All are kept.")
    counts = Counter(tuple(sorted((key, text) for key, text in row.items() if text)) for row in rows)
    twice = sum(count - 1 for count in counts.values())
    if twice:
        remarks.append(f"Rows that repeat another in every column: {twice}. All are kept.")
    return remarks


def find_contradictions(
    rows: Sequence[Row], unmapped: tuple[Iterable[Unmapped], Iterable[Unmapped]], frameworks: Frameworks
) -> list[str]:
    """What is mapped and also marked as none.

    Parameters
    ----------
    rows
        The pairs.
    unmapped
        The themes and the targets that fit nothing. A theme that fits nothing in one framework may well fit something
        in another, and what was not found by one relation may be there by another; neither is a contradiction.
    frameworks
        In which frameworks each theme and each target stands.
    """
    related = [row for row in rows if row["relation"] != "none"]
    pairs = {(row["theme"], row["target"]) for row in related}
    nones = {(row["theme"], row["target"]) for row in rows if row["relation"] == "none"}
    found = {"pairs are both mapped and marked as none": [f"{theme} – {target}" for theme, target in pairs & nones]}
    other: list[str] = []
    for (mine, yours), alone, theirs in zip(
        (("theme", "target"), ("target", "theme")), unmapped, reversed(frameworks), strict=True
    ):
        mapped: dict[str, list[Row]] = {}
        for row in related:
            mapped.setdefault(str(row[mine]), []).append(row)
        what = f"{mine}s are mapped and also marked as fitting no {yours}"
        for one in alone:
            within = [
                row
                for row in mapped.get(one.name, ())
                if one.among is None or one.among in theirs.get(str(row[yours]), (one.among,))
            ]
            if any(one.sought in (None, row["relation"]) for row in within):
                found.setdefault(what, []).append(one.name)
            elif within:
                other.append(one.name)
    remarks = [f"Contradiction: {what} {shown(names)}." for what, names in found.items() if names]
    if other:
        what = "marked as fitting nothing by one relation, and mapped by another"
        remarks.append(f"Possible contradiction: {what} {shown(other)}. What was found stands.")
    return remarks
