"""What was read from files comes in; frames of sources, texts and statements, ready for a study, go out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import pandas as pd
from attrs import field, frozen

from ..errors import Problem
from ..notices import Notice
from .passages import Contents
from .splitting import check_split, divide

__all__ = ["Documents", "collect_documents"]

_SOURCES: Final = ("id", "title", "kind", "file", "format")
_TEXTS: Final = ("source", "speaker", "locator", "text", "block", "level", "row")
_STATEMENTS: Final = ("id", "speaker", "text", "source", "locator", "heading", "block")
_DIGEST: Final = 6  # bytes: two of ten million statements of one source share one in about five such sources


def _own(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.copy(deep=False)


@frozen(kw_only=True, eq=False)
class Documents:
    r"""The documents of a folder: what they say, and what could not be read.

    Attributes
    ----------
    sources
        A row a document, as the table ``sources`` of a study has them: ``id`` (the path within the folder),
        ``title`` (the document's own, else its first heading, else the file's name), ``kind`` (``submission``), and
        two columns more, ``file`` and ``format`` (``txt``, ``md``, ``html``, ``docx``, ``pdf``, ``eml``, ``csv``,
        ``xlsx``).
    texts
        A row a block of text, in reading order: ``source``, ``speaker`` (the source's id; in tables the cell of the
        speakers' column, or ``SOURCE#ROW``), ``locator`` (``p. 3 ¶ 2``, ``¶ 4``, ``table 1 row 2``, ``row 7``),
        ``text``, ``block`` (``paragraph``, ``bullet``, ``heading``), ``level`` (of a heading, else 0), ``row`` (of a
        table of answers, else missing).
    problems
        What could not be read, one :class:`Problem` each, with file, what, and how to mend it.
    notices
        What was read with a doubt: pages without text, attachments, guessed encodings, wrong names.

    Examples
    --------
    >>> import pathlib, tempfile, policygap as pg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "a.md").write_text("# Our view\n\nBuses. And trains.", encoding="utf-8")
    ...     documents = pg.read_documents(folder)
    >>> documents.sources[["id", "title", "format"]].values.tolist()
    [['a.md', 'Our view', 'md']]
    >>> documents.statements(split="sentence", language="en")["text"].tolist()
    ['# Our view', 'Buses.', 'And trains.']
    """

    _sources: pd.DataFrame = field(alias="sources", repr=False)
    _texts: pd.DataFrame = field(alias="texts", repr=False)
    problems: tuple[Problem, ...] = field(default=(), converter=tuple)
    notices: tuple[Notice, ...] = field(default=(), converter=tuple)

    @property
    def sources(self) -> pd.DataFrame:
        """The documents, a row each."""
        return _own(self._sources)

    @property
    def texts(self) -> pd.DataFrame:
        """The blocks of text, a row each, in reading order."""
        return _own(self._texts)

    def statements(self, split: str = "paragraph", language: str = "nb") -> pd.DataFrame:
        r"""The texts as statements of a study.

        Parameters
        ----------
        split
            ``document``: one statement a document, or a row of a table. ``paragraph``: one a paragraph; a list and
            the line that announces it are one. ``bullet``: each item of a list is one too. ``sentence``: bullets,
            and paragraphs cut at their sentences. ``question``: all that stands under one question. Headings and
            questions are rows of their own, except in whole documents, so that no text is lost.
        language
            The texts' language, for the sentences: ``nb``, ``nn``, ``en`` or any other code.

        Returns
        -------
        pandas.DataFrame
            Columns ``id``, ``speaker``, ``text``, ``source``, ``locator``, ``heading`` (what it stands under) and
            ``block``. The id is the source's with a number made of speaker and text, so it stays the same when other
            texts or files come or go.

        Raises
        ------
        UsageError
            Where there is no such way to split, or the extra ``documents`` is not installed.

        Examples
        --------
        >>> import pathlib, tempfile, policygap as pg
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "a.txt").write_text("We want:\n- buses\n- trains", encoding="utf-8")
        ...     documents = pg.read_documents(folder)
        >>> documents.statements()["text"].tolist(), documents.statements("bullet")["text"].tolist()
        (['We want:\n- buses\n- trains'], ['We want:', '- buses', '- trains'])
        """
        check_split(split)
        rows: list[tuple[str, ...]] = []
        seen: dict[str, int] = {}
        for piece in divide(self._texts, split=split, language=language):
            key = f"{piece.source}:{_digest(piece.speaker, piece.text)}"
            seen[key] = seen.get(key, 0) + 1
            name = key if seen[key] == 1 else f"{key}-{seen[key]}"
            rows.append((name, piece.speaker, piece.text, piece.source, piece.locator, piece.heading, piece.block))
        frame = pd.DataFrame(rows, columns=pd.Index(_STATEMENTS), dtype="str")
        return frame.assign(heading=frame["heading"].where(frame["heading"].ne("")))

    def actors(self, group: str) -> pd.DataFrame:
        """Those who speak, as the table ``actors`` of a study has them, all in one actor group.

        Parameters
        ----------
        group
            The id of the group.

        Returns
        -------
        pandas.DataFrame
            Columns ``id``, ``label`` (the title of the document, where it is by one speaker) and ``group``.

        Examples
        --------
        >>> import pathlib, tempfile, policygap as pg
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "a.txt").write_text("Buses.", encoding="utf-8")
        ...     documents = pg.read_documents(folder)
        >>> documents.actors("towns").values.tolist()
        [['a.txt', 'a', 'towns']]
        """
        titles = dict(zip(self._sources["id"], self._sources["title"], strict=True))
        speakers = list(dict.fromkeys(self._texts["speaker"]))
        labels = [titles.get(speaker, speaker) for speaker in speakers]
        return pd.DataFrame({"id": speakers, "label": labels, "group": group}, dtype="str")

    def __repr__(self) -> str:
        counts = f"{len(self._sources)} sources, {len(self._texts)} texts, {len(self.problems)} problems"
        return f"Documents({counts}, {len(self.notices)} notices)"


def _digest(speaker: str, text: str) -> str:
    return hashlib.blake2b(f"{speaker}\x00{text}".encode(), digest_size=_DIGEST).hexdigest()


def _as_id(text: str) -> str:
    """Text that may be an id: on one line, and without the semicolon, which separates the items of lists."""
    return "".join(char if char.isprintable() else "_" for char in " ".join(text.replace(";", "_").split()))


def collect_documents(found: Sequence[tuple[str, Contents]], *, problems: Sequence[Problem]) -> Documents:
    """Put what was read from files together.

    Parameters
    ----------
    found
        The files' names with their contents, in order.
    problems
        What could not be read.
    """
    sources: list[tuple[str, ...]] = []
    texts: list[tuple[Any, ...]] = []
    names: set[str] = set()
    for file, contents in found:
        name = _as_id(file)
        while name in names:
            name += "~"
        names.add(name)
        sources.append((name, contents.title or PurePosixPath(file).stem, "submission", file, contents.kind))
        for item in contents.passages:
            speaker = _as_id(item.speaker or "") or (
                name if item.row is None else f"{name}#{item.locator.removeprefix('row ')}"
            )
            texts.append((name, speaker, item.locator, item.text, item.block, item.level, item.row))
    frame = pd.DataFrame(texts, columns=pd.Index(_TEXTS), dtype=object)
    kinds = dict.fromkeys(_TEXTS, "str") | {"level": "int64", "row": "Int64"}
    return Documents(
        sources=pd.DataFrame(sources, columns=pd.Index(_SOURCES), dtype="str"),
        texts=frame.astype(kinds),
        problems=tuple(problems),
        notices=tuple(notice for _, contents in found for notice in contents.notices),
    )
