"""Rules made ready and a column come in; the rows and rules that go together go out, in whole numbers.

A big column is read in blocks of bytes. Each distinct stretch of a block (a run of letters with what parts it from the
next) is looked at once, by the same words and pieces as a single text is; what remains are look-ups in tables. Where a
stretch alone does not tell (a word broken at a line's end), its whole row is read as a single text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice, pairwise
from threading import Lock
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from .arrow import Block, blocks, encode
from .matching import Matcher
from .patterns import Piece
from .rule import Combination, Rule
from .texts import Texts
from .words import fold_word, kinds_of, split_words

__all__ = ["classify_column"]

Array = np.ndarray[Any, Any]

_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_PARTING: Final = bytes(byte for byte in range(128) if byte not in _LETTERS)
_IS_LETTER: Final = bytes(byte >= 128 or byte in _LETTERS for byte in range(256))  # noqa: PLR2004
_HARD, _BREAKS, _JOINS, _STARTS, _HIT = 1, 2, 4, 8, 16
_PARAGRAPH = re.compile(rb"(?:\r\n|[\n\v\f]|\r(?!\n))[ \t]*[\r\n\v\f]")
_BREAK_IN_LINE = re.compile(rb"-?[ \t]*(?:\r\n|[\r\n\v\f])[ \t]*")
_KNOWN = 300_000  # stretches that are remembered


def classify_column(matcher: Matcher, texts: Texts, *, workers: int = 1) -> tuple[Array, Array]:
    """Find which rows get which rules.

    Returns
    -------
    numpy.ndarray, numpy.ndarray
        Positions of rows and of the matcher's rules, in order of both.
    """
    if not texts.is_arrow:
        pairs = [
            (row, rule)
            for row, text in enumerate(texts.values())
            if text is not None
            for rule in matcher.fired(matcher.look(text))
        ]
        found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]
    if "reader" not in matcher.kept:
        matcher.kept["reader"] = _Reader.of(matcher)
    reader: _Reader = matcher.kept["reader"]
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            shares = pool.map(partial(_share, reader, texts, workers), range(workers))
            done = sorted((one for share in shares for one in share), key=lambda one: one[0])
    else:
        done = _share(reader, texts, 1, 0)
    empty = np.zeros(0, dtype=np.int64)
    return (
        np.concatenate([empty, *(rows for _, rows, _ in done)]),
        np.concatenate([empty, *(rules for _, _, rules in done)]),
    )


def _share(reader: _Reader, texts: Texts, workers: int, place: int) -> list[tuple[int, Array, Array]]:
    """What every so-many-th block of a column has: the block's first row, then rows and rules."""
    return [(block.first, *reader.classify(block)) for block in islice(blocks(texts.given), place, None, workers)]


# -- rules as look-ups


@frozen(kw_only=True, eq=False)
class _Node:
    """A rule, or a combination of nodes; slots are numbers of sets of patterns of which one has to stand there."""

    rule: Rule | Combination
    parts: tuple[_Node, ...] = ()
    needed: tuple[int, ...] = ()
    forbidden: int | None = None
    near: tuple[int, ...] = ()


