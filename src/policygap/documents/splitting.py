"""Blocks of text in reading order come in; statements, cut as asked, go out, with all their text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import pandas as pd
from attrs import frozen

from ..errors import Problem, UsageError
from ..spelling import suggest
from .blocks import is_question
from .sentences import split_sentences

__all__ = ["SPLITS", "Piece", "check_split", "divide"]

SPLITS: Final = ("document", "paragraph", "bullet", "sentence", "question")
_LOWEST: Final = 7  # below every heading


@frozen
class Piece:
    """A part of a document that is to be a statement, or a block that parts are made of."""

    source: str
    speaker: str
    locator: str
    text: str
    block: str
    heading: str = ""
    level: int = 0


def check_split(split: str) -> None:
    """Refuse a way to split that there is not.

    Raises
    ------
    UsageError
        Naming the nearest there is.
    """
    if split not in SPLITS:
        fix = suggest(str(split), SPLITS, otherwise=f"use one of {', '.join(SPLITS)}")
        raise UsageError([Problem(file="split", what=f"'{split}' is no way to split", fix=fix)])


def divide(texts: pd.DataFrame, *, split: str, language: str) -> Iterator[Piece]:
    """Cut texts into statements.

    Parameters
    ----------
    texts
        Columns as in :class:`policygap.Documents`.
    split
        One of :data:`SPLITS`.
    language
        The language of the sentences.
    """
    columns = ("source", "speaker", "locator", "text", "block", "level")
    rows = zip(texts["row"].fillna(0), *(texts[name] for name in columns), strict=True)
    for _, group in groupby(rows, key=lambda row: (row[1], row[2], row[0])):
        blocks = [Piece(source, speaker, place, text, block, "", level)
                  for _, source, speaker, place, text, block, level in group]  # fmt: skip
        yield from _divide(blocks, split, language)


def _divide(blocks: Sequence[Piece], split: str, language: str) -> Iterator[Piece]:
    """Cut what one speaker says in one document, or in one row of a table."""
    if split == "document":
        yield _join(blocks, gap="\n\n")
    elif split == "question":
        yield from _by_question(blocks)
    else:
        headed = list(_under_headings(blocks))
        if split == "paragraph":
            yield from _by_paragraph(headed)
        elif split == "bullet":
            yield from headed
        else:
            for block in headed:
                yield from _by_sentence(block, language)


def _join(blocks: Sequence[Piece], *, gap: str, heading: str | None = None, block: str = "paragraph") -> Piece:
    first, last = blocks[0], blocks[-1]
    locator = first.locator if first.locator == last.locator else f"{first.locator} – {last.locator}"
    text = gap.join(part.text for part in blocks)
    kind = first.block if len(blocks) == 1 else block
    return Piece(first.source, first.speaker, locator, text, kind, first.heading if heading is None else heading)


def _under_headings(blocks: Sequence[Piece]) -> Iterator[Piece]:
    """Each block with the heading or question it stands under."""
    current = ""
    for block in blocks:
        heads = block.block == "heading" or is_question(block.text)
        kind = "heading" if heads else block.block
        yield Piece(block.source, block.speaker, block.locator, block.text, kind, "" if heads else current, block.level)
        current = block.text if heads else current


def _by_paragraph(blocks: Sequence[Piece]) -> Iterator[Piece]:
    """Put a list together, and with the line before it if that announces it."""
    waiting: list[Piece] = []
    for block in blocks:
        announced = waiting and (waiting[-1].block == "bullet" or waiting[-1].text.endswith(":"))
        listed = block.block == "bullet" and announced and waiting[-1].block != "heading"
        if waiting and not listed:
            yield _join(waiting, gap="\n")
            waiting = []
        waiting.append(block)
    if waiting:
        yield _join(waiting, gap="\n")


def _by_sentence(block: Piece, language: str) -> Iterator[Piece]:
    if block.block == "heading":
        yield block
        return
    for sentence in split_sentences(block.text, language):
        yield Piece(block.source, block.speaker, block.locator, sentence, block.block, block.heading)


def _by_question(blocks: Sequence[Piece]) -> Iterator[Piece]:
    """Put together what stands under one question; a heading as high as the question ends it."""
    waiting: list[Piece] = []
    question, level = "", 0
    for block in blocks:
        asks = is_question(block.text, heading=block.block == "heading")
        ends = bool(question) and block.block == "heading" and block.level <= level
        if (asks or ends) and waiting:
            yield _join(waiting, gap="\n\n", heading=question)
            waiting = []
        if asks:
            question, level = block.text, block.level or _LOWEST
            yield Piece(block.source, block.speaker, block.locator, block.text, "heading")
            continue
        if ends:
            question = ""
        waiting.append(block)
    if waiting:
        yield _join(waiting, gap="\n\n", heading=question)
