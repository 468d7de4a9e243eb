"""Tables or a path come in; a study, the unit that is read, checked, written and reported, goes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from attrs import evolve, field, frozen

from . import io
from .checks import check_tables
from .errors import Problem, StudyError, UsageError
from .ids import refer
from .io.descriptor import tidy_meta
from .io.formats import find_format
from .io.limits import Limits
from .io.mapping import CodeMapping
from .model import Actor, Claim, Code, Group, Question, Record, Response, Source, StatedCount
from .notices import Notice, find_notices
from .package import Package, RawTable
from .parse import parse_tables
from .schema import READINGS, TABLES
from .showing import to_html_table
from .spelling import nearest

R = TypeVar("R", bound=Record)
T = TypeVar("T")

__all__ = ["Study", "build_study", "find_problems", "list_bundled", "read_study"]


_ROWS_AT_ONCE = 100_000  # that are made into text for a fingerprint

_RECORDS = (
    "themes",
    "targets",
    "groups",
    "actors",
    "sources",
    "questions",
    "responses",
    "stated_counts",
    "claims",
    "codes",
    "target_kinds",
    "umbrellas",
)


_SWAPPED = {"both": "both", "main": "alternative", "alternative": "main"}
# By the place of a reading that of the one it is swapped for; a missing one, -1, reads the last.
_OTHER = np.array([*(READINGS.index(_SWAPPED[word]) for word in READINGS), -1])


class _Tables(Mapping[str, pd.DataFrame]):
    """Frames by name that can't be changed from outside: whoever asks for one gets a frame of their own.

    Such a frame shares the columns until one of them is written to, so handing it out costs next to nothing.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        shared = frames._frames if isinstance(frames, _Tables) else {}  # nobody outside has these
        rest = {name: frames[name].copy(deep=False) for name in frames if name not in shared}
        self._frames = {**shared, **rest}

    def but(self, **frames: pd.DataFrame) -> _Tables:
        """The same frames with some others in place of theirs."""
        made = _Tables(self)
        made._frames.update({name: frame.copy(deep=False) for name, frame in frames.items()})
        return made

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._frames[name].copy(deep=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __repr__(self) -> str:
        return repr(self._frames)


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Study:
    """One comparison: its nouns, its evidence, its sources.

    A study is made by :func:`read_study` or :func:`build_study` and never changes; methods that change something
    return a new one. The typed tables hold the truth; records (:attr:`codes`, :attr:`groups`, ...) are made of them
    when asked for.

    Attributes
    ----------
    name
        Its short name: a bundled id, or the folder's or file's name.
    meta
        ``title``, ``languages``, ``default_coder``, ``sampling`` and whatever else the study says of itself.
    tables
        A typed frame for each table of the design, empty where the study has none.

    Examples
    --------
    >>> study = read_study("smabystrategi")
    >>> study.theme("town-capacity").kind
    'theme'
    """

    name: str
    meta: Mapping[str, Any] = field(factory=dict)
    tables: _Tables = field(converter=_Tables)
    remarks: tuple[str, ...] = ()
    shared: dict[Any, Any] = field(init=False, factory=dict)  # what was worked out once; see counting_only

    # -- what it says of itself ---------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The study's title, or its name."""
        return str(self.meta.get("title") or self.name)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of its labels and texts, the main one first."""
        return tuple(self.meta.get("languages") or ())

    @property
    def sampling(self) -> str:
        """How the input came about: ``census``, ``random``, ``self_selected`` or ``unknown``."""
        return str(self.meta.get("sampling") or "unknown")

    @property
    def default_coder(self) -> str | None:
        """Whose codings count unless another coder is asked for; ``None``: those of all coders."""
        coder = self.meta.get("default_coder")
        return None if coder is None else str(coder)

    # -- evidence, as frames ------------------------------------------------------------------------------------------

    @property
    def statements(self) -> pd.DataFrame:
        """The statements, a row each (see :data:`policygap.schema.TABLES` for the columns)."""
        return self.tables["statements"]

    @property
    def codings(self) -> pd.DataFrame:
        """The codings, a row each; an empty code says that a coder looked and found nothing of that kind."""
        return self.tables["codings"]

    @property
    def links(self) -> pd.DataFrame:
        """The direct theme-target relations, a row each."""
        return self.tables["links"]

    # -- nouns, as records --------------------------------------------------------------------------------------------

    @cached_property
    def themes(self) -> tuple[Code, ...]:
        """The themes, in the order of the codebook."""
        rows = self.tables["themes"].to_dict("records")
        return tuple(Code.from_row({**row, "kind": "theme"}) for row in rows)  # type: ignore[dict-item]  # columns are named by text

    @cached_property
    def targets(self) -> tuple[Code, ...]:
        """The targets of every kind, in the order of the study."""
        return self._records(Code, "targets")

    @cached_property
    def codes(self) -> tuple[Code, ...]:
        """The themes, then the targets."""
        return (*self.themes, *self.targets)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The actor groups."""
        return self._records(Group, "groups")

    @cached_property
    def actors(self) -> tuple[Actor, ...]:
        """The actors."""
        return self._records(Actor, "actors")

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The documents."""
        return self._records(Source, "sources")

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions of the consultation and the main themes above them."""
        return self._records(Question, "questions")

    @cached_property
    def responses(self) -> tuple[Response, ...]:
        """How the policy answers, by source."""
        return self._records(Response, "responses")

    @cached_property
    def stated_counts(self) -> tuple[StatedCount, ...]:
        """Numbers that sources state; several may contradict each other."""
        return self._records(StatedCount, "stated_counts")

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Conclusions that the sources themselves draw."""
        return self._records(Claim, "claims")

    def _records(self, kind: type[R], table: str) -> tuple[R, ...]:
        return tuple(kind.from_row(row) for row in self.tables[table].to_dict("records"))  # type: ignore[arg-type]

    @cached_property
    def target_kinds(self) -> tuple[str, ...]:
        """The kinds of target, in the order in which they first come."""
        return tuple(dict.fromkeys(self.tables["targets"]["kind"].dropna()))

    def code(self, name: str) -> Code:
        """The theme or target with that id.

        Raises
        ------
        UsageError
            Where there is none; the message names the nearest.
        """
        found = self._codes_by_id.get(str(name))
        if found is None:
            near = nearest(str(name), self._codes_by_id)
            fix = f"did you mean '{near}'?" if near else "see study.codes for those there are"
            raise UsageError([Problem(what=f"no theme or target has the id '{name}'", fix=fix)])
        return found

    def theme(self, name: str) -> Code:
        """The theme with that id; raises :class:`UsageError` where there is none."""
        return self._of_kind(name, theme=True)

    def target(self, name: str) -> Code:
        """The target with that id; raises :class:`UsageError` where there is none."""
        return self._of_kind(name, theme=False)

    def _of_kind(self, name: str, *, theme: bool) -> Code:
        code = self.code(name)
        if code.is_theme is not theme:
            wanted = "theme" if theme else "target"
            raise UsageError([Problem(what=f"'{name}' is a {code.kind}, no {wanted}", fix=f"name a {wanted}")])
        return code

    @cached_property
    def _codes_by_id(self) -> dict[str, Code]:
        return {code.id: code for code in self.codes}

    def speaker_label(self, name: str, language: str | None = None) -> str:
        """The label of an actor or group."""
        record = self._speakers_by_id.get(name)
        if record is None:
            return name
        return record.in_language("label", language) or name if language else record.label

    @cached_property
    def _speakers_by_id(self) -> dict[str, Group | Actor]:
        return {record.id: record for record in (*self.groups, *self.actors)}

    @cached_property
    def umbrellas(self) -> frozenset[str]:
        """Ids of the groups that have groups under them."""
        return frozenset(self.tables["groups"]["parent"].dropna())

    # -- change, by a new study ---------------------------------------------------------------------------------------

    def with_tables(self, **tables: Any) -> Study:
        """A study with these tables in place of its own; they are checked like any others.

        Parameters
        ----------
        **tables
            A frame, or anything ``pandas.DataFrame`` takes, by table name.
        """
        return self._rebuilt(self.meta, {**self.tables, **tables})

    def with_codings(self, codings: Any) -> Study:
        """A study with these codings added to its own.

        Examples
        --------
        >>> study = read_study("smabystrategi")
        >>> first = study.statements["id"].iloc[0]
        >>> more = study.with_codings([{"statement": first, "code": "housing", "coder": "second"}])
        >>> len(more.codings) - len(study.codings)
        1
        """
        added = pd.DataFrame(codings)
        return self.with_tables(codings=_stack(self.codings, added))

    def with_meta(self, **meta: Any) -> Study:
        """A study with these words about itself, such as ``default_coder``."""
        return self._rebuilt({**self.meta, **meta}, self.tables)

    def _rebuilt(self, meta: Mapping[str, Any], tables: Mapping[str, Any]) -> Study:
        built = build_study(name=self.name, meta=meta, **tables)
        return evolve(built, remarks=self.remarks)

    def with_parent_codings(self) -> Study:
        """A study in which every coding with a code is one with the code's parents too.

        A code is touched by its own codings alone; this rolls the codings of children up, for all measures alike.
        """
        parent = {code.id: code.parent for code in self.codes if code.parent}
        kinds = {code.id: code.kind for code in self.codes}
        added, layer = [], self.codings[self.codings["code"].notna()]
        while not layer.empty:
            # A target may have a parent of another kind: that is another axis and is left alone.
            up = {child: over for child, over in parent.items() if kinds.get(over) == kinds[child]}
            layer = layer.assign(code=layer["code"].astype(object).map(up))
            layer = layer[layer["code"].notna()]
            added.append(layer)
        return self.with_codings(pd.concat(added).drop_duplicates()) if added else self

    def select_statements(self, mask: Any) -> Study:
        """A study with the statements where ``mask`` is true, and their codings.

        A statement that restates one left out stands on its own.
        """
        kept = self.statements[mask]
        restated = kept["restates"].where(kept["restates"].isin(kept["id"]))
        codings = self.codings[self.codings["statement"].isin(kept["id"])]
        tables = {**self.tables, "statements": kept.assign(restates=restated).reset_index(drop=True)}
        # What was checked whole stays right in part, so it is not checked again.
        return evolve(self, tables={**tables, "codings": codings.reset_index(drop=True)})

    def counting_only(self, mask: Any) -> Study:
        """A study in which the statements where ``mask`` is false are kept but not counted.

        Unlike :meth:`select_statements` it leaves restatements what they are: one whose original is not counted does
        not step into its place.
        """
        statements = self.statements
        counted = statements["counted"].fillna(value=True) & pd.Series(mask, index=statements.index, dtype=bool)
        return self._sharing(statements=statements.assign(counted=counted.astype("boolean")))

    def with_readings_swapped(self, mask: Any) -> Study:
        """A study in which codings where ``mask`` is true, if in one reading alone, are in the other one instead."""
        chosen, places = np.asarray(mask, dtype=bool), self._readings.copy()
        places[chosen] = _OTHER[places[chosen]]
        swapped = pd.Categorical.from_codes(places, dtype=pd.CategoricalDtype(list(READINGS)))
        return self._sharing(codings=self.codings.assign(reading=swapped))

    @cached_property
    def _readings(self) -> np.ndarray[Any, Any]:
        """The reading of each coding, as its place among the words; -1 where it is missing."""
        reading = self.codings["reading"].astype("category")
        return reading.cat.set_categories(list(READINGS)).cat.codes.to_numpy()

    def _sharing(self, **tables: pd.DataFrame) -> Study:
        """The study with tables that differ only in what is counted or how it is read.

        Neither makes anything wrong, so it is not checked again; and what was worked out of the rest stays true.
        """
        made = evolve(self, tables=self.tables.but(**tables))
        made.shared.update(self.shared)
        # Records are made of the other tables.
        made.__dict__.update({name: self.__dict__[name] for name in _RECORDS if name in self.__dict__})
        return made

    # -- out ----------------------------------------------------------------------------------------------------------

    def once(self, name: Hashable, make: Callable[[Study], T]) -> T:
        """What ``make`` makes of the study, made once for it and all that are counted or read otherwise.

        So it may hang on everything but which statements are counted and the readings of codings.
        """
        if name not in self.shared:
            self.shared[name] = make(self)
        return self.shared[name]

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """What is odd but not wrong, such as stated counts that contradict each other; nothing is mended."""
        return find_notices(self.tables, self.meta, self.remarks)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when the study does, and not with the order of rows or columns."""
        digest = hashlib.sha256(json.dumps(_plain(self.meta), sort_keys=True, default=str).encode())
        for name in TABLES:
            frame = self.tables[name].dropna(axis="columns", how="all")
            columns = sorted(frame.columns)
            digest.update(f"{name}:{columns}:{len(frame)}:{_sum_rows(frame, columns):x}".encode())
        return digest.hexdigest()[:16]

    def write(self, path: str | Path, *, format: str | None = None) -> tuple[str, ...]:
        """Write the study to a folder (a Data Package), an ``.xlsx`` workbook or a file that another program opens.

        The old files stay whole on failure.

        Parameters
        ----------
        path
            A folder that is new, empty or holds a study; or a file whose ending names the format.
        format
            The name of another program's format, where the ending does not tell.

        Returns
        -------
        tuple of str
            A sentence for each thing of the study that the format can't hold; none for folders and workbooks.

        Raises
        ------
        StudyError
            Where a text can't be held by the format, or the disk refuses; nothing is changed then.
        UsageError
            Where the folder is not empty and holds no study, or there is no such format.
        """
        tables = {name: RawTable(file=name, frame=frame) for name, frame in self.tables.items()}
        return io.write_package(Package(name=self.name, meta=self.meta, tables=tables), Path(path), format=format)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same: metadata and tables, in whatever order the rows and columns stand."""
        if not isinstance(other, Study):
            return NotImplemented
        return _plain(self.meta) == _plain(other.meta) and all(
            _same_rows(self.tables[name], other.tables[name]) for name in TABLES
        )

    __hash__ = None  # type: ignore[assignment]  # a study holds frames

    def __repr__(self) -> str:
        sizes = (f"{len(self.tables[name])} {name}" for name in TABLES if len(self.tables[name]))
        return f"<Study {self.name!r}: {', '.join(sizes)}>"

    def _repr_html_(self) -> str:
        """The tables and their sizes, as a notebook shows them."""
        rows = [(name, len(self.tables[name])) for name in TABLES if len(self.tables[name])]
        return to_html_table(self.title, ["table", "rows"], rows)


def _plain(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in meta.items() if value not in (None, "", [], ())}


def _same_rows(one: pd.DataFrame, two: pd.DataFrame) -> bool:
    if (one.empty and two.empty) or one.equals(two):
        return True
    one, two = one.dropna(axis="columns", how="all"), two.dropna(axis="columns", how="all")
    if len(one) != len(two) or set(one.columns) != set(two.columns):
        return False
    columns = sorted(one.columns)
    return _sorted_text(one, columns).equals(_sorted_text(two, columns))


def _sorted_text(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    cells = {name: frame[name].astype(object).where(frame[name].notna(), None).map(_cell) for name in columns}
    text = pd.DataFrame(cells, columns=columns)
    return text.sort_values(columns).reset_index(drop=True) if columns else text


def _sum_rows(frame: pd.DataFrame, columns: list[str]) -> int:
    """A number that hangs on what the rows say and not on their order: the sum of a digest of each, some at a time.

    Sums of digests of rows tell multisets apart as digests tell texts (Bellare and Micciancio 1997).
    """
    total = 0
    for first in range(0, len(frame), _ROWS_AT_ONCE):
        block = frame.iloc[first : first + _ROWS_AT_ONCE]
        cells = [block[name].astype(object).where(block[name].notna(), None).map(_cell) for name in columns]
        for row in zip(*cells, strict=True):
            said = "".join(f"{len(text)}:{text}" for text in row).encode("utf-8", "surrogatepass")
            total += int.from_bytes(hashlib.blake2b(said, digest_size=32).digest())
    return total % (1 << 256)


def _cell(value: object) -> str:
    # A missing cell sorts first and equals no text.
    return "" if value is None else f"={value}"


def _stack(frame: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    """Two frames under each other, as text where their types differ."""
    names = list(dict.fromkeys([*frame.columns, *added.columns]))
    plain = [part.reindex(columns=names).astype(object) for part in (frame, added)]
    return pd.concat([part.where(part.notna(), None) for part in plain], ignore_index=True)


def list_bundled() -> tuple[str, ...]:
    """Ids of the studies that come with the library.

    Examples
    --------
    >>> list_bundled()
    ('smabystrategi',)
    """
    folder = resources.files("policygap").joinpath("data/studies")
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.is_dir()))


def _load(study: str | Path, mapping: CodeMapping | str | Path | None, limits: Limits | None) -> Package:
    if isinstance(study, str) and study in list_bundled():
        with resources.as_file(resources.files("policygap").joinpath(f"data/studies/{study}")) as folder:
            return io.read_package(folder, mapping=mapping, limits=limits)
    if not Path(study).exists():
        bundled = ", ".join(list_bundled())
        fix = f"give the path of a folder or a file, or the id of a bundled study ({bundled})"
        raise UsageError([Problem(file=str(study), what="there is no such study", fix=fix)])
    found = find_format(Path(study), reading=True) if Path(study).is_file() else None
    if found is not None and not found.whole:
        fix = "start a study from it: policygap new DIR --from FILE"
        raise UsageError([Problem(file=str(study), what=f"{found.about} holds no statements", fix=fix)])
    return io.read_package(Path(study), mapping=mapping, limits=limits)


def _assemble(package: Package) -> tuple[Study | None, tuple[Problem, ...]]:
    frames, problems = parse_tables(package)
    codings = frames["codings"]
    frames["codings"] = codings.assign(statement=refer(codings["statement"], frames["statements"]["id"]))
    found = (*package.problems, *problems)
    files = {name: table.file for name, table in package.tables.items()}

    def row(table: str, position: int) -> tuple[str, int]:
        return package.tables[table].place(position) if table in package.tables else (table, position + 2)

    found = (*found, *check_tables(frames, package.meta, files, row, unread=_unread(package, frames)))
    if found:
        return None, found
    # The id is the name of a file or folder: a study that is copied elsewhere is the same study.
    meta = {key: value for key, value in package.meta.items() if value is not None and key != "id"}
    return Study(
        name=str(package.meta.get("id") or package.name), meta=meta, tables=frames, remarks=package.remarks
    ), ()


def _unread(package: Package, frames: Mapping[str, pd.DataFrame]) -> frozenset[str]:
    """Tables that could not be read whole: each reference to them would look like a problem of its own."""
    blamed = {problem.file for problem in package.problems}
    lost = {name for name in TABLES if name not in package.tables} if package.problems else set[str]()
    ragged = {name for name, table in package.tables.items() if table.file in blamed}
    keys = {name: table.key for name, table in TABLES.items() if table.key is not None}
    nameless = {name for name, key in keys.items() if len(frames[name]) and frames[name][key].isna().all()}
    return frozenset(lost | ragged | nameless)


def read_study(
    path: str | Path, *, mapping: CodeMapping | str | Path | None = None, limits: Limits | None = None
) -> Study:
    """Read a study.

    Parameters
    ----------
    path
        The id of a bundled study, a folder (a Data Package or plain CSV files), an ``.xlsx`` workbook, or a file of
        another program, such as a ``.qdpx`` project (needs the extra ``qda``).
    mapping
        Which codes of another program are what, or the path of the TOML file that says it. By default the file of
        the same name that ends in ``.toml``, if there is one; else one is proposed, and a notice says so.
    limits
        How much of another program's file is read.

    Raises
    ------
    UsageError
        Where there is nothing at the path.
    StudyError
        With every problem at once: file, row, column, what is wrong and how to mend it.

    Examples
    --------
    >>> study = read_study("smabystrategi")
    >>> study.target("A").kind
    'focus_area'
    """
    study, problems = _assemble(_load(path, mapping, limits))
    if study is None:
        raise StudyError(problems)
    return study


def find_problems(
    path: str | Path, *, mapping: CodeMapping | str | Path | None = None, limits: Limits | None = None
) -> tuple[Problem, ...]:
    """Every problem of a study at a path, none where it can be read.

    Examples
    --------
    >>> find_problems("smabystrategi")
    ()
    """
    return _assemble(_load(path, mapping, limits))[1]


def build_study(
    *, name: str = "study", title: str | None = None, meta: Mapping[str, Any] | None = None, **tables: Any
) -> Study:
    """Build a study from tables in memory.

    Parameters
    ----------
    name, title
        A short name, and the study's title.
    meta
        ``languages``, ``default_coder``, ``sampling`` and any further words about the study.
    **tables
        A frame, or anything ``pandas.DataFrame`` takes, for each table: ``themes`` and ``targets``, with
        ``statements`` and ``codings``, or ``links``, or both; the others are optional.

    Raises
    ------
    StudyError
        With every problem at once; ``row`` counts as in a sheet with a header.

    Examples
    --------
    >>> study = build_study(
    ...     themes=[{"id": "buses", "label": "More buses"}],
    ...     targets=[{"id": "T1", "kind": "focus_area", "label": "Transport"}],
    ...     links=[{"theme": "buses", "target": "T1", "relation": "subset"}],
    ... )
    >>> study
    <Study 'study': 1 themes, 1 targets, 1 links>
    """
    frames = {table: _frame(table, rows) for table, rows in tables.items() if rows is not None}
    # An empty list of rows has no columns either: it is no table.
    raw = {table: RawTable(file=table, frame=frame) for table, frame in frames.items() if len(frame.columns)}
    given = {**(meta or {}), **({"title": title} if title is not None else {})}
    said, wrong = tidy_meta(given, file="meta")
    study, problems = _assemble(Package(name=name, meta=said, tables=raw))
    problems = (*wrong, *problems)
    if study is None or problems:
        raise StudyError(problems)
    return study


def _frame(table: str, rows: Any) -> pd.DataFrame:
    if isinstance(rows, pd.DataFrame):
        return rows.reset_index(drop=True)
    if hasattr(rows, "to_pandas"):
        return rows.to_pandas().reset_index(drop=True)
    try:
        return pd.DataFrame(list(rows) if isinstance(rows, Iterable) and not isinstance(rows, Mapping) else rows)
    except (TypeError, ValueError) as error:
        what = f"this can't be made into a table ({error})"
        raise StudyError([Problem(file=table, what=what, fix="give a DataFrame or a list of dicts")]) from None
