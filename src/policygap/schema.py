"""The tables of a study as data: nothing comes in; names, columns, vocabularies and references go out.

Reading, checking, writing, the data package's descriptor and the reference page all follow this one description.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from attrs import field, frozen

__all__ = [
    "RESERVED_KINDS",
    "SAMPLINGS",
    "TABLES",
    "Column",
    "Form",
    "Table",
    "is_variant",
]


class Form(StrEnum):
    """What the cells of a column hold."""

    ID = "id"  # this row's own id: text, unique in the table
    REF = "ref"  # an id of another row or table
    WORD = "word"  # one word of a vocabulary (or free where the vocabulary is open)
    TEXT = "text"  # any text
    INTEGER = "integer"  # a whole number, 0 or more
    NUMBER = "number"  # a number, 0 or more
    FLAG = "flag"  # true or false


@frozen(kw_only=True)
class Column:
    """One column of a table.

    ``refers`` names the tables whose ids the cells are; ``many`` marks lists separated by ``;``; ``words`` is the
    closed vocabulary of a ``WORD``, ``suggested`` words of an open one; ``varies`` marks text that may have language
    variants (``label_nb``).
    """

    name: str
    form: Form = Form.TEXT
    required: bool = False
    words: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    many: bool = False
    varies: bool = False
    note: str = ""


@frozen(kw_only=True)
class Table:
    """One table: its name, its columns in the order in which they are written, and what a row stands for."""

    name: str
    row: str
    columns: tuple[Column, ...] = field(converter=tuple)

    def column(self, name: str) -> Column | None:
        """The column of that name, or ``None`` for one the study brought itself."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that every row must fill."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def key(self) -> str | None:
        """The id column's name, or ``None`` where rows have no id of their own."""
        return next((column.name for column in self.columns if column.form is Form.ID), None)


SAMPLINGS: Final = ("census", "random", "self_selected", "unknown")
RESERVED_KINDS: Final = ("theme", "target", "code", "group", "speaker", "actor", "question", "addressee", "statement")
"""Words that name an axis of a matrix and so can't be a target's kind."""

_POLARITIES = ("for", "against")
READINGS = ("both", "main", "alternative")
_BASES = ("coder", "printed", "umbrella", "rule")
_RELATIONS = ("equal", "subset", "superset", "intersects", "none")
_VOICES = ("quote", "summary", "synthesis", "inference")
_STATEMENT_KINDS = ("call", "challenge", "opportunity", "example", "process", "stance")
_PRESENCES = ("named", "mentioned", "absent", "excluded", "not_evidenced")
_EMPHASES = ("stronger", "equal", "weaker")
_COMMITMENTS = ("fund", "act", "promote", "consider", "acknowledge", "none")
_IDENTIFICATIONS = ("named", "derived", "anonymous")


def _id(note: str = "") -> Column:
    return Column(name="id", form=Form.ID, required=True, note=note)


def _text(name: str, *, required: bool = False, varies: bool = False, note: str = "") -> Column:
    return Column(name=name, required=required, varies=varies, note=note)


def _word(name: str, words: tuple[str, ...], note: str = "") -> Column:
    return Column(name=name, form=Form.WORD, words=words, note=note)


def _ref(name: str, *tables: str, required: bool = False, many: bool = False, note: str = "") -> Column:
    return Column(name=name, form=Form.REF, refers=tables, required=required, many=many, note=note)


TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table(
            name="sources",
            row="a document: a submission, a strategy, a research report, or a synthesis of others",
            columns=(
                _id(),
                _text("title", required=True, varies=True),
                Column(
                    name="kind",
                    form=Form.WORD,
                    suggested=("submission", "strategy", "research", "synthesis"),
                    note="submission, strategy, research, synthesis, or your own",
                ),
                _text("publisher"),
                Column(name="year", form=Form.INTEGER),
                _text("language"),
                _text("url"),
            ),
        ),
        Table(
            name="groups",
            row="an actor group; groups nest, and a group with groups under it is an umbrella",
            columns=(
                _id(),
                _text("label", required=True, varies=True),
                _ref("parent", "groups"),
                Column(name="population", form=Form.NUMBER, note="how many the group has in all"),
                _text("population_source"),
            ),
        ),
        Table(
            name="actors",
            row="one who speaks",
            columns=(
                _id(),
                _text("label", required=True, varies=True),
                _ref("group", "groups", required=True),
                _text("region"),
                _word("identification", _IDENTIFICATIONS),
                Column(name="aliases", many=True, note="other names for the same actor"),
            ),
        ),
        Table(
            name="questions",
            row="a question of the consultation, or a main theme above questions",
            columns=(
                _id(),
                _text("label", required=True, varies=True),
                _ref("parent", "questions"),
                _ref("prompts", "themes", "targets", many=True, note="codes that the question itself names"),
            ),
        ),
        Table(
            name="themes",
            row="what input is about: an entry of the codebook, the graph's left side",
            columns=(
                _id(),
                _text("label", required=True, varies=True),
                _text("definition", varies=True),
                _ref("parent", "themes"),
            ),
        ),
        Table(
            name="targets",
            row="what input is compared with: the graph's right side",
            columns=(
                _id(),
                Column(
                    name="kind",
                    form=Form.WORD,
                    required=True,
                    suggested=("focus_area", "recommendation"),
                    note="focus_area, recommendation, or the study's own, such as priority",
                ),
                _text("label", required=True, varies=True),
                _text("definition", varies=True),
                Column(
                    name="type",
                    form=Form.WORD,
                    suggested=("field", "condition", "proposal"),
                    note="of a recommendation: field, condition or proposal",
                ),
                _ref("source", "sources"),
                _ref("parent", "targets"),
            ),
        ),
        Table(
            name="statements",
            row="one claim by one speaker at one locator in one source",
            columns=(
                _id(),
                _ref("speaker", "actors", "groups", required=True),
                _text("text", required=True, varies=True),
                _word("kind", _STATEMENT_KINDS),
                _ref("source", "sources"),
                _text("locator"),
                _ref("question", "questions"),
                _word("voice", _VOICES),
                _text("quantifier", note="such as 7 of 8, or most"),
                Column(name="addressees", many=True),
                Column(name="typical", form=Form.FLAG),
                _ref("restates", "statements"),
                Column(name="counted", form=Form.FLAG, note="false: kept, but left out of every count"),
            ),
        ),
        Table(
            name="codings",
            row="one coder's judgement that a statement is about a code",
            columns=(
                _ref("statement", "statements", required=True),
                _ref("code", "themes", "targets", note="empty: looked, and nothing of this kind fits"),
                Column(
                    name="kind",
                    form=Form.WORD,
                    suggested=("theme", "focus_area", "recommendation"),
                    note="what was looked for, where the code is empty",
                ),
                Column(name="coder", form=Form.WORD),
                _word("basis", _BASES, note="empty is coder"),
                _word("polarity", _POLARITIES, note="empty is unspecified, never for"),
                _word("reading", READINGS, note="empty is both"),
                _text("note", varies=True),
                _text("fingerprint", note="of the statement's text when it was coded, see diff_studies"),
            ),
        ),
        Table(
            name="links",
            row="a direct theme-target relation from a crosswalk, with no statement behind it",
            columns=(
                _ref("theme", "themes", required=True),
                _ref("target", "targets", note="empty, with relation none: compared with all targets, fits none"),
                _word("relation", _RELATIONS, note="set relation of the theme to the target (NIST IR 8477)"),
                _word("basis", _BASES),
                Column(name="coder", form=Form.WORD),
                _ref("source", "sources"),
                _text("locator"),
                Column(name="weight", form=Form.NUMBER),
            ),
        ),
        Table(
            name="responses",
            row="how the policy answers a theme or a recommendation",
            columns=(
                _ref("subject", "themes", "targets", required=True),
                _word("presence", _PRESENCES, note="not_evidenced: this source cannot tell"),
                _word("emphasis", _EMPHASES, note="against the input"),
                _word("commitment", _COMMITMENTS),
                _ref("source", "sources"),
                _text("locator"),
                _word("basis", _BASES),
                _text("note", varies=True),
            ),
        ),
        Table(
            name="stated_counts",
            row="a number that a source states about a group or the whole; several may contradict each other",
            columns=(
                _ref("subject", "groups", required=True, note="a group's id, or all"),
                Column(name="count", form=Form.NUMBER, required=True),
                _text("unit", note="what is counted; empty is submissions"),
                _ref("source", "sources"),
                _text("locator"),
            ),
        ),
        Table(
            name="claims",
            row="a conclusion that a source itself draws",
            columns=(
                _id(),
                _text("text", required=True, varies=True),
                _ref("source", "sources"),
                _text("locator"),
                _text("scope", note="column=value filters, unit and weights, separated by ;"),
                _text("assertion", note="an expression over computed figures; empty: not computable"),
            ),
        ),
    )
}


def is_variant(table: Table, name: str) -> Column | None:
    """The text column that ``name`` is a language variant of, such as ``label`` for ``label_nb``.

    Examples
    --------
    >>> is_variant(TABLES["themes"], "label_nb").name
    'label'
    >>> is_variant(TABLES["themes"], "colour_nb") is None
    True
    """
    stem, _, language = name.rpartition("_")
    column = table.column(stem)
    return column if column is not None and column.varies and language.isalpha() else None
