"""A project of a coding program (REFI-QDA) comes in; a study's raw tables go out, with what was made of what."""

from __future__ import annotations

from .study import read_qdpx

__all__ = ["read_qdpx"]