@frozen(kw_only=True, eq=False)
class _Plan:
    """Which slots each piece and phrase fills, and which pieces' places have to be known."""

    nodes: tuple[_Node, ...]
    slots: int
    of_piece: dict[int, list[int]]
    phrases: list[tuple[tuple[int, ...], list[int]]]

    @property
    def kind(self) -> Any:
        """The narrowest whole numbers that all slots fit in: narrow ones are sorted faster."""
        return np.min_scalar_type(-(self.slots + len(self.of_piece) + 1))

    @classmethod
    def of(cls, matcher: Matcher) -> _Plan:
        numbers = {piece: number for number, piece in enumerate(matcher.pieces)}
        fills: defaultdict[tuple[Piece, ...], list[int]] = defaultdict(list)
        count = 0

        def slot(patterns: Sequence[Any]) -> int:
            nonlocal count
            for pieces in {pattern.pieces for pattern in patterns}:
                fills[pieces].append(count)
            count += 1
            return count - 1

        def node(rule: Rule | Combination) -> _Node:
            if isinstance(rule, Combination):
                return _Node(rule=rule, parts=tuple(node(part) for part in rule.parts))
            needed = ([slot(rule.any)] if rule.any else []) + [slot([pattern]) for pattern in rule.all]
            near = tuple(slot([pattern]) for pattern in rule.near.patterns) if rule.near is not None else ()
            forbidden = slot(rule.none) if rule.none else None
            return _Node(rule=rule, needed=(*needed, *near), forbidden=forbidden, near=near)

        nodes = tuple(node(rule) for rule in matcher.rules)
        phrases = [(tuple(numbers[piece] for piece in pieces), of) for pieces, of in fills.items() if len(pieces) > 1]
        of_piece: defaultdict[int, list[int]] = defaultdict(list)
        for pieces, of in fills.items():
            if len(pieces) == 1:
                of_piece[numbers[pieces[0]]] += of
        within = sorted({piece for pieces, _ in phrases for piece in pieces})
        placed = {piece: count + place for place, piece in enumerate(within)}
        for piece, place in placed.items():
            of_piece[piece].append(place)
        return cls(
            nodes=nodes,
            slots=count,
            of_piece=dict(of_piece),
            phrases=[(tuple(placed[piece] for piece in pieces), of) for pieces, of in phrases],
        )


@frozen(kw_only=True, eq=False)
class _Learnt:
    """What is known of some stretches.

    Attributes
    ----------
    core, flags
        For each stretch, which run of letters it begins with, and what flags it has.
    words, starts
        For each run of letters how many words it has, and where its fillings start.
    slots, steps
        For each filling its slot, and which of the run's words fills it.
    """

    core: Array
    flags: Array
    words: Array
    starts: Array
    slots: Array
    steps: Array


class _Stretches:
    """The stretches met so far, and what is known of them; several threads may ask."""

    def __init__(self, matcher: Matcher, plan: _Plan) -> None:
        self._matcher, self._plan = matcher, plan
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._stretches: dict[bytes, int] = {}
        self._cores: dict[bytes, int] = {}
        self._partings: dict[bytes, tuple[int, bool]] = {}
        self._core_of: list[int] = []
        self._flags: list[int] = []
        self._core_flags: list[int] = []
        self._words: list[int] = []
        self._starts = [0]
        self._slots: list[int] = []
        self._steps: list[int] = []
        self._tables: tuple[Array, ...] | None = None

    def look_up(self, stretches: list[bytes]) -> _Learnt:
        """What is known of stretches; new ones are read first."""
        with self._lock:
            if len(self._stretches) > _KNOWN:
                self._forget()
            known = self._stretches
            numbers = np.array([known.get(stretch, -1) for stretch in stretches], dtype=np.int64)
            for place in np.flatnonzero(numbers < 0).tolist():
                numbers[place] = known[stretches[place]] = self._read(stretches[place])
                self._tables = None
            if self._tables is None:
                lists = (self._core_of, self._flags, self._words, self._starts, self._slots, self._steps)
                kinds = (np.int32, np.uint8, np.int32, np.int64, self._plan.kind, np.int32)
                self._tables = tuple(np.array(one, dtype=kind) for one, kind in zip(lists, kinds, strict=True))
            core_of, flags, words, starts, slots, steps = self._tables
        return _Learnt(
            core=core_of[numbers], flags=flags[numbers], words=words, starts=starts, slots=slots, steps=steps
        )

    def _read(self, stretch: bytes) -> int:
        letters = stretch.rstrip(_PARTING)
        core = self._cores.get(letters)
        if core is None:
            core = self._cores[letters] = self._read_core(letters)
        flags, hyphen = self._read_parting(stretch[len(letters) :])
        own = self._core_flags[core]
        if not (hyphen or own & _JOINS):
            flags &= ~_JOINS
        self._core_of.append(core)
        self._flags.append((own & ~_JOINS) | flags)
        return len(self._flags) - 1

    def _read_core(self, letters: bytes) -> int:
        """Read a run of letters: what words it has, and which slots they fill; it may go on after a line's end."""
        flags = _STARTS
        if letters.isascii():
            words = [letters.decode().lower()]
        else:
            text = letters.decode("utf-8", "replace")
            kinds = kinds_of(text)
            flags = (_STARTS if kinds[0] == "w" else 0) | (_JOINS if kinds[-1] in "hy" else 0)
            if kinds[0] == "b" or "n" in kinds or "p" in kinds:
                flags |= _HARD
            words = [fold_word(text)] if not kinds.strip("w") else [word.folded for word in split_words(text)]
        for step, word in enumerate(words):
            pieces = self._matcher.pieces_of(word)
            if pieces:
                filled = sorted({slot for piece in pieces for slot in self._plan.of_piece.get(piece, ())})
                self._slots += filled
                self._steps += [step] * len(filled)
        self._core_flags.append(flags | (_HIT if len(self._slots) > self._starts[-1] else 0))
        self._words.append(len(words))
        self._starts.append(len(self._slots))
        return len(self._words) - 1

    def _read_parting(self, parting: bytes) -> tuple[int, bool]:
        """Whether what parts two stretches ends a paragraph or may break a word at a line's end; and has a hyphen."""
        read = self._partings.get(parting)
        if read is None:
            breaks = _BREAKS if _PARAGRAPH.search(parting) else 0
            joins = _JOINS if _BREAK_IN_LINE.fullmatch(parting) else 0
            read = self._partings[parting] = breaks | joins, parting.startswith(b"-")
        return read


