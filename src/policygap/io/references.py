r"""A study's sources come in; a bibliography that reference managers open goes out, as BibTeX or RIS.

BibTeX is escaped for LaTeX. RIS: https://en.wikipedia.org/wiki/RIS_(file_format).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..errors import Problem, StudyError
from .codebook import Ids
from .outgoing import Outgoing, Written

__all__ = ["write_bibtex", "write_ris"]

_LATEX: Final[Mapping[int, str]] = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{char: f"\\{char}" for char in "#$%&_"},
    }
)
_REPORTS: Final = ("report", "research report", "research", "rapport")
_HELD: Final = ("id", "title", "kind", "publisher", "year", "language", "url")
_NOT_IN_KEYS: Final = re.compile(r"[^A-Za-z0-9:._-]+")


def write_bibtex(outgoing: Outgoing, name: str) -> Written:
    """Write the sources as BibTeX entries: reports as ``techreport``, all others as ``misc``."""
    entries: list[str] = []
    keys = Ids()
    for row in _sources(outgoing):
        report = row.get("kind", "").lower() in _REPORTS
        fields = {
            "title": f"{{{row['title'].translate(_LATEX)}}}",  # doubled braces keep its capitals
            "institution" if report else "howpublished": row.get("publisher", "").translate(_LATEX),
            "year": row.get("year", ""),
            "language": row.get("language", "").translate(_LATEX),
            "url": _url(row.get("url", "")),
            "note": "" if report else row.get("kind", "").translate(_LATEX),
        }
        lines = [f"  {field} = {{{' '.join(text.split())}}}," for field, text in fields.items() if text]
        key = keys.new(_NOT_IN_KEYS.sub("-", row["id"]).strip("-"), "source")
        entries.append("\n".join([f"@{'techreport' if report else 'misc'}{{{key},", *lines, "}"]))
    return Written(data=("\n\n".join(entries) + "\n").encode(), losses=_losses(outgoing))


def write_ris(outgoing: Outgoing, name: str) -> Written:
    """Write the sources in RIS: reports as ``RPRT``, all others as ``GEN``."""
    entries: list[str] = []
    for row in _sources(outgoing):
        fields = {
            "TY": "RPRT" if row.get("kind", "").lower() in _REPORTS else "GEN",
            "ID": row["id"],
            "TI": row["title"],
            "PB": row.get("publisher", ""),
            "PY": row.get("year", ""),
            "LA": row.get("language", ""),
            "UR": row.get("url", ""),
            "M3": row.get("kind", ""),
        }
        lines = [f"{tag}  - {' '.join(text.split())}" for tag, text in fields.items() if text]
        entries.append("\r\n".join([*lines, "ER  - ", ""]))
    return Written(data="\r\n".join(entries).encode(), losses=_losses(outgoing))


def _sources(outgoing: Outgoing) -> list[dict[str, str]]:
    rows = outgoing.rows("sources")
    if not rows:
        fix = "add a table sources, or choose another format"
        raise StudyError(
            [Problem(file="sources", what="the study has no sources, and this format holds no more", fix=fix)]
        )
    return rows


def _url(text: str) -> str:
    return "".join(f"%{ord(char):02X}" if char in "{}\\ %" and char != "%" else char for char in text)


def _losses(outgoing: Outgoing) -> tuple[str, ...]:
    others = [f"{table} ({len(frame)})" for table, frame in outgoing.tables.items() if table != "sources"]
    columns = [str(name) for name in outgoing.tables["sources"].columns if name not in _HELD]
    losses = [f"The format has no place for columns of sources: {', '.join(columns)}."] if columns else []
    return (f"A bibliography holds the sources alone, and not {', '.join(others)}.", *losses)
