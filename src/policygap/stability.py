"""Coverage comes in; how far each target's share depends on any single unit goes out.

Leaving out one observation at a time is the jackknife's first step (Quenouille 1956; Efron and Tibshirani 1993, *An
Introduction to the Bootstrap*, ch. 11). What comes out is a range that was seen, not a confidence interval.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .coverage import Coverage, Tally
from .study import Study

__all__ = ["leave_one_out"]

Array = np.ndarray[Any, Any]

COLUMNS = ("kind", "share", "lowest", "highest", "without_lowest", "without_highest")
_TWO = 2  # units, at least: without the only one there is no share


def leave_one_out(coverage: Coverage) -> pd.DataFrame:
    """Find between which values a target's share lies when any single unit is left out.

    Parameters
    ----------
    coverage
        What was measured; its unit is what is left out, with all its statements.

    Returns
    -------
    pandas.DataFrame
        Indexed by target: ``kind``; ``share``; ``lowest`` and ``highest``, the extremes of the share with one unit left
        out (missing where no or one unit touches a target of the kind); ``without_lowest`` and ``without_highest``,
        the unit that was left out for each, the first by place in the study where several give the same.

    Examples
    --------
    >>> import policygap as pg
    >>> ranges = leave_one_out(pg.measure_coverage(pg.read_study("smabystrategi")))
    >>> bool((ranges["lowest"].dropna() <= ranges["share"].dropna()).all())
    True
    """
    study = coverage.study
    lines: list[dict[str, Any]] = []
    tallies = coverage.tallies
    for kind in study.target_kinds:
        below = _with_those_below(study, kind)
        for target in (code for code in study.targets if code.kind == kind):
            line = {"id": target.id, "kind": kind, "share": coverage.figure("share", target.id)}
            lines.append(line | (_extremes(tallies[kind], below[target.id]) if kind in tallies else {}))
    frame = pd.DataFrame(lines, columns=["id", *COLUMNS]).set_index("id")
    return frame.astype({"share": float, "lowest": float, "highest": float})


def _with_those_below(study: Study, kind: str) -> dict[str, Array]:
    """For each target of a kind, the positions of itself and of those of its kind under it."""
    where = {code.id: place for place, code in enumerate(study.codes)}
    found: dict[str, list[int]] = {}
    for code in study.targets:
        over: str | None = code.id if code.kind == kind else None
        while over is not None and study.codes[where[over]].kind == kind:
            found.setdefault(over, []).append(where[code.id])
            over = study.codes[where[over]].parent
    return {name: np.array(places) for name, places in found.items()}


def _extremes(tally: Tally, places: Array) -> dict[str, Any]:
    """The lowest and highest share of targets with one unit left out, and which unit that was.

    Only the units that touch a target of the kind have a part in its shares.
    """
    unit, target, part = tally.spread
    touching = np.unique(unit[part > 0])
    if len(touching) < _TWO:
        return {}
    mine = np.isin(target, places)
    parts = np.bincount(unit[mine], weights=part[mine], minlength=len(tally.weight))
    whole = np.bincount(unit, weights=part, minlength=len(tally.weight))[touching]
    without = (parts.sum() - parts[touching]) / (whole.sum() - whole)
    lowest, highest = int(np.argmin(without)), int(np.argmax(without))
    return {
        "lowest": float(np.clip(without[lowest], 0, 1)),
        "highest": float(np.clip(without[highest], 0, 1)),
        "without_lowest": str(tally.ids[touching[lowest]]),
        "without_highest": str(tally.ids[touching[highest]]),
    }
