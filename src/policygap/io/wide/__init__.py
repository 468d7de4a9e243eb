"""A wide table, one row a submission and one column a code, comes in and a study goes out, or the other way round."""

from __future__ import annotations

from .reading import holds_marks, looks_wide, read_wide, spread_sheet
from .writing import write_wide

__all__ = ["holds_marks", "looks_wide", "read_wide", "spread_sheet", "write_wide"]
