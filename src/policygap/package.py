"""A study's raw tables with their places come in from files; the same goes out to files. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from attrs import field, frozen

from .errors import Problem

__all__ = ["Package", "RawTable"]


@frozen(kw_only=True, eq=False)
class RawTable:
    """One table as it stands in a file: every cell text or missing, every row with its number there.

    Parameters
    ----------
    file
        The file's or sheet's name, for messages.
    frame
        Columns of text (``str`` or ``category`` dtype); an empty cell is missing (``NaN``), never ``""``.
    rows
        The row number, as a spreadsheet shows it, of each row of the frame, or ``None`` where row ``i`` of the
        frame is row ``i + 2`` of the file.
    header
        The number of the row with the columns' names.
    parts
        Where the table is several files, the name of each and how many rows it has: rows are counted in each of them.
    """

    file: str
    frame: pd.DataFrame
    rows: Any = None
    header: int = 1
    parts: tuple[tuple[str, int], ...] = ()

    def row(self, position: int) -> int:
        """The number in its file of the frame's row at ``position``."""
        return self.place(position)[1]

    def place(self, position: int) -> tuple[str, int]:
        """The file, and the number in it, of the frame's row at ``position``.

        Examples
        --------
        >>> table = RawTable(file="codings", frame=pd.DataFrame(), rows=range(1, 6), parts=(("a", 3), ("b", 2)))
        >>> table.place(1), table.place(3)
        (('a', 2), ('b', 1))
        """
        row = position + 2 if self.rows is None else int(self.rows[position])
        for name, count in self.parts:
            if row <= count:
                return name, row
            row -= count
        return self.file, row


@frozen(kw_only=True, eq=False)
class Package:
    """A study as files hold it: metadata, tables by name, and the problems and remarks met while reading them.

    ``meta`` holds ``id``, ``title``, ``languages`` (list), ``default_coder``, ``sampling`` and any key the study
    brought itself.
    """

    name: str
    meta: Mapping[str, Any] = field(factory=dict)
    tables: Mapping[str, RawTable] = field(factory=dict)
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()
