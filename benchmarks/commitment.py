"""Sentences labelled by hand come in; how well the bundled rules tell how binding they are goes out.

Run ``python benchmarks/commitment.py`` for the held-out sentences, ``--tuning`` for those that the rules were tuned on,
``--second`` and ``--third`` for the sentences of a second and a third author, ``--readers`` for how far two readers
agree, ``--errors`` for the sentences that the rules get wrong. Nothing is timed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import krippendorff
import pandas as pd
from tabulate import tabulate

import policygap as pg
from policygap.commitment import LEVELS

HERE = Path(__file__).parent


def read_labels(name: str) -> pd.DataFrame:
    """The labelled sentences, with the level the rules give them."""
    frame = pd.read_csv(HERE / f"commitment-{name}.csv", keep_default_na=False)
    given = [
        # Each by itself, since a sentence may be split further than whoever labelled it did.
        strongest(pg.measure_commitment(sentence, language).sentences["level"].dropna().tolist())
        for sentence, language in zip(frame["sentence"], frame["language"], strict=True)
    ]
    return frame.assign(given=given)


def strongest(levels: list[str]) -> str:
    return min(levels, key=LEVELS.index, default="none")


def score(frame: pd.DataFrame) -> list[list[str]]:
    """Precision, recall and F1 of every level."""
    rows = []
    for level in (*LEVELS, "none"):
        labelled, given = frame["level"] == level, frame["given"] == level
        both = int((labelled & given).sum())
        precision = both / max(int(given.sum()), 1)
        recall = both / max(int(labelled.sum()), 1)
        f1 = 2 * both / max(int(labelled.sum() + given.sum()), 1)
        rows.append([level, str(int(labelled.sum())), f"{precision:.2f}", f"{recall:.2f}", f"{f1:.2f}"])
    return rows


def accuracy(frame: pd.DataFrame) -> list[list[str]]:
    """The share of sentences whose level is right, by language and in all."""
    rows = []
    for language, part in [*frame.groupby("language"), ("all", frame)]:
        right = part["level"] == part["given"]
        rows.append([str(language), str(len(part)), str(int(right.sum())), f"{right.mean():.2f}"])
    return rows


def compare_readers() -> str:
    """Percent agreement and Krippendorff's nominal alpha of the two readers of the held-out sentences."""
    frame = pd.read_csv(HERE / "commitment-held-out.csv", keep_default_na=False)
    codes = {level: float(place) for place, level in enumerate((*LEVELS, "none"))}
    both = [[codes[label] for label in frame[name]] for name in ("level", "second")]
    alpha = krippendorff.alpha(reliability_data=both, level_of_measurement="nominal")
    same = (frame["level"] == frame["second"]).mean()
    return f"agreement {same:.0%}, alpha {alpha:.2f}, {len(frame)} sentences"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--second", action="store_true")
    parser.add_argument("--third", action="store_true")
    parser.add_argument("--readers", action="store_true")
    arguments = parser.parse_args()
    if arguments.readers:
        print(compare_readers())
        return
    half = "tuning" if arguments.tuning else "held-out"
    frame = read_labels("third" if arguments.third else f"second-{half}" if arguments.second else half)
    print(tabulate(score(frame), ["level", "labelled", "precision", "recall", "F1"], "github", disable_numparse=True))
    print()
    print(tabulate(accuracy(frame), ["language", "sentences", "right", "accuracy"], "github", disable_numparse=True))
    if arguments.errors:
        wrong = frame[frame["level"] != frame["given"]][["language", "level", "given", "sentence"]]
        print()
        print(tabulate(wrong.values.tolist(), list(wrong.columns), "github"))


if __name__ == "__main__":
    main()
