"""The paths of ThemeFinder's files come in; what each holds, of which question and which run, goes out.

The package saves tables where it is told to; its app keeps ``inputs/question_part_1/responses.jsonl`` and
``outputs/mapping/2025-07-22/question_part_1/mapping.jsonl``: https://github.com/i-dot-ai/themefinder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from attrs import frozen

__all__ = ["KINDS", "Piece", "find_pieces", "holds_themefinder"]

KINDS: Final = {
    "question": "question",
    "respondents": "respondents",
    "responses": "responses",
    "multi_choice": "responses",
    "unprocessables": "unprocessables",
    "themes": "themes",
    "mapping": "mapping",
    "sentiment": "sentiment",
    "position": "sentiment",
    "detail_detection": "details",
    "detailed_responses": "details",
}
"""What a file holds, by its name; the last are the keys of what the package's ``find_themes`` gives."""

_ENDS: Final = (".jsonl", ".json")
_WRAPPERS: Final = ("inputs", "outputs", "mapping")
_RESULTS: Final = ("themes", "mapping", "sentiment", "details", "unprocessables")


@frozen(kw_only=True)
class Piece:
    """One file: what it holds, of which question (``""`` where there is one alone), and of which run of the tool."""

    name: str
    kind: str
    question: str
    run: str


def holds_themefinder(names: Sequence[str]) -> bool:
    """Whether these are paths of ThemeFinder's files: what it mapped, or texts and what it found in them."""
    pieces = [piece for piece in map(_piece, names) if piece is not None]
    kinds = {piece.kind for piece in pieces}
    lines = any(piece.name.lower().endswith(".jsonl") for piece in pieces)
    return lines and ("mapping" in kinds or kinds >= {"responses", "question"} or kinds >= {"responses", "themes"})


def find_pieces(names: Sequence[str]) -> tuple[list[Piece], list[str], list[str]]:
    """The files that are read, the runs that are older than others, and the files that are none of the tool's.

    Where a question has results of several runs, those of the last are read, by the names of the runs' folders.
    """
    found = {name: _piece(name) for name in sorted(_inside(names))}
    pieces = [piece for piece in found.values() if piece is not None]
    last: dict[str, str] = {}
    for piece in pieces:
        if piece.kind in _RESULTS:
            last[piece.question] = max(last.get(piece.question, ""), piece.run)
    old = [piece for piece in pieces if piece.kind in _RESULTS and piece.run != last[piece.question]]
    kept = [piece for piece in pieces if piece not in old]
    others = [name for name, piece in found.items() if piece is None]
    return kept, sorted({piece.run for piece in old}), others


def _inside(names: Sequence[str]) -> list[str]:
    return [name for name in names if not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)]


def _piece(name: str) -> Piece | None:
    path = PurePosixPath(name.replace("\\", "/"))
    kind = KINDS.get(path.stem.lower()) if path.suffix.lower() in _ENDS else None
    parts = [part for part in path.parts[:-1] if part != "/"]
    lower = [part.lower() for part in parts]
    if kind is None or "sign_off" in lower:
        return None
    run = ""
    if "outputs" in lower:
        after = lower.index("outputs") + 1
        if lower[after : after + 1] == ["mapping"] and len(parts) > after + 1:
            run, parts = parts[after + 1], parts[after + 2 :]
        else:
            parts = parts[after:]
    elif "inputs" in lower:
        parts = parts[lower.index("inputs") + 1 :]
    question = parts[-1] if parts and parts[-1].lower() not in _WRAPPERS else ""
    return Piece(name=name, kind=kind, question="" if kind == "respondents" else question, run=run)
