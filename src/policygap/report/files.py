"""A study and a folder come in; a report's files stand in the folder, whole, or nothing is changed."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
from attrs import evolve

from .. import __version__
from ..choices import Choices
from ..errors import Problem, UsageError
from ..escaping import flat, for_spreadsheet
from ..evidence import collect_evidence
from ..io.atomic import replace_files
from ..robustness import Robustness
from ..spelling import suggest
from ..study import Study
from .content import Content, gather_content
from .draw import Drawings
from .markdown import render_document
from .memo import render_memo
from .outline import write_document
from .page import render_page
from .sheets import render_workbook

__all__ = ["FORMATS", "check_place", "collect_tables", "to_csv", "write_content", "write_report"]

FORMATS = ("html", "xlsx", "docx", "figures", "md", "csv")
"""What a report may be written as, in order."""

_NEEDS = {
    "html": ("jinja2", "scipy", "vl_convert"),
    "xlsx": ("xlsxwriter",),
    "docx": ("docx", "vl_convert"),
    "figures": ("vl_convert",),
}

MANIFEST = "report.json"
"""The file that marks a folder as a report, and lists what is in it."""

_OWN = re.compile(r"(?:figures/)?[A-Za-z0-9_-]+\.[a-z]+", re.ASCII)


def write_report(
    study: Study,
    out: str | Path,
    *,
    language: str = "en",
    formats: Iterable[str] = FORMATS,
    choices: Choices | None = None,
    force: bool = False,
    robustness: bool | Robustness = True,
    seed: int = 0,
    **options: Any,
) -> tuple[Path, ...]:
    """Write the report of a study: a page, a workbook, a memo, a Markdown document, figures and the tables behind them.

    Parameters
    ----------
    study
        The study.
    out
        A folder: new, empty, or a report that is then replaced.
    language
        ``en`` or ``nb``.
    formats
        Any of ``html``, ``xlsx``, ``docx``, ``figures`` (SVG and PNG), ``md`` and ``csv`` (a file for each table); all
        unless said otherwise. The first four need the extra ``report``.
    force
        Write into a folder that holds other things; they are left alone.
    robustness
        Whether to count in every other defensible way too, so that each gap and claim says how firmly it stands; that
        takes a while. Or what :func:`policygap.robustness.measure_robustness` gave.
    seed
        Of what is drawn at random: the same seed gives the same report.
    choices, **options
        How to count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    tuple of Path
        The files, in the order of the formats above. The same study gives the same bytes.

    Raises
    ------
    UsageError
        Where a format is not known or its extra not installed, the folder holds something else, or can't be written.

    Examples
    --------
    >>> import tempfile, policygap as pg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = pg.write_report(pg.read_study("smabystrategi"), folder, formats=["md"], robustness=False)
    >>> files[0].name
    'report.md'
    """
    wanted = check_place(out, formats, force=force)
    content = gather_content(study, language, choices, robustness=robustness, seed=seed, **options)
    return write_content(content, out, formats=wanted, force=force)


def check_place(out: str | Path, formats: Iterable[str], *, force: bool = False) -> tuple[str, ...]:
    """The formats in order; refused before any work is done where they or the folder can't be had.

    Raises
    ------
    UsageError
        Where a format is not known or its extra not installed, or the folder holds something else.
    """
    wanted = _check_formats(formats)
    _refuse(Path(out), force=force)
    return wanted


def _check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    wanted = (formats,) if isinstance(formats, str) else tuple(formats)
    known = ", ".join(FORMATS)
    problems = [
        Problem(
            file="formats", what=f"'{name}' is not known", fix=suggest(str(name), FORMATS, otherwise=f"use {known}")
        )
        for name in wanted
        if name not in FORMATS
    ]
    if not wanted:
        problems.append(Problem(file="formats", what="there is none", fix=f"use any of {known}"))
    missing = {name: library for name in wanted for library in _NEEDS.get(name, ()) if find_spec(library) is None}
    if missing:
        libraries = ", ".join(sorted(set(missing.values())))
        what = f"{', '.join(missing)} can't be written without the extra 'report' ({libraries})"
        fix = "run: pip install 'policygap[report]', or choose other formats, such as md and csv"
        problems.append(Problem(file="formats", what=what, fix=fix))
    if problems:
        raise UsageError(problems)
    return tuple(name for name in FORMATS if name in wanted)


def write_content(
    content: Content,
    out: str | Path,
    *,
    formats: Iterable[str] = FORMATS,
    force: bool = False,
    steps: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> tuple[Path, ...]:
    """Write what was gathered; see :func:`write_report`. ``steps`` may show how far it has come."""
    folder, wanted = Path(out), check_place(out, formats, force=force)
    document = write_document(content)
    drawings = Drawings(document)
    pictures = list(drawings) if "figures" in wanted else []
    files: dict[str, bytes] = {}
    for name in steps(wanted):
        if name == "html":
            files["report.html"] = render_page(content, document, drawings).encode()
        elif name == "xlsx":
            files["report.xlsx"] = render_workbook(content, document)
        elif name == "docx":
            files["report.docx"] = render_memo(document, drawings)
        elif name == "figures":
            files |= {f"figures/{figure}.svg": drawings.svg(figure).encode() for figure in drawings}
            files |= {f"figures/{figure}.png": drawings.png(figure) for figure in drawings}
        elif name == "md":
            files["report.md"] = render_document(document, pictures).encode()
        else:
            files |= {f"{table}.csv": to_csv(frame).encode() for table, frame in collect_tables(content).items()}
    files[MANIFEST] = _manifest(content, sorted(files)).encode()
    try:
        return _put(folder, files)
    except OSError as error:
        what = f"the report can't be written ({error.strerror or error})"
        raise UsageError([Problem(file=str(folder), what=what, fix="choose another folder with --out")]) from None


def _refuse(folder: Path, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError([Problem(file=str(folder), what="it is a file, no folder", fix="choose another folder")])
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file() and not force:
        fix = "choose another folder, or force it"
        raise UsageError([Problem(file=str(folder), what="the folder holds something that is no report", fix=fix)])


def _put(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write everything beside its place first, then move it there, so that a full disk leaves the old report whole."""
    stale = _listed(folder) - set(files)
    for parent in sorted({(folder / name).parent for name in files}):
        parent.mkdir(parents=True, exist_ok=True)
    writers = {folder / name: partial(_write, data=data) for name, data in files.items()}
    replace_files(writers, [folder / name for name in sorted(stale)])
    return tuple(writers)


