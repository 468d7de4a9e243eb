"""The files that ThemeFinder writes come in; a study's raw tables go out.

ThemeFinder is the UK government's package for reading consultations with a language model, and ``consult`` its app:
https://github.com/i-dot-ai/themefinder, https://github.com/i-dot-ai/consult.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import Problem, StudyError
from ...package import Package
from ..bundle import is_bundle, open_bundle
from ..jsonfile import decode_text, parse_json, read_bounded
from ..limits import Limits
from ..mapping import CodeMapping
from .answers import Consultation, read_records
from .findings import Findings, listed
from .layout import KINDS, find_pieces, holds_themefinder
from .responses import make_package

__all__ = ["holds_themefinder", "looks_like_themefinder", "read_themefinder"]


def looks_like_themefinder(start: bytes) -> bool:
    """Whether a file's start is that of responses with the themes that ThemeFinder gave them."""
    ids = b'"response_id"' in start or b'"themefinder_id"' in start
    return ids and (b'"labels"' in start or b'"theme_keys"' in start)


def read_themefinder(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a folder or zip file of ThemeFinder's output, or one file that holds the responses with their themes.

    Responses become statements, themes codes, and what the tool mapped codings of the coder ThemeFinder.
    """
    findings = Findings()
    found = Consultation(findings)
    if is_bundle(path):
        _read_bundle(path, found, limits)
    else:
        _read_file(path, found, limits)
    return make_package(found, mapping, path)


def _read_bundle(path: Path, found: Consultation, limits: Limits) -> None:
    with open_bundle(path, limits) as bundle:
        pieces, old, others = find_pieces(bundle.names)
        for piece in pieces:
            try:
                data = bundle.read(piece.name)
                if len(data) > limits.text:
                    what = f"it has {len(data) / 1e6:,.0f} MB, more than the {limits.text / 1e6:,.0f} MB that are read"
                    raise StudyError([Problem(file=piece.name, what=what, fix="if you trust it, raise the limit")])
                text = decode_text(data, piece.name)
            except StudyError as error:
                told = found.findings.problems
                told += [problem for problem in error.problems if problem not in told]
                continue
            records = read_records(text, piece.name, found.findings)
            found.add(piece.kind, piece.question, piece.name, records)
    if old:
        found.findings.remarks.append(
            f"Results of earlier runs are not read, where there are later ones: {listed(old)}."
        )
    if others:
        found.findings.remarks.append(f"Files that are not read ({len(others):,}): {listed(others)}.")


def _read_file(path: Path, found: Consultation, limits: Limits) -> None:
    """One file: a response a line, or an object with the tables that the package's ``find_themes`` gives."""
    text = read_bounded(path, limits)
    whole: Any = None
    if path.suffix.lower() == ".json" and text.lstrip().startswith("{"):
        try:
            whole = parse_json(text, path.name)
        except StudyError:
            whole = None  # a response a line, or the same error below
    if not isinstance(whole, dict) or not isinstance(whole.get("mapping"), list):
        found.add("mapping", "", path.name, read_records(text, path.name, found.findings))
        return
    for key, value in whole.items():
        kind = KINDS.get(key)
        if kind == "question" and isinstance(value, str):
            found.add(kind, "", path.name, [(1, {"question_text": value})])
        elif kind is not None and isinstance(value, list):
            records = [(row, one) for row, one in enumerate(value, start=1) if isinstance(one, dict)]
            found.add(kind, "", path.name, records)
            if len(records) < len(value):
                found.findings.wrong(path.name, f"{key} holds what is no object with names and values", "save it again")
        else:
            found.findings.unread[key[:100]] += 1
