"""A study comes in; a report on the terminal and in files goes out."""

from .content import Content, gather_content
from .files import write_report
from .text import render_text

__all__ = ["Content", "gather_content", "render_text", "write_report"]
