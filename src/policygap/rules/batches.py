"""Record batches or partitions with a column of texts come in; those with kept columns and codes go out, anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from attrs import field, frozen

from ..arrow import load_pyarrow
from ..errors import Problem, UsageError
from ..spelling import suggest
from .arrow import is_text, plain_type
from .columns import classify_column
from .matching import compile_rules
from .texts import read_texts

if TYPE_CHECKING:
    from .ruleset import RuleSet

__all__ = ["Batches"]

_ROWS: Final = 100_000  # small batches are classified together, up to so many rows
_BYTES: Final = 32 << 20  # or so many bytes


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@frozen(kw_only=True)
class Batches:
    """Gives codes to record batches; made by :meth:`policygap.RuleSet.batches`.

    It can be pickled, and holds nothing but what it was given: a process that meets the same rules again finds them
    ready.

    Attributes
    ----------
    rules
        The rules.
    text
        The column of texts.
    keep
        Columns to repeat beside each code.
    code
        What the column of codes is called.
    """

    rules: RuleSet
    text: str = "text"
    keep: tuple[str, ...] = field(default=(), converter=_names)
    code: str = "code"

    def __attrs_post_init__(self) -> None:
        made = (*self.keep, self.code)
        problems = [
            Problem(file=name, what=f"{value!r} is no name of a column", fix="write a text")
            for name, value in (("text", self.text), *(("keep", one) for one in self.keep), ("code", self.code))
            if not isinstance(value, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        ]
        for name in dict.fromkeys(one for one in made if made.count(one) > 1):
            fix = "keep each column once, and give the codes another name with code="
            problems.append(Problem(file="keep", what=f"{made.count(name)} columns would be called {name!r}", fix=fix))
        if problems:
            raise UsageError(problems)

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Give codes to Arrow record batches, one after the other.

        Parameters
        ----------
        batches
            Record batches with the column of texts (of any kind of text, or dictionaries of texts) and those to keep.

        Yields
        ------
        pyarrow.RecordBatch
            The kept columns and the code, a row for each text and code, in order of the texts, then of the codes; of
            the schema that :meth:`schema` gives. Small batches are classified together, so there may be fewer than
            came in; their rows do not depend on where batches end.

        Raises
        ------
        UsageError
            Where a batch lacks a column, has no texts in it, or has columns of other kinds than the first; what is
            there is named.
        """
        pa = load_pyarrow("record batches")
        matcher = compile_rules(self.rules.rules)
        codes = pa.array([rule.code for rule in matcher.rules], type=pa.string())
        first: Any = None
        for number, table in _gather(pa, batches):
            self._check(table.schema.names, f"record batch {number}")
            schema = self.schema(table.schema)
            first = first or schema
            if schema != first:
                _refuse_kinds(number, schema, first)
            rows, places = classify_column(matcher, read_texts(table.column(self.text)))
            wanted = pa.array(rows)
            kept = [table.column(name).cast(first.field(name).type).combine_chunks() for name in self.keep]
            yield pa.RecordBatch.from_arrays(
                [*(column.take(wanted) for column in kept), codes.take(pa.array(places))], schema=first
            )

    def partition(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give codes to a pandas frame, such as a partition of a Dask frame.

        Parameters
        ----------
        frame
            With the column of texts and those to keep.

        Returns
        -------
        pandas.DataFrame
            The kept columns and the code, a row for each text and code; each has the index of its text, so that what
            is known of a Dask frame's divisions stays true.

        Raises
        ------
        UsageError
            Where the frame lacks a column, or has no texts in it.

        Examples
        --------
        >>> import pandas as pd
        >>> import policygap as pg
        >>> rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["bus*"]), pg.Rule("rail", any=["train*"])])
        >>> frame = pd.DataFrame({"who": ["ann", "bo", "cy"], "text": ["Buses and trains", None, "A bus"]})
        >>> rules.batches(keep="who").partition(frame)
           who  code
        0  ann   bus
        0  ann  rail
        2   cy   bus
        """
        self._check(list(frame.columns), "frame")
        matcher = compile_rules(self.rules.rules)
        codes = pd.array([rule.code for rule in matcher.rules], dtype="str")
        try:
            rows, places = classify_column(matcher, read_texts(frame[self.text]))
        except UsageError as error:
            raise UsageError([Problem(file="frame", column=self.text, what=str(error))]) from None
        found = frame[list(self.keep)].take(rows)
        return found.assign(**{self.code: codes.take(places) if len(places) else codes[:0]})

    def schema(self, given: Any) -> Any:
        """The schema of what goes out for record batches of a given one (both of pyarrow).

        Kept columns are of the type they had; a dictionary becomes what is in it. The code is a ``string``.
        """
        pa = load_pyarrow("record batches")
        self._check(given.names, "schema")
        kind = given.field(self.text).type
        if not is_text(kind):
            what = f"it holds {kind}, and no texts; there are {_listed(given)}"
            raise UsageError([Problem(file="schema", column=self.text, what=what, fix="name the column of texts")])
        kept = [pa.field(name, plain_type(given.field(name).type)) for name in self.keep]
        return pa.schema([*kept, pa.field(self.code, pa.string())])

    def ddl(self, frame: Any) -> str:
        """The schema of what goes out for a Spark frame, as ``mapInArrow`` takes it.

        Parameters
        ----------
        frame
            The Spark frame: anything with ``dtypes`` that are pairs of a name and a type in Spark's words.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> import policygap as pg
        >>> rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["bus*"])])
        >>> frame = SimpleNamespace(dtypes=[("id", "bigint"), ("text", "string")])  # stands for a Spark frame
        >>> rules.batches(keep="id").ddl(frame)
        '`id` bigint, `code` string'
        """
        kinds = dict(frame.dtypes)
        self._check(list(kinds), "frame")
        fields = [(name, kinds[name]) for name in self.keep] + [(self.code, "string")]
        return ", ".join(f"`{name.replace('`', '``')}` {kind}" for name, kind in fields)

    def meta(self, frame: Any) -> pd.DataFrame:
        """The empty frame that tells Dask what goes out for a Dask (or pandas) frame."""
        meta = getattr(frame, "_meta", None)  # which a Dask frame has, and whose first rows would have to be computed
        return self.partition(frame.head(0) if meta is None else meta)

    def _check(self, known: Sequence[Any], file: str) -> None:
        names = [str(name) for name in known]
        listed, fix = ", ".join(names) or "none", "name one of these"
        problems = [
            Problem(
                file=file, what=f"it has no column {name!r}; it has {listed}", fix=suggest(name, names, otherwise=fix)
            )
            for name in dict.fromkeys((self.text, *self.keep))
            if name not in names
        ] + [
            Problem(file=file, what=f"{names.count(name)} columns are called {name!r}", fix="give each its own name")
            for name in dict.fromkeys((self.text, *self.keep))
            if names.count(name) > 1
        ]
        if problems:
            raise UsageError(problems)


def _gather(pa: Any, batches: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Batches that follow one another and have one schema, as tables of some size; and the first one's number."""
    waiting: list[Any] = []
    start, rows, size = 1, 0, 0
    for number, batch in enumerate(batches, start=1):
        if not isinstance(batch, pa.RecordBatch):
            what = f"a {type(batch).__name__} is no record batch"
            raise UsageError([Problem(file=f"record batch {number}", what=what, fix="give pyarrow.RecordBatch")])
        if waiting and (rows >= _ROWS or size >= _BYTES or batch.schema != waiting[0].schema):
            yield start, pa.Table.from_batches(waiting)
            waiting, start, rows, size = [], number, 0, 0
        waiting.append(batch)
        rows, size = rows + len(batch), size + batch.nbytes
    if waiting:
        yield start, pa.Table.from_batches(waiting)


def _listed(schema: Any) -> str:
    return ", ".join(f"{one.name}: {one.type}" for one in schema)


def _refuse_kinds(number: int, schema: Any, first: Any) -> None:
    what = f"its columns are of other kinds ({_listed(schema)}) than those of the first ({_listed(first)})"
    raise UsageError([Problem(file=f"record batch {number}", what=what, fix="write all parts in the same way")])
