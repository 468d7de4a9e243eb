"""An archive comes in; the texts that a project's paths lead to go out, and how a program counted in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

from attrs import frozen

from ...errors import Problem, StudyError
from ..archive import Archive
from ..encoding import guess_encoding, guess_wide
from ..limits import Limits
from .markup import local_name, parse_xml
from .project import Selection

__all__ = ["Counted", "Text", "Texts", "choose_way"]

_PREFIX: Final = 30  # letters of a selection's name that are held against the text
_SEEN: Final = 500  # characters of both that are looked at for it
_SCHEME: Final = re.compile(r"^(internal|relative|absolute|file)://+", re.IGNORECASE)
_FILLER: Final = "\U0010ffff"  # no character of any text; stands for the second half of one that counts twice
_ASTRAL: Final = re.compile("[\U00010000-\U0010fffe]")
_MANY: Final = 10  # times as many elements as one XML may have, all Word files may have together
_WORD: Final = "word/document.xml"
_LEFT: Final = frozenset({"del", "moveFrom", "instrText", "delText", "pPr", "rPr", "Fallback", "txbxContent"})
_SIGNS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


@frozen(kw_only=True)
class Text:
    """A text, and whether it was taken out of a Word file, whose places the program may have counted otherwise."""

    text: str
    word: bool = False


@frozen(kw_only=True)
class Counted:
    """A text so that a program's offsets fit it, how it counted, and how many of the names of selections fit.

    Where it is ``loose``, offsets may lie beyond it.
    """

    text: str
    said: str
    hits: int
    named: int
    loose: bool = False

    def cut(self, start: int, end: int) -> str:
        """What stands between two offsets."""
        return self.text[start:end].replace(_FILLER, "")


class Texts:
    """The texts of an archive by the paths that lead to them; it remembers how much was read."""

    def __init__(self, archive: Archive, limits: Limits) -> None:
        self._archive, self._limits = archive, limits
        self._read = self._parsed = 0
        self._twofold: dict[str, None] = {}
        self._members: dict[str, list[str]] = {}
        for name in archive.names:
            for base in dict.fromkeys((_base(name), _base(_mended(name)))):
                self._members.setdefault(base, []).append(name)

    @property
    def twofold(self) -> tuple[str, ...]:
        """The paths that were asked for and lead to several files."""
        return tuple(self._twofold)

    def find(self, plain: str | None, rich: str | None = None) -> Text | None:
        """The text that a path leads to, or else what a Word file holds, if the archive holds either."""
        if plain and (name := self._member(plain)) is not None:
            return Text(text=_decode(self._bytes(name)))
        if rich and (name := self._member(rich)) is not None and name.lower().endswith((".docx", ".docm")):
            text = self._word(name)
            return None if text is None else Text(text=text, word=True)
        return None

    def _member(self, path: str) -> str | None:
        """The file with the path's last name; of several, that which the whole path leads to."""
        for way in dict.fromkeys((path, unquote(path))):
            found = self._members.get(_base(way), [])
            if len(found) > 1:
                whole = _parts(way)
                exact = [name for name in found if _parts(name)[-len(whole) :] == whole]
                found = exact if len(exact) == 1 else [name for name in exact if len(_parts(name)) <= len(whole) + 1]
                if len(found) != 1:
                    self._twofold[path] = None
                    return None
            if found:
                return found[0]
        return None

    def _bytes(self, name: str) -> bytes:
        """A member's bytes; sources that share one may not make it be read for ever."""
        data = self._archive.read(name, self._limits.text)
        self._spend(name, len(data), 0)
        return data

    def _spend(self, name: str, size: int, elements: int) -> None:
        self._read += size
        self._parsed += elements
        if self._read > self._limits.bytes or self._parsed > _MANY * self._limits.elements:
            what = f"its sources lead to texts of more than the {self._limits.bytes / 1e6:,.0f} MB that are read"
            raise StudyError([Problem(file=name, what=what, fix="if you trust it, raise the limit")])

    def _word(self, name: str) -> str | None:
        """The paragraphs of a Word file, a line each, as programs make plain text of them."""
        data = self._bytes(name)
        try:
            with Archive(BytesIO(data), self._limits, file=name) as inner:
                if _WORD not in inner.names:
                    return None
                xml = inner.read(_WORD, self._limits.text)
        except StudyError:
            return None  # then it is as if it were not there, which a notice says
        self._spend(name, len(xml), xml.count(b"<"))
        try:
            root = parse_xml(xml, f"{name}, {_WORD}", self._limits)
        except StudyError:
            return None
        body = (element for element in root.iter() if local_name(element) == "p" and not _is_left(element))
        return "\n".join("".join(_pieces(paragraph)) for paragraph in body)


def _is_left(paragraph: Any) -> bool:
    return any(local_name(around) in _LEFT for around in paragraph.iterancestors())


def _pieces(paragraph: Any) -> list[str]:
    """The text of a paragraph, without what was deleted and without boxes beside it; no recursion."""
    found: list[str] = []
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        name = local_name(element)
        if name == "t":
            found.append(element.text or "")
        elif name in _SIGNS:
            found.append(_SIGNS[name])
        elif name and name not in _LEFT and name != "p":
            stack += reversed(element)
    return found


def _mended(name: str) -> str:
    """A name in UTF-8 that the archive does not call UTF-8."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _parts(path: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFC", _SCHEME.sub("", path)).replace("\\", "/").casefold()
    return tuple(part for part in plain.split("/") if part not in ("", ".", ".."))


def _base(path: str) -> str:
    return PurePosixPath(*_parts(path)).name


def _decode(data: bytes) -> str:
    wide = guess_wide(data[:4096])
    try:
        return data.decode(wide.codec if wide else "utf-8")
    except UnicodeDecodeError:
        return data.decode(guess_encoding(data).codec, errors="replace")


# -- how a program counted


def _as_it_stands(text: str) -> str:
    return text


_WAYS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("", lambda text: text.removeprefix("\ufeff")),
    ("with a line's end as one character", lambda text: text.removeprefix("\ufeff").replace("\r\n", "\n")),
    ("with the mark at the text's start", _as_it_stands),
    (
        "with a line's end as two characters",
        lambda text: text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\n", "\r\n"),
    ),
)


def choose_way(text: str, selections: Sequence[Selection]) -> Counted:
    """How the program counted: the first way in which most selections begin with what they are called."""
    named = sum(bool(one.name and one.start is not None) for one in selections)
    best: Counted | None = None
    for twice in ("", "with emoji and other rare characters as two"):
        if twice and (best is None or best.hits == named or not _ASTRAL.search(text)):
            break
        for said, way in _WAYS:
            counted = way(text)
            if twice:
                counted = _ASTRAL.sub(lambda found: found[0] + _FILLER, counted)
            hits = sum(_begins(counted, one) for one in selections)
            if best is None or hits > best.hits:
                ways = " and ".join(one for one in (said, twice) if one)
                best = Counted(text=counted, said=ways, hits=hits, named=named)
            if best.hits == named:
                break
    assert best is not None
    return best


def _begins(text: str, selection: Selection) -> bool:
    if selection.start is None or selection.end is None or not selection.name:
        return False
    there = text[selection.start : min(selection.end, selection.start + _SEEN)].replace(_FILLER, "")
    called = " ".join(selection.name[:_SEEN].removesuffix("…").removesuffix("...").split())
    return bool(called) and " ".join(there.split())[:_PREFIX].startswith(called[:_PREFIX])
