"""The bytes of a CSV file come in; what could make its rows ragged or unreadable goes out.

pandas' C parser fills short rows up without a word, so somebody has to count. This counts separators a block at a
time with numpy: it costs a tenth of the parsing, and holds no Python object per row.
"""

from __future__ import annotations

import codecs
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
from attrs import define, frozen

__all__ = ["Scan", "scan_csv"]

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.intp]

_BLOCK: Final = 1 << 24
_QUOTE, _LF, _CR = b'"'[0], b"\n"[0], b"\r"[0]


@frozen(kw_only=True)
class Scan:
    """What a pass over the bytes found out.

    ``regular`` is true only where every row surely has as many cells as the header (blank lines aside) and every
    quote is closed; where it is false, a slower reading must find out what is wrong, if anything.
    """

    utf8: bool
    nul: bool
    regular: bool
    returns_in_cells: bool


@define
class _State:
    """What is carried from one block to the next."""

    separator: int
    expected: int
    quoted: int = 0  # 1 inside a quoted cell
    before: int = _LF  # the byte before the block
    count: int = 0  # separators since the last row's end
    length: int = 0  # bytes since the last row's end
    regular: bool = True
    nul: bool = False
    returns_in_cells: bool = False

    def take(self, block: Bytes) -> None:
        """Count one block, which never ends between CR and LF."""
        quotes = block == _QUOTE
        inside = self._inside(quotes)
        self._check_openers(block, quotes, inside)
        outside = inside == 0
        returns = block == _CR
        if returns.any():
            self.returns_in_cells |= bool((returns & ~outside).any())
            # Of CR LF, the LF ends the row.
            returns[:-1] &= block[1:] != _LF
        ends = np.flatnonzero(((block == _LF) | returns) & outside)
        self._count(block, ends, np.flatnonzero((block == self.separator) & outside))
        self.nul = self.nul or bool((block == 0).any())
        self.quoted = int(inside[-1])
        self.before = int(block[-1])

    def _inside(self, quotes: npt.NDArray[np.bool_]) -> Bytes:
        """1 for every byte that stands in quotes, the opening quote included."""
        if not quotes.any():
            return np.full(len(quotes), self.quoted, dtype=np.uint8)
        return np.bitwise_xor.accumulate(quotes.view(np.uint8)) ^ np.uint8(self.quoted)

    def _check_openers(self, block: Bytes, quotes: npt.NDArray[np.bool_], inside: Bytes) -> None:
        """A quote in the middle of an unquoted cell is plain text to a parser, and would mislead this count."""
        openers = np.flatnonzero(quotes & (inside == 1))
        if not len(openers):
            return
        before = block[openers - 1]  # for an opener at 0 this is the last byte: put right in the next line
        if openers[0] == 0:
            before[0] = self.before
        proper = (before == self.separator) | (before == _LF) | (before == _CR) | (before == _QUOTE)
        self.regular = self.regular and bool(proper.all())

    def _count(self, block: Bytes, ends: Positions, separators: Positions) -> None:
        if not len(ends):
            self.count += len(separators)
            self.length += len(block)
            return
        upto = np.searchsorted(separators, ends)
        counts = np.diff(upto, prepend=0)
        counts[0] += self.count
        wrong = np.flatnonzero(counts != self.expected)
        if len(wrong):
            lengths = np.diff(ends, prepend=-1) - 1
            lengths[0] += self.length
            crlf = (block[ends] == _LF) & (block[np.maximum(ends - 1, 0)] == _CR) & (lengths > 0)
            blank = (lengths - crlf)[wrong] == 0
            self.regular = self.regular and bool(blank.all())
        self.count = len(separators) - int(upto[-1])
        self.length = len(block) - int(ends[-1]) - 1

    def close(self) -> bool:
        """Whether all rows were regular, the last one included, which may lack its line end."""
        last = self.length == 0 or self.count == self.expected
        return self.regular and last and not self.quoted


def scan_csv(stream: BinaryIO, *, separator: str, columns: int) -> Scan:
    r"""Look once over a CSV file's bytes, from where the stream stands.

    Parameters
    ----------
    stream
        The open file, after a byte order mark if it has one.
    separator
        The character between cells.
    columns
        How many cells the header has.

    Examples
    --------
    >>> import io
    >>> scan_csv(io.BytesIO(b"id,label\na,A\n"), separator=",", columns=2).regular
    True
    >>> scan_csv(io.BytesIO(b"id,label\na\n"), separator=",", columns=2).regular
    False
    """
    state = _State(separator=ord(separator), expected=columns - 1)
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8 = True
    while block := stream.read(_BLOCK):
        while block.endswith(b"\r") and (following := stream.read(1)):
            block += following
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            utf8 = False
            break
        state.take(np.frombuffer(block, dtype=np.uint8))
    if utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            utf8 = False
    return Scan(utf8=utf8, nul=state.nul, regular=state.close(), returns_in_cells=state.returns_in_cells)
