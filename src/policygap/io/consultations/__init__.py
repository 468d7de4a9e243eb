"""What a tool for consultations or evidence reviews has coded comes in; a study's raw tables go out."""

from __future__ import annotations

from .eppi import looks_like_eppi, read_eppi
from .themefinder import holds_themefinder, looks_like_themefinder, read_themefinder

__all__ = ["holds_themefinder", "looks_like_eppi", "looks_like_themefinder", "read_eppi", "read_themefinder"]
