"""Made-up statements and rules come in; how long the rules take, and how long their peers take, goes out.

Run ``python benchmarks/rules.py``; ``--megabytes 20`` is quicker. The peers are in the extra ``peers``.

200 MB of short statements in an Arrow column, from 30,000 made-up words of which few are frequent (Zipf), some with
letters beyond ASCII, a few with capitals and punctuation; 60 codes with 25 patterns each, a third with ``*``, a sixth
phrases, of such words that a statement has about 1.4 hits. One core, unless it says two. Medians of some runs:

- ``bytes.count`` of a word that is not there, over the same bytes;
- a compiled ``re`` alternation for each code, over a sample, scaled up;
- ``ahocorasick_rs`` and ``pyahocorasick`` with the patterns' letters, called for each statement, over a sample, scaled
  up; they know no words, no case and no phrases, so it is less than what the rules do;
- ``hyperscan`` with the same literals over the whole buffer, with a callback for each hit.

At the end, what the rules say of a sample is compared with a naive matcher: the one of the tests.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tabulate import tabulate

import policygap as pg

SEED = 20220310
VOCABULARY, CODES, EACH = 30_000, 60, 25
LETTERS = "abcdefghijklmnoprstuvyæøå"
FREQUENT = (8, 2, 1, 4, 15, 2, 4, 2, 6, 1, 4, 5, 3, 7, 5, 2, 8, 6, 8, 2, 2, 1, 0.5, 1, 1.5)
SAMPLE = 20_000


def vocabulary(chance: np.random.Generator) -> list[str]:
    """Distinct words of two to twelve letters, the frequent ones first."""
    odds = np.array(FREQUENT) / sum(FREQUENT)
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        words["".join(chance.choice(list(LETTERS), size=int(chance.integers(2, 13)), p=odds))] = None
    return list(words)


def statements(
    words: list[str], megabytes: float, chance: np.random.Generator, *, least: int = 4, most: int = 16
) -> pa.Array:
    """Sentences of so many words."""
    odds = 1 / np.arange(3, VOCABULARY + 3)
    count = int(megabytes * 1e6 / 7.6)
    drawn = pa.array(words).take(pa.array(chance.choice(VOCABULARY, size=count, p=odds / odds.sum())))
    ends = np.cumsum(chance.integers(least, most + 1, size=count // least))
    lists = pa.ListArray.from_arrays(pa.array(np.append(0, ends[ends <= count]).astype(np.int32)), drawn)
    texts = pc.binary_join_element_wise(pc.utf8_capitalize(pc.binary_join(lists, " ")), ".", "")
    return texts.cast(pa.large_string())


def patterns(words: list[str], chance: np.random.Generator) -> list[list[str]]:
    """For each code its patterns: two words of middling frequency, the others rare."""
    made: list[list[str]] = []
    for _ in range(CODES):
        own: list[str] = []
        for number in range(EACH):
            word = words[int(chance.integers(40, 250) if number < 2 else chance.integers(900, VOCABULARY))]
            kind = chance.random()
            if kind < 1 / 3 and len(word) > 4:
                word = (f"{word[:-1]}*", f"*{word[1:]}", f"*{word[1:-1]}*")[int(chance.integers(3))]
            elif kind > 5 / 6:
                word = f"{word} {words[int(chance.integers(100))]}"
            own.append(word)
        made.append(own)
    return made


def median(work: Callable[[], object], times: int) -> float:
    """The median of some runs, in seconds."""
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def expressions(made: list[list[str]]) -> list[re.Pattern[str]]:
    """For each code the regular expression that an analyst would write."""
    return [
        re.compile(
            r"\b(?:" + "|".join(re.escape(one).replace(r"\*", r"\w*").replace(r"\ ", r"\W+") for one in own) + r")\b",
            re.IGNORECASE,
        )
        for own in made
    ]


def peers(made: list[list[str]], texts: pa.Array, times: int) -> dict[str, float]:
    """Seconds of each peer for all texts."""
    sample = texts.slice(0, min(SAMPLE, len(texts))).to_pylist()
    few, more = sample[: len(sample) // 10], len(texts) / len(sample)
    literals = sorted({one.replace("*", "") for own in made for one in own})
    codes = expressions(made)
    data = texts.buffers()[2].to_pybytes()
    found = {"bytes.count": median(lambda: data.count(b"qzqz"), times)}
    plain = median(lambda: [[code for code in codes if code.search(text)] for text in few], 1)
    found["re, an alternation for each code"] = plain * 10 * more
    try:
        import ahocorasick
        import ahocorasick_rs
        import hyperscan
    except ImportError as error:
        print(f"without {error.name}: pip install '.[peers]'", file=sys.stderr)
        return found
    rust = ahocorasick_rs.AhoCorasick(literals)
    found["ahocorasick_rs for each statement"] = more * median(
        lambda: [rust.find_matches_as_indexes(text, overlapping=True) for text in sample], times
    )
    plain_c = ahocorasick.Automaton()
    for number, literal in enumerate(literals):
        plain_c.add_word(literal, number)
    plain_c.make_automaton()
    found["pyahocorasick for each statement"] = more * median(
        lambda: [list(plain_c.iter(text)) for text in sample], times
    )
    database = hyperscan.Database()
    database.compile(
        expressions=[literal.encode() for literal in literals],
        ids=list(range(len(literals))),
        elements=len(literals),
        flags=[hyperscan.HS_FLAG_SOM_LEFTMOST | hyperscan.HS_FLAG_CASELESS] * len(literals),
        literal=True,
    )
    hits: list[tuple[int, int, int]] = []

    def scan() -> None:
        hits.clear()
        database.scan(
            data, match_event_handler=lambda number, start, end, _flags, _context: hits.append((number, start, end))
        )

    found["hyperscan, literals over the buffer"] = median(scan, 1)
    return found


def agrees(made: list[list[str]], rules: pg.RuleSet, texts: pa.Array) -> bool:
    """Whether the rules and the tests' naive matcher say the same of a sample."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from test_rules import is_like, naive_fold, naive_words

    sample = texts.slice(0, min(SAMPLE, len(texts)))
    pieces = {
        one: [(naive_fold(word.strip("*")), word[0] == "*", word[-1] == "*") for word in one.split()]
        for own in made
        for one in own
    }
    likely: dict[str, list[tuple[int, str]]] = {}
    for place, own in enumerate(made):
        for one in own:
            likely.setdefault(one, []).append((place, one))
    known: dict[str, list[str]] = {}
    expected: list[tuple[int, str]] = []
    for row, text in enumerate(sample.to_pylist()):
        words = [naive_fold(word) for word, _ in naive_words(text)]
        codes = set()
        for at, word in enumerate(words):
            if word not in known:
                known[word] = [one for one, parts in pieces.items() if is_like(word, *parts[0])]
            for one in known[word]:
                rest = words[at : at + len(pieces[one])]
                fits = len(rest) == len(pieces[one])
                if fits and all(is_like(word, *part) for word, part in zip(rest, pieces[one], strict=True)):
                    codes |= {f"c{place:02}" for place, _ in likely[one]}
        expected += [(row, code) for code in sorted(codes)]
    return list(rules.classify(sample).itertuples(index=False, name=None)) == expected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--times", type=int, default=3)
    chosen = parser.parse_args()
    pa.set_cpu_count(1)
    chance = np.random.default_rng(SEED)
    words = vocabulary(chance)
    made = patterns(words, chance)
    texts = statements(words, chosen.megabytes, chance)
    rules = pg.RuleSet(name="made up", rules=[pg.Rule(f"c{place:02}", any=own) for place, own in enumerate(made)])
    size = texts.buffers()[2].size / 1e6
    hits = len(rules.classify(texts))
    taken = median(lambda: pg.RuleSet(name="x", rules=rules.rules).classify(texts), chosen.times)
    double = median(lambda: pg.RuleSet(name="x", rules=rules.rules).classify(texts, workers=2), chosen.times)
    once = median(lambda: rules.classify(["A short text of six words."]), 100)
    told = f"{len(texts):,} statements, {size:.0f} MB, {CODES} codes, {CODES * EACH} patterns"
    print(f"{told}, {hits / len(texts):.2f} codes a text")
    lines = [["policygap", f"{taken:.2f}", ""], ["policygap, two workers", f"{double:.2f}", f"{double / taken:.3g}"]]
    for name, seconds in peers(made, texts, chosen.times).items():
        lines.append([name, f"{seconds:.2f}", f"{seconds / taken:.3g}"])
    print(tabulate(lines, ["", "seconds", "of policygap's"], tablefmt="github"))
    print(f"one text: {1e6 * once:.0f} microseconds")
    print(f"the naive matcher says the same of {min(SAMPLE, len(texts)):,} statements: {agrees(made, rules, texts)}")


if __name__ == "__main__":
    main()
