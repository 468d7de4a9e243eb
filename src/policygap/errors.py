"""What went wrong comes in as facts; errors whose text says where, what and how to mend it go out."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

__all__ = ["DecisionTableError", "PolicyGapError", "Problem", "StudyError", "UsageError", "missing_extra", "printable"]


@frozen(kw_only=True, order=False)
class Problem:
    """One thing that is wrong, as data.

    Parameters
    ----------
    file
        The file, sheet or argument it stands in; ``None`` where there is none.
    row
        The row as a spreadsheet numbers it (the header is row 1), or ``None``.
    column
        The column's name, or ``None``.
    what
        What is wrong, in one sentence without a full stop.
    fix
        What to do about it, in one sentence without a full stop.

    Examples
    --------
    >>> str(Problem(file="codings.csv", row=7, column="code", what="no code has the id 'X'", fix="write 'x'"))
    "codings.csv, row 7, column code: no code has the id 'X'; write 'x'"
    """

    file: str | None = None
    row: int | None = None
    column: str | None = None
    what: str
    fix: str = ""

    @property
    def where(self) -> str:
        """The place in words, such as ``codings.csv, row 7, column code``."""
        parts = [self.file] if self.file else []
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        return ", ".join(parts)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return printable(f"{text}; {self.fix}" if self.fix else text)


class PolicyGapError(Exception):
    """Every error of this library; ``problems`` holds all that was found, never the first alone.

    Examples
    --------
    >>> error = PolicyGapError([Problem(what="first"), Problem(what="second")])
    >>> print(error)
    first
    second
    >>> len(error.problems)
    2
    """

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        found = (Problem(what=problems),) if isinstance(problems, str) else tuple(problems)
        self.problems: tuple[Problem, ...] = found
        super().__init__("\n".join(str(problem) for problem in found))


class StudyError(PolicyGapError):
    """The study itself has problems: its files, tables, ids or words."""


class UsageError(PolicyGapError):
    """An argument was wrong: an unknown option, unit, code or path."""


class DecisionTableError(PolicyGapError):
    """A decision table is incomplete or ambiguous; the problems name the combinations."""


def missing_extra(doing: str, extra: str, *, otherwise: str = "") -> UsageError:
    """The error for a library that is not installed.

    Parameters
    ----------
    doing
        What needs it, such as ``reading workbooks``.
    extra
        The extra that brings it.
    otherwise
        What can be done without it.

    Examples
    --------
    >>> print(missing_extra("reading workbooks", "excel", otherwise="save the sheets as CSV"))
    reading workbooks needs the extra excel; run: pip install 'policygap[excel]', or save the sheets as CSV
    """
    fix = f"run: pip install 'policygap[{extra}]'" + (f", or {otherwise}" if otherwise else "")
    return UsageError([Problem(what=f"{doing} needs the extra {extra}", fix=fix)])


def printable(text: str) -> str:
    r"""Text of strangers without control characters, fit for a terminal or a log line.

    Examples
    --------
    >>> printable("red\x1b[31m and\nnew line")
    'red\\x1b[31m and\\nnew line'
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
