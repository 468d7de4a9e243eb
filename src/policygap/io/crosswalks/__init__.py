"""A file that maps one framework to another comes in and a study of links goes out, or the other way round."""

from __future__ import annotations

from .explorer import looks_like_explorer, read_explorer, write_explorer
from .mappingset import write_sssom
from .oscal import looks_like_oscal, read_oscal, write_oscal
from .sssom import looks_like_sssom, read_sssom
from .table import crosswalk_columns, read_table, write_table

__all__ = [
    "crosswalk_columns",
    "looks_like_explorer",
    "looks_like_oscal",
    "looks_like_sssom",
    "read_explorer",
    "read_oscal",
    "read_sssom",
    "read_table",
    "write_explorer",
    "write_oscal",
    "write_sssom",
    "write_table",
]
