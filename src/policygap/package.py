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
    """

    file: str
    frame: pd.DataFrame
    rows: Any = None
    header: int = 1

    def row(self, position: int) -> int:
        """The number in the file of the frame's row at ``position``."""
        return position + 2 if self.rows is None else int(self.rows[position])


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