def _write(stream: BinaryIO, data: bytes) -> None:
    stream.write(data)


def _listed(folder: Path) -> set[str]:
    """The files of an earlier report, by its own list; names that lead out of the folder are not believed."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("files", [])
        return {name for name in listed if isinstance(name, str) and _OWN.fullmatch(name)}
    return set()


def _manifest(content: Content, files: list[str]) -> str:
    choices = {name: flat_choice(value) for name, value in content.choices.as_dict().items()}
    data = {
        "policygap": __version__,
        "study": content.study.name,
        "fingerprint": content.study.fingerprint,
        "language": content.language,
        "choices": choices,
        "seed": content.drawn.seed,
        "files": files,
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def flat_choice(value: Any) -> Any:
    """A choice as JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): flat_choice(part) for name, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def collect_tables(content: Content) -> dict[str, pd.DataFrame]:
    """The tables behind a report, by file name without suffix; an index becomes the column ``id``."""
    coverage = content.coverage
    tables = {
        "gaps": _gaps(content),
        "themes": coverage.themes.reset_index(),
        "targets": coverage.targets.reset_index(),
        "left_out": coverage.left_out,
        "sides": content.sides.reset_index(),
        "claims": content.claims.reset_index(),
        "speakers": content.speakers,
        "conflicts": content.conflicts,
        "notices": _notices(content),
    }
    if content.holds_statements:
        tables["evidence"] = collect_evidence(content.study, content.choices)
    tables["intervals"] = content.drawn.intervals
    if content.robustness is not None:
        tables |= _of_robustness(content.robustness)
    tables["leave_one_out"] = content.ranges.reset_index()
    tables["prompted"] = content.prompted.reset_index()
    if content.by_group is not None:
        tables["by_group"] = content.by_group
    matrices = {f"matrix_{content.file_name(kind)}": matrix for kind, matrix in content.matrices.items()}
    return tables | {name: matrix.to_long() for name, matrix in matrices.items()}


def _gaps(content: Content) -> pd.DataFrame:
    """The gaps; without the ids of the statements behind them where there are too many to hold."""
    lines = content.gaps if content.holds_statements else [evolve(gap, statements=()) for gap in content.gaps]
    return pd.DataFrame([gap.to_dict() for gap in lines])


def _of_robustness(tried: Robustness) -> dict[str, pd.DataFrame]:
    outcomes = tried.outcomes.set_axis([f"{kind}:{name}" for kind, name in tried.outcomes.columns], axis="columns")
    return {
        "robustness": tried.findings,
        "robustness_effects": tried.effects(),
        "robustness_scenarios": tried.scenarios.join(outcomes).reset_index(names="scenario"),
    }


def _notices(content: Content) -> pd.DataFrame:
    lines = [
        {"kind": notice.kind, "subjects": notice.subjects, "notice": notice.sentence(content.language)}
        for notice in content.study.notices
    ]
    return pd.DataFrame(lines, columns=["kind", "subjects", "notice"])


def to_csv(table: pd.DataFrame) -> str:
    """A table as CSV that is safe to open in a spreadsheet: what would be a formula there gets an apostrophe."""
    plain = pd.DataFrame({name: [_cell(value) for value in table[name]] for name in table.columns}, dtype=object)
    return plain.to_csv(index=False, lineterminator="\n")


def _cell(value: Any) -> Any:
    value = flat(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return for_spreadsheet(value) if isinstance(value, str) else value
