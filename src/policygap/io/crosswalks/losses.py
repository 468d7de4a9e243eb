"""Tables and what a format holds of them come in; a sentence for each thing that it does not hold goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import Problem, StudyError
from ..outgoing import Outgoing, find_losses
from .contradictions import shown

__all__ = ["losses_of"]


def losses_of(outgoing: Outgoing, held: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A sentence for each table, and each filled column of a table, that a format does not hold.

    Parameters
    ----------
    outgoing
        The study's tables.
    held
        The columns that the format holds, by table; under ``study`` the metadata.

    Raises
    ------
    StudyError
        Where the study has no links, which are all that such a format holds.
    """
    if "links" not in outgoing.tables:
        fix = "choose a format for statements, such as .qdpx"
        raise StudyError([Problem(file="links", what="the study has no links, and this format holds no more", fix=fix)])
    losses: list[str] = []
    said = [str(key) for key in outgoing.meta if key not in ("id", *held.get("study", ()))]
    if said:
        losses.append(f"The format has no place for what is said of the study: {', '.join(said)}.")
    losses += find_losses(outgoing, held)
    linked = {side: {row.get(side) for row in outgoing.rows("links")} for side in ("theme", "target")}
    for side, ids in linked.items():
        alone = [row["id"] for row in outgoing.rows(f"{side}s") if row["id"] not in ids]
        if alone:
            losses.append(f"Without a link, and so left out: {side}s {shown(alone)}.")
    return tuple(losses)
