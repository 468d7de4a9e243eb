"""A path comes in and a package of raw tables goes out, or the other way round; nothing here knows what a study is."""

from __future__ import annotations

from .reading import read_package
from .writing import write_package

__all__ = ["read_package", "write_package"]