@frozen(kw_only=True, eq=False)
class _Reader:
    """Reads blocks one after the other; what it has learnt of stretches it keeps."""

    matcher: Matcher
    plan: _Plan
    stretches: _Stretches = field(repr=False)

    @classmethod
    def of(cls, matcher: Matcher) -> _Reader:
        plan = _Plan.of(matcher)
        return cls(matcher=matcher, plan=plan, stretches=_Stretches(matcher, plan))

    def classify(self, block: Block) -> tuple[Array, Array]:
        """Positions of rows and rules that go together, in order."""
        count = len(block.offsets) - 1
        filled, hard = self._fill(block)
        masks = np.zeros((len(self.plan.nodes), count), dtype=bool)
        for place, node in enumerate(self.plan.nodes):
            masks[place] = self._fires(node, filled, block)
        masks[:, hard] = False
        if block.missing is not None:
            masks[:, block.missing] = False
            hard = hard[~block.missing[hard]]
        for row in hard.tolist():
            for place in self.matcher.fired(self.matcher.look(block.text(row))):
                masks[place, row] = True
        rules, rows = np.nonzero(masks)
        order = np.argsort(rows, kind="stable")
        return rows[order] + block.first, rules[order]

    def _fires(self, node: _Node, filled: dict[int, Array], block: Block) -> Array:
        """For each row of the block, whether a node's rule fires."""
        count = len(block.offsets) - 1
        if isinstance(node.rule, Combination):
            parts = [self._fires(part, filled, block) for part in node.parts]
            match node.rule.kind:
                case "and":
                    return np.logical_and.reduce(parts)
                case "or":
                    return np.logical_or.reduce(parts)
                case _:
                    return ~parts[0]
        mask = np.zeros(count, dtype=bool)
        if not node.needed:
            mask[:] = True
        elif all(slot in filled for slot in node.needed):
            mask[filled[node.needed[0]]] = True
            for slot in node.needed[1:]:
                other = np.zeros(count, dtype=bool)
                other[filled[slot]] = True
                mask &= other
        if node.forbidden in filled:
            mask[filled[node.forbidden]] = False
        if node.rule.near is not None:
            for row in np.flatnonzero(mask).tolist():
                mask[row] = self.matcher.look(block.text(row)).within(node.rule.near) is not None
        return mask

    def _fill(self, block: Block) -> tuple[dict[int, Array], Array]:
        """For each slot the rows in which it is filled (some twice); and the rows to be read by themselves."""
        none = np.zeros(0, dtype=np.int64)
        starts = _starts_of(block)
        if not len(starts):
            return {}, none
        ids, distinct = encode(block.data, starts)
        learnt = self.stretches.look_up(distinct)
        rows_of = _Rows(starts, block.offsets)
        hits = np.flatnonzero((learnt.flags & _HIT).astype(bool)[ids])
        core, row = learnt.core[ids[hits]], rows_of(hits)
        repeats = learnt.starts[core + 1] - learnt.starts[core]
        which = np.repeat(learnt.starts[core] - np.cumsum(repeats) + repeats, repeats) + np.arange(repeats.sum())
        slots, rows = learnt.slots[which], np.repeat(row, repeats)
        order = np.argsort(slots, kind="stable")
        slots = slots[order]
        edges = np.flatnonzero(np.diff(slots, prepend=-1, append=-1))
        spans = {int(slots[low]): order[low:high] for low, high in pairwise(edges)}
        filled = {slot: rows[of] for slot, of in spans.items() if slot < self.plan.slots}
        if any(slot >= self.plan.slots for slot in spans):
            # Words of one paragraph have places side by side; an end of a paragraph or row takes a place too.
            taken = learnt.words[learnt.core] + ((learnt.flags & _BREAKS) != 0)
            before = np.cumsum(taken.astype(np.min_scalar_type(int(taken.max())))[ids], dtype=np.int64)
            places = np.repeat(before[hits] - taken[ids[hits]] + row, repeats) + learnt.steps[which]
            self._fill_phrases(filled, {slot: (places[of], rows[of]) for slot, of in spans.items()})
        hard = _hard_rows(learnt.flags[ids], rows_of) if (learnt.flags & (_HARD | _JOINS)).any() else none
        return filled, hard

    def _fill_phrases(self, filled: dict[int, Array], at: dict[int, tuple[Array, Array]]) -> None:
        for pieces, slots in self.plan.phrases:
            if not all(piece in at for piece in pieces):
                continue
            rarest = min(range(len(pieces)), key=lambda step: len(at[pieces[step]][0]))
            places, rows = at[pieces[rarest]]
            places = places - rarest
            for step, piece in enumerate(pieces):
                if step != rarest and len(places):
                    there = _are_in(places + step, at[piece][0])
                    places, rows = places[there], rows[there]
            if len(rows):
                for slot in slots:
                    filled[slot] = np.concatenate([filled[slot], rows]) if slot in filled else rows


