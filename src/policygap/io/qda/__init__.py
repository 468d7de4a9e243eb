"""A project or a codebook of a coding program (REFI-QDA) comes in and a study's raw tables go out, or the other way."""

from __future__ import annotations

from .study import read_qdc, read_qdpx
from .writing import write_qdc, write_qdpx

__all__ = ["read_qdc", "read_qdpx", "write_qdc", "write_qdpx"]
