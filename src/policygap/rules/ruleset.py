"""Named rules come in; codes for texts go out, with the words that decided and where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import field, frozen
from attrs.converters import optional

from ..errors import Problem, UsageError
from ..study import Study
from .batches import Batches
from .checking import check_rules
from .columns import classify_column
from .explaining import Explanation, explain
from .matching import Matcher
from .rule import Combination, Rule
from .suggesting import suggest_codings
from .texts import read_texts

__all__ = ["WRITTEN_ON", "RuleSet", "is_list_of_texts"]

WRITTEN_ON: Final = 'write written_on = { source = ["one", "other"] }, with a column of statements and its values'


def is_list_of_texts(values: object) -> bool:
    """Whether these are texts in a list."""
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


def _read_written_on(written_on: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Columns with lists of their values, or an error."""
    if not (isinstance(written_on, Mapping) and all(map(is_list_of_texts, written_on.values()))):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            [Problem(file="written_on", what=f"{written_on!r} is not columns with values", fix=WRITTEN_ON)]
        )
    return {column: tuple(values) for column, values in written_on.items()}


@frozen(kw_only=True, slots=False)
class RuleSet:
    """Rules that belong together, at most one a code.

    Parameters
    ----------
    name, version
        Who codes: together the coder's name of the codings that the rules suggest.
    rules
        The rules, with distinct codes.
    language
        Of the texts they are meant for, e.g. ``nb``, or ``None``.
    note
        For readers.
    written_on
        The statements of a study that the rules were written on, by columns and their values, e.g.
        ``{"source": ["letter-1", "letter-2"]}``; no evaluation counts these. ``None``: it is not said.

    Raises
    ------
    UsageError
        Where two rules have one code, or there is no name.

    Examples
    --------
    >>> import policygap as pg
    >>> rules = pg.RuleSet(
    ...     name="travel", rules=[pg.Rule("bus", any=["bus*"]), pg.Rule("rail", any=["train*", "light rail"])]
    ... )
    >>> rules.classify(["Buses and trains", "Nothing", "Light rail!"])
       text  code
    0     0   bus
    1     0  rail
    2     2  rail
    """

    name: str
    version: str = "1"
    rules: tuple[Rule | Combination, ...] = field(converter=tuple)
    language: str | None = None
    note: str = field(default="", eq=False)
    written_on: Mapping[str, tuple[str, ...]] | None = field(
        default=None, converter=optional(_read_written_on), hash=False
    )

    def __attrs_post_init__(self) -> None:
        problems = [
            Problem(file=name, what=f"{value!r} is no {name} of a rule set", fix="write a text that is not empty")
            for name, value in (("name", self.name), ("version", self.version))
            if not isinstance(value, str) or not value.strip()  # pyright: ignore[reportUnnecessaryIsInstance]
        ]
        codes = [rule.code for rule in self.rules]
        for code in dict.fromkeys(code for code in codes if codes.count(code) > 1):
            fix = "put their patterns into one rule, or combine them with |"
            problems.append(Problem(file=f"rule {code!r}", what=f"{codes.count(code)} rules have this code", fix=fix))
        if problems:
            raise UsageError(problems)

    def __getstate__(self) -> dict[str, Any]:
        # What was made ready stays here: it is large, has a lock, and is made anew from the rules.
        return {name: value for name, value in vars(self).items() if name != "_matcher"}

    @property
    def coder(self) -> str:
        """The name under which its codings stand."""
        return f"{self.name} {self.version}"

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, in order of the alphabet, which is the order of every result."""
        return tuple(rule.code for rule in self._matcher.rules)

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher.of(sorted(self.rules, key=lambda rule: rule.code))

    def classify(self, texts: Any, *, workers: int = 1) -> pd.DataFrame:
        """Find which texts get which codes.

        Parameters
        ----------
        texts
            A list, or a column of pandas, polars or Arrow. What is missing gets no code.
        workers
            How many threads may work on a big column.

        Returns
        -------
        pandas.DataFrame
            A row a text and code: ``text``, its position from 0; ``code``. In order of both.

        Raises
        ------
        UsageError
            Where ``texts`` is no column of texts.

        Examples
        --------
        >>> import policygap as pg
        >>> rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["*bus"], none=["no bus"])])
        >>> rules.classify(["Minibus", None, "No bus here"])["text"].tolist()
        [0]
        """
        column = read_texts(texts)
        rows, places = classify_column(self._matcher, column, workers=workers)
        codes = pd.array(self.codes, dtype="str")
        return pd.DataFrame({"text": rows, "code": codes.take(places) if len(places) else codes[:0]})

    def batches(self, *, text: str = "text", keep: str | Sequence[str] = (), code: str = "code") -> Batches:
        """Make the function that gives codes to Arrow record batches, for engines that hold the texts.

        Parameters
        ----------
        text
            The column of texts.
        keep
            A column to repeat beside each code, such as the id, or several.
        code
            What to call the column of codes.

        Returns
        -------
        policygap.rules.batches.Batches
            What takes an iterator of record batches and gives one, as Spark's ``mapInArrow`` wants it; its
            ``partition`` does the same to pandas frames, for Dask's ``map_partitions``; ``schema``, ``ddl`` and
            ``meta`` tell beforehand what goes out. It can be pickled.

        Raises
        ------
        UsageError
            Where two columns that go out would have one name.

        Examples
        --------
        >>> import pyarrow as pa
        >>> import policygap as pg
        >>> rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["bus*"])])
        >>> batch = pa.record_batch({"who": ["ann", "bo"], "text": ["More buses", "Nothing"]})
        >>> [found.to_pylist() for found in rules.batches(keep="who")([batch])]
        [[{'who': 'ann', 'code': 'bus'}]]
        """
        return Batches(rules=self, text=text, keep=keep, code=code)

    def find(self, texts: Any) -> pd.DataFrame:
        """Find the words that gave texts their codes.

        Parameters
        ----------
        texts
            As for :meth:`classify`.

        Returns
        -------
        pandas.DataFrame
            A row for each place where a pattern of ``any``, ``all`` or ``near`` of a rule that fired stands: ``text``,
            its position; ``code``; ``pattern``, as it was written; ``start``, ``end``, characters of the text as it
            was given; ``words``, what stands there. A rule that fires because something is *not* there has no row.

        Examples
        --------
        >>> import policygap as pg
        >>> rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["*bus*"])])
        >>> rules.find(["More minibuses, please"]).iloc[0].to_dict()
        {'text': 0, 'code': 'bus', 'pattern': '*bus*', 'start': 5, 'end': 14, 'words': 'minibuses'}
        """
        lines = [
            (place, reason.code, hit.pattern, hit.start, hit.end, hit.words)
            for place, text in enumerate(read_texts(texts).values())
            if text is not None
            for reason in explain(self._matcher, text).fired
            for hit in reason.hits
        ]
        columns = ["text", "code", "pattern", "start", "end", "words"]
        kinds = {"text": np.int64, "code": "str", "pattern": "str", "start": np.int64, "end": np.int64, "words": "str"}
        return pd.DataFrame(lines, columns=columns).astype(kinds)

    def explain(self, text: str) -> Explanation:
        """Tell which rules fire on a text, on what words, and what kept others from it.

        Raises
        ------
        UsageError
            Where ``text`` is no text.

        Examples
        --------
        >>> import policygap as pg
        >>> rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["bus*"], none=["business"])])
        >>> print(rules.explain("A bus for business"))
        bus does not fire: 'bus*' ("bus", "business") stands there, but so does 'business' ("business")
        """
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError([Problem(file="text", what=f"{text!r} is no text", fix="give one text")])
        return explain(self._matcher, text)

    def check(self, study: Study | None = None) -> pd.DataFrame:
        """Find what in the rules can't be meant, and codes that a study does not have.

        Returns
        -------
        pandas.DataFrame
            As :func:`policygap.rules.checking.check_rules` gives it; empty where nothing is found.

        Examples
        --------
        >>> import policygap as pg
        >>> rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["bus", "*bus"])])
        >>> rules.check()["told"].tolist()
        ["'bus' is found by '*bus' already"]
        """
        known = None if study is None else [code.id for code in study.codes]
        return check_rules(self._matcher.rules, known)

    def suggest(self, study: Study, *, column: str = "text") -> pd.DataFrame:
        """Suggest codings for a study's statements, for :meth:`policygap.study.Study.with_codings`.

        Parameters
        ----------
        study
            The study.
        column
            The column of statements that holds the text in the rules' language.

        Returns
        -------
        pandas.DataFrame
            A row a statement and code, with the basis ``rule`` and the rule set's name and version as coder; and a row
            with a ``kind`` alone for a statement that got no code of a kind that the rules have codes of.

        Raises
        ------
        UsageError
            Where a rule's code is none of the study's, or there is no such column.

        Examples
        --------
        >>> import policygap as pg
        >>> study = pg.read_study("smabystrategi")
        >>> rules = pg.RuleSet(name="first try", rules=[pg.Rule("housing", any=["housing", "dwelling*"])])
        >>> more = study.with_codings(rules.suggest(study))
        >>> bool((more.codings["coder"] == "first try 1").any())
        True
        """
        return suggest_codings(self._matcher, self.coder, study, column)