class _Rows:
    """Which row each stretch is in."""

    def __init__(self, starts: Array, offsets: Array) -> None:
        self._starts, self._offsets = starts, offsets

    def __call__(self, stretches: Array) -> Array:
        return np.searchsorted(self._offsets, self._starts[stretches], side="right") - 1


def _starts_of(block: Block) -> Array:
    """Where stretches start: at a letter after what is none, or at the start of a row."""
    letters = np.frombuffer(block.data.tobytes().translate(_IS_LETTER), dtype=bool)
    starts = letters.copy()
    np.greater(letters[1:], letters[:-1], out=starts[1:])
    firsts = block.offsets[:-1]
    firsts = firsts[firsts < len(letters)]
    starts[firsts] = letters[firsts]
    return np.flatnonzero(starts)


def _hard_rows(flag: Array, rows_of: _Rows) -> Array:
    """The rows in which a stretch does not tell by itself what words it has."""
    hard = np.flatnonzero(flag & _HARD)
    joins = np.flatnonzero(flag[:-1] & _JOINS)
    joins = joins[(flag[joins + 1] & _STARTS) != 0]
    joins = joins[rows_of(joins) == rows_of(joins + 1)]
    return np.unique(np.concatenate([rows_of(hard), rows_of(joins)]))


def _are_in(values: Array, among: Array) -> Array:
    """Which values are among sorted ones."""
    place = np.searchsorted(among, values)
    return (place < len(among)) & (among[np.minimum(place, len(among) - 1)] == values)
