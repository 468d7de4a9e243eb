"""A study's tables come in; a CSV with one row a statement and one column a code goes out: 1, 0, or empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from ...errors import Problem, StudyError
from ..outgoing import Outgoing, Written, find_losses

__all__ = ["write_wide"]

_HEAD: Final = ("id", "speaker", "group", "source", "locator", "kind", "text")
_COUNTED: Final = ("", "coder", "rule")  # bases of codings that people or rules made of a text


def write_wide(outgoing: Outgoing, name: str) -> Written:
    """Write statements as rows and codes as columns: 1 is coded, 0 looked for and not found, empty not looked for.

    Whatever the coder, a coding counts; readings other than the main one do not.
    """
    statements = outgoing.rows("statements")
    if not statements:
        fix = "choose a format for links, such as .sssom.tsv"
        raise StudyError([Problem(file="statements", what="the study has no statements to stand in rows", fix=fix)])
    codes = [("theme", row["id"]) for row in outgoing.rows("themes")]
    codes += [(row["kind"], row["id"]) for row in outgoing.rows("targets")]
    kind_of = {code: kind for kind, code in codes}
    given: dict[str, set[str]] = {}
    looked: dict[str, set[str]] = {}
    for row in outgoing.rows("codings"):
        if row.get("basis", "") in _COUNTED and row.get("reading") != "alternative":
            code = row.get("code")
            kind = kind_of.get(code, "") if code else row.get("kind", "")
            looked.setdefault(row["statement"], set()).add(kind)
            given.setdefault(row["statement"], set()).add(code or "")
    labels = {row["id"]: row["label"] for table in ("groups", "actors") for row in outgoing.rows(table)}
    group_of = {row["id"]: row["group"] for row in outgoing.rows("actors")}
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*_HEAD, *(f"{kind}/{code}" for kind, code in codes)])
    for row in statements:
        speaker = row["speaker"]
        held = {**row, "speaker": labels.get(speaker, speaker), "group": labels.get(group_of.get(speaker, speaker), "")}
        found, kinds = given.get(row["id"], set()), looked.get(row["id"], set())
        marks = ["1" if code in found else "0" if kind in kinds else "" for kind, code in codes]
        writer.writerow([*(held.get(column, "") for column in _HEAD), *marks])
    return Written(data=stream.getvalue().encode(), losses=_losses(outgoing, [kind for kind, _ in codes]))


def _losses(outgoing: Outgoing, kinds: Sequence[str]) -> tuple[str, ...]:
    held = {"statements": _HEAD, "codings": ("statement", "code", "kind"), "themes": ("id",), "targets": ("id", "kind"),
            "actors": ("id", "label", "group"), "groups": ("id", "label")}  # fmt: skip
    losses = find_losses(outgoing, held)
    own = sorted({kind for kind in kinds if kind not in ("theme", "focus_area", "recommendation")})
    if own:
        losses.append(f"To be read again, these kinds of target need a mapping: {', '.join(own)}.")
    return tuple(losses)
