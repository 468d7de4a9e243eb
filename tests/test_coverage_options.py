"""The measures with every option, against loops in exact fractions; by their laws; and whatever strangers pass."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.choices import BASES, KINDS, VOICES
from policygap.testing import studies, tables

# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
SOME = settings(max_examples=max(1, settings().max_examples // 16))
FEW = settings(max_examples=max(1, settings().max_examples // 25))
UNITS = ("speaker", "actor", "statement")


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


# -- the reference: who counts


class Naive:
    """Every measure of a study, by loops over rows and in exact fractions."""

    def __init__(self, study: pg.Study, **options: Any) -> None:
        self.study, self.options = study, options
        self.kind_of = {code.id: code.kind for code in study.codes}
        self.parent_of = {code.id: code.parent for code in study.codes}
        self.group_of = {actor.id: actor.group for actor in study.actors}
        self.over = {group.parent for group in study.groups}
        self.unit, self.weights = options.get("unit", "speaker"), options.get("weights", "equal")
        self.statements = {row["id"]: row for row in rows_of(study.statements) if self.counts(row)}
        self.codings = [
            row | {"kind": self.kind_of.get(row["code"], row["kind"])}
            for row in rows_of(study.codings)
            if row["statement"] in self.statements
        ]
        self.codings = [row for row in self.codings if self.fits(row)]

    def axis(self, name: str, kind: str, otherwise: Any = None) -> Any:
        value = self.options.get(name)
        value = value.get(kind) if isinstance(value, dict) else value
        value = otherwise if value is None else value
        return (value,) if isinstance(value, str) else value

    def counts(self, row: Mapping[str, Any]) -> bool:
        voices = self.options.get("voices")
        of_voice = row["voice"] != "synthesis" if voices is None else row["voice"] is None or row["voice"] in voices
        return row["counted"] is not False and of_voice and (row["restates"] is None or self.options.get("restated"))

    def fits(self, row: Mapping[str, Any]) -> bool:
        coder, basis = self.axis("coder", row["kind"], self.study.default_coder), row["basis"] or "coder"
        return (
            (row["reading"] or "both") in ("both", self.options.get("reading", "main"))
            and basis in self.axis("basis", row["kind"], "coder")
            and (coder is None or basis != "coder" or (row["coder"] or self.study.default_coder) in coder)
        )

    def unit_of(self, row: Mapping[str, Any]) -> str | None:
        if self.unit == "actor" and row["speaker"] not in self.group_of:
            return None
        if isinstance(self.weights, str) and self.weights != "equal" and row["speaker"] in self.over:
            return None
        return row["id"] if self.unit == "statement" else row["speaker"]

    def members(self, kind: str) -> dict[str, str]:
        """Units assessed for a kind, with who speaks."""
        assessed = {row["statement"] for row in self.codings if row["kind"] == kind}
        rows = [self.statements[name] for name in self.statements if name in assessed]
        return {self.unit_of(row): row["speaker"] for row in rows if self.unit_of(row) is not None}

    def weigh(self, members: dict[str, str]) -> dict[str, Fraction]:
        groups = {name: self.group_of.get(speaker, speaker) for name, speaker in members.items()}
        # A group that speaks as one is a stratum of its own.
        strata = {name: (groups[name], speaker in self.group_of) for name, speaker in members.items()}
        sizes = {stratum: list(strata.values()).count(stratum) for stratum in strata.values()}
        if self.weights == "equal":
            return dict.fromkeys(members, Fraction(1))
        if self.weights == "group":
            return {name: Fraction(1, sizes[stratum]) for name, stratum in strata.items()}
        if self.weights == "population":
            population = {group.id: group.population for group in self.study.groups}
            return {name: Fraction(population[key[0]] or 0) / sizes[key] for name, key in strata.items()}
        given = self.weights
        return {
            name: Fraction(next(given[key] for key in (name, members[name], group) if key in given))
            for name, group in groups.items()
        }

    # -- the reference: what is measured

    def rows(self, kind: str, members: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in self.codings:
            unit = self.unit_of(self.statements[row["statement"]])
            if row["code"] is not None and row["kind"] == kind and unit in members:
                yield unit, row

    def lineage(self, code: str | None) -> list[str]:
        """A code and those of its kind over it."""
        found: list[str] = []
        while code is not None and (not found or self.kind_of[code] == self.kind_of[found[0]]):
            found.append(code)
            code = self.parent_of[code]
        return found

    def measure(self, kind: str) -> dict[str, dict[str, Any]]:
        """The figures of every code of a kind; none where no unit was assessed for it."""
        members, codes = self.members(kind), [code for code, its in self.kind_of.items() if its == kind]
        if not members:
            return {code: {} for code in codes}
        weight, kinds = self.weigh(members), self.options.get("kinds", ("call",))
        total = sum(weight.values())
        touching: dict[str, set[str]] = {code: set() for code in codes}
        calling: dict[str, set[str]] = {code: set() for code in codes}
        statements: dict[str, set[str]] = {code: set() for code in codes}
        for unit, row in self.rows(kind, members):
            touching[row["code"]].add(unit)
            statements[row["code"]].add(row["statement"])
            if self.statements[row["statement"]]["kind"] in kinds and row["polarity"] != "against":
                calling[row["code"]].add(unit)
        speakers = {code: {self.statements[name]["speaker"] for name in names} for code, names in statements.items()}
        out: dict[str, dict[str, Any]] = {}
        for code in codes:
            out[code] = {
                "statements": len(statements[code]),
                "speakers": len(speakers[code]),
                "whole_groups": len(speakers[code] - set(self.group_of)),
                "assessed": len(members),
                "units": len(touching[code]),
                "calling": len(calling[code]),
            }
            if total:
                out[code]["attention"] = sum(weight[unit] for unit in touching[code]) / total
                out[code]["demand"] = sum(weight[unit] for unit in calling[code]) / total
                out[code]["tied_with"] = self.ties(code, touching, weight)
        if kind != "theme":
            self.add_shares(out, touching, weight)
        return out

    def ties(self, code: str, touching: dict[str, set[str]], weight: dict[str, Fraction]) -> tuple[str, ...]:
        """Those under two units apart, and those that leaving out some single unit would put the other way round."""

        def lead(other: str, without: str | None = None) -> Fraction:
            mine, theirs = (sum(weight[unit] for unit in touching[name] - {without}) for name in (code, other))
            return Fraction(mine - theirs)

        used = [number for number in weight.values() if number]
        two = 2 * sum(used) / len(used)
        return tuple(
            sorted(
                other
                for other in touching
                if other != code
                and (abs(lead(other)) < two or any(lead(other) * lead(other, without=unit) < 0 for unit in weight))
            )
        )

    def add_shares(
        self, out: dict[str, dict[str, Any]], touching: dict[str, set[str]], weight: dict[str, Fraction]
    ) -> None:
        someone = set().union(*touching.values())
        total = sum(weight[unit] for unit in someone)
        own = dict.fromkeys(touching, Fraction(0))
        for unit in someone:
            touched = [code for code, units in touching.items() if unit in units]
            general = {over for code in touched for over in self.lineage(code)[1:]}
            for code in set(touched) - general:
                own[code] += weight[unit] / len(set(touched) - general)
        leaves = set(touching) - {over for code in touching for over in self.lineage(code)[1:]}
        for code, figures in out.items():
            under = [other for other in touching if code in self.lineage(other)]
            figures["benchmark"] = Fraction(len(leaves & set(under)), len(leaves))
            if total:
                figures["share"] = sum(own[other] for other in under) / total
                figures["ratio"] = figures["share"] / figures["benchmark"]
        self.shares = [number / total for number in own.values() if number] if total else []


def check(coverage: pg.Coverage, naive: Naive) -> None:
    """That coverage says what the loops say of every code, and is silent where they are."""
    names = ("statements", "speakers", "whole_groups", "assessed", "units", "calling", "attention", "demand")
    for kind in dict.fromkeys(naive.kind_of.values()):
        for code, figures in naive.measure(kind).items():
            for name in (*names, "share", "ratio"):
                found, expected = coverage.figure(name, code), figures.get(name)
                assert (found is None) == (expected is None), (name, code, found, expected)
                assert found is None or math.isclose(found, expected, abs_tol=1e-12), (name, code, found, expected)
            if kind != "theme":
                assert coverage.targets.at[code, "tied_with"] == figures.get("tied_with", ())
        if kind != "theme" and naive.members(kind):
            entropy = -sum(share * math.log(share) for share in map(float, naive.shares))
            found = coverage.effective_targets.get(kind)
            assert found is None if not naive.shares else math.isclose(found or 0, math.exp(entropy))


def several(words: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(words), min_size=1, unique=True).map(tuple)


@st.composite
def options(draw: st.DrawFn, study: pg.Study) -> dict[str, Any]:
    kinds, coders = ("theme", *study.target_kinds), tuple(study.codings["coder"].dropna().unique())
    bases = several(BASES)
    whose = st.none() | several(coders) if coders else st.none()
    by_group = st.fixed_dictionaries({group.id: st.integers(0, 5) for group in study.groups})
    own = st.dictionaries(st.sampled_from([*study.statements["id"], *study.statements["speaker"]]), st.integers(0, 20))
    weights = st.sampled_from(["equal", "group", "population"]) | st.builds(lambda one, two: one | two, by_group, own)
    return {
        "unit": draw(st.sampled_from(UNITS)),
        "weights": draw(weights),
        "kinds": draw(several(KINDS)),
        "voices": draw(st.none() | several(VOICES)),
        "restated": draw(st.booleans()),
        "reading": draw(st.sampled_from(["main", "alternative"])),
        "basis": draw(st.just("coder") | bases | st.dictionaries(st.sampled_from(kinds), bases)),
        "coder": draw(whose | st.dictionaries(st.sampled_from(kinds), whose)),
    }


def without_rules(study: pg.Study) -> pg.Study:
    """The study with its rules' codings left out: whose those are is a question of touches."""
    codings = study.codings[study.codings["basis"].ne("rule").fillna(True)].reset_index(drop=True)
    return evolve(study, tables={**study.tables, "codings": codings})


@SOME
@given(studies(shape="statements"), st.sampled_from([None, "first"]), st.data())
def test_loops_give_the_same_figures_whatever_the_options(
    study: pg.Study, default: str | None, data: st.DataObject
) -> None:
    study = without_rules(study)
    study = evolve(study, meta={"default_coder": default} if default in set(study.codings["coder"]) else {})
    for _ in range(5):
        option = data.draw(options(study))
        naive = Naive(study, **option)
        if option["weights"] == "population":
            members = [speaker for kind in {*naive.kind_of.values()} for speaker in naive.members(kind).values()]
            spoken = {naive.group_of.get(speaker, speaker) for speaker in members}
            missing = sorted(group.id for group in study.groups if group.id in spoken and group.population is None)
            if missing:
                with pytest.raises(pg.UsageError) as error:
                    pg.measure_coverage(study, **option)
                assert f"population of {', '.join(missing)};" in f"{error.value.problems[0].what};"
                continue
        check(pg.measure_coverage(study, **option), naive)


# -- laws


@FEW
@given(studies(shape="statements"), st.data())
def test_the_breakdown_of_a_group_is_the_measure_of_its_statements_alone(study: pg.Study, data: st.DataObject) -> None:
    group_of = {actor.id: actor.group for actor in study.actors}
    option = {"unit": data.draw(st.sampled_from(UNITS)), "weights": data.draw(st.sampled_from(["equal", "group"]))}
    option |= {"restated": data.draw(st.booleans()), "by": "group"}
    breakdown = pg.measure_coverage(study, **option).breakdown
    assert breakdown is not None
    heard = [
        group_of.get(speaker, speaker)
        for speaker in study.statements["speaker"][heard_at_all(study, restated=option["restated"])]
    ]
    assert list(dict.fromkeys(breakdown["group"])) == [group.id for group in study.groups if group.id in heard]
    for group, rows in breakdown.groupby("group"):
        mask = [group_of.get(speaker, speaker) == group for speaker in study.statements["speaker"]]
        alone = pg.measure_coverage(study.counting_only(mask), **{**option, "by": None})
        together = pd.concat([alone.themes.assign(kind="theme"), alone.targets])[rows.columns.drop(["group", "id"])]
        pd.testing.assert_frame_equal(rows.set_index("id").drop(columns="group"), together, check_index_type=False)


def heard_at_all(study: pg.Study, *, restated: bool) -> list[bool]:
    return [
        row["counted"] is not False and row["voice"] != "synthesis" and (restated or row["restates"] is None)
        for row in rows_of(study.statements)
    ]


@FEW
@given(studies(shape="statements"))
def test_roots_share_1_and_a_parent_has_its_own_and_its_childrens_share(study: pg.Study) -> None:
    for one in (study, study.with_parent_codings()):
        targets = pg.measure_coverage(one).targets
        kind_of = targets["kind"].to_dict()
        parent_of = {code.id: code.parent for code in study.targets}
        roots = [name for name, over in parent_of.items() if over is None or kind_of[over] != kind_of[name]]
        for kind in study.target_kinds:
            shares = targets.loc[[name for name in roots if kind_of[name] == kind], "share"]
            assert shares.isna().all() or math.isclose(shares.sum(), 1)
            below = [name for name in parent_of if kind_of[name] == kind and name not in roots]
            for over in {parent_of[name] for name in below}:
                children = targets.loc[[name for name in below if parent_of[name] == over], "share"].sum()
                assert not targets.at[over, "share"] < children - 1e-12


@FEW
@given(tables(shape="statements"))
def test_weights_of_groups_are_equal_weights_where_each_group_is_one_speaker(made: dict[str, Any]) -> None:
    speakers = list(dict.fromkeys(row["speaker"] for row in made["statements"]))
    made |= {
        "groups": [{"id": f"of {name}", "label": "G"} for name in speakers],
        "actors": [{"id": name, "label": "A", "group": f"of {name}"} for name in speakers],
        "stated_counts": [],
    }
    study = pg.build_study(**{name: rows for name, rows in made.items() if rows})
    for unit in ("speaker", "actor"):
        equal, group = (pg.measure_coverage(study, unit=unit, weights=weights) for weights in ("equal", "group"))
        pd.testing.assert_frame_equal(equal.targets, group.targets)
        pd.testing.assert_frame_equal(equal.themes, group.themes)


REFERENCES = (
    *(("groups", name) for name in ("id", "parent")), *(("actors", name) for name in ("id", "group")),
    *((table, name) for table in ("themes", "targets") for name in ("id", "parent")),
    *(("statements", name) for name in ("id", "speaker", "restates")),
    *(("codings", name) for name in ("statement", "code")), *(("links", name) for name in ("theme", "target")),
)  # fmt: skip


def renamed(made: dict[str, Any], new: Mapping[str, str]) -> dict[str, Any]:
    changed = {table: [dict(row) for row in rows] for table, rows in made.items()}
    for table, column in REFERENCES:
        for row in changed[table]:
            if row.get(column) is not None:
                row[column] = new[row[column]]
    return {**changed, "responses": [], "stated_counts": []}


@FEW
@given(tables(), st.randoms(use_true_random=False))
def test_renaming_and_reordering_and_doubling_change_nothing_but_names(made: dict[str, Any], random: Any) -> None:
    ids = sorted(
        {row["id"] for table in ("groups", "actors", "themes", "targets", "statements") for row in made[table]}
    )
    names = [f"n{number:02}" for number in range(len(ids))]
    random.shuffle(names)
    new = dict(zip(ids, names, strict=True))
    other = renamed(made, new)
    for table in ("codings", "links"):
        other[table] = other[table] * 2
    for rows in other.values():
        random.shuffle(rows)
    before, after = (
        pg.build_study(**{name: rows for name, rows in tables.items() if rows}) for tables in (made, other)
    )
    for option in ({}, {"unit": "statement"}) if made["statements"] else ({},):
        one, two = pg.measure_coverage(before, **option), pg.measure_coverage(after, **option)
        for name in ("themes", "targets"):
            mine, theirs = getattr(one, name).drop(columns="label"), getattr(two, name).drop(columns="label")
            mine.index = pd.Index([new[code] for code in mine.index], name="id")
            if "tied_with" in mine:
                mine["tied_with"] = [tuple(sorted(new[code] for code in codes)) for codes in mine["tied_with"]]
            pd.testing.assert_frame_equal(mine, theirs.loc[mine.index], check_index_type=False)
        assert one.left_out.equals(two.left_out)


@FEW
@given(studies(shape="statements"), st.sampled_from(UNITS), st.data())
def test_one_more_coding_of_an_assessed_statement_never_lowers_its_codes_attention(
    study: pg.Study, unit: str, data: st.DataObject
) -> None:
    before = pg.measure_coverage(study, unit=unit)
    places = [(place, code) for code in study.codes for place in np.flatnonzero(before.touches.assessed(code.kind))]
    if not places:
        return
    place, code = data.draw(st.sampled_from(places))
    coding = {"statement": study.statements["id"].iloc[place], "code": code.id}
    after = pg.measure_coverage(study.with_codings([coding]), unit=unit)
    one, two = before.figure("attention", code.id), after.figure("attention", code.id)
    assert (one is None) == (two is None)
    assert one is None or two >= one


@SOME
@given(studies(shape="both"), st.sampled_from([*UNITS, "theme"]), st.sampled_from(["equal", "group"]))
def test_each_statement_is_in_the_count_or_left_out_for_one_reason(study: pg.Study, unit: str, weights: str) -> None:
    coverage = pg.measure_coverage(study, unit=unit, weights="equal" if unit == "theme" else weights)
    naive = Naive(study, unit=unit, weights=weights)
    assessed = {row["statement"] for row in naive.codings}
    heard = [row for name, row in naive.statements.items() if name in assessed and naive.unit_of(row) is not None]
    assert coverage.left_out["reason"].is_unique
    assert coverage.left_out["statements"].sum() == len(study.statements) - (0 if unit == "theme" else len(heard))


# -- links alone


@FEW
@given(studies(shape="links"), st.data())
def test_a_crosswalk_counts_the_assessed_themes_that_are_linked_by_any_relation_but_none(
    study: pg.Study, data: st.DataObject
) -> None:
    weights = data.draw(st.just("equal") | st.fixed_dictionaries({code.id: st.integers(0, 3) for code in study.themes}))
    coverage = pg.measure_coverage(study, weights=weights)
    weight = {code.id: 1 if weights == "equal" else weights[code.id] for code in study.themes}
    kind_of = {code.id: code.kind for code in study.targets}
    links = rows_of(study.links)
    for code in study.targets:
        assessed = {row["theme"] for row in links if row["target"] is None or kind_of[row["target"]] == code.kind}
        linked = {row["theme"] for row in links if row["target"] == code.id and row["relation"] != "none"}
        total, attention = sum(weight[name] for name in assessed), coverage.figure("attention", code.id)
        assert coverage.figure("assessed", code.id) == (len(assessed) or None)
        assert coverage.figure("units", code.id) == (len(linked) if assessed else None)
        if total:
            assert attention == pytest.approx(sum(weight[name] for name in linked) / total, abs=1e-12)
        else:
            assert attention is None
        assert coverage.figure("demand", code.id) is None
    assert coverage.unit == "theme"


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        *((name, f"themes have no weights '{name}'") for name in ("group", "population", "size")),
        ({}, "there is no usable weight for t, u"),
        ({"t": 1}, "there is no usable weight for u"),
        ({"t": 1, "u": -1}, "there is no usable weight for u"),
        ({"t": 1, "u": (1,)}, "there is no usable weight for u"),
    ],
)
def test_themes_have_no_groups_and_each_needs_its_weight(weights: Any, what: str) -> None:
    with pytest.raises(pg.UsageError) as error:
        pg.measure_coverage(small(), unit="theme", weights=weights)
    assert str(error.value) == f"weights: {what}; use 'equal', or map every theme to a number of 0 or more"


def test_a_kind_that_no_theme_was_compared_with_hides_no_other_kind() -> None:
    links = [{"theme": "t", "target": "R"}, {"theme": "u", "target": "R", "relation": "none"}]
    coverage = pg.measure_coverage(small(links=links), unit="theme")
    assert coverage.targets["assessed"].dropna().to_dict() == {"R": 2}
    assert coverage.figure("attention", "R") == 0.5
    assert coverage.figure("attention", "X") is None
    left_out = coverage.left_out.set_index("reason").loc["links_alone"]
    assert left_out.to_dict() == {"statements": 3, "speakers": 3}
    assert list(coverage.left_out.index) == list(range(len(coverage.left_out)))


def test_a_group_that_was_not_heard_hides_no_other_group_in_the_breakdown() -> None:
    statements = [{"id": "s2", "speaker": "b", "text": "two", "kind": "call"}]
    breakdown = pg.measure_coverage(
        small(statements=statements, codings=[{"statement": "s2", "code": "Y"}]), by="group"
    ).breakdown
    assert breakdown is not None
    assert set(breakdown["group"]) == {"h"}
    assert list(breakdown.index) == list(range(len(breakdown)))


def test_themes_as_units_belong_to_no_group_so_there_is_no_breakdown() -> None:
    assert pg.measure_coverage(small(), unit="theme", by="group").breakdown is None


# -- small studies, by hand


def small(**replaced: Any) -> pg.Study:
    rows: dict[str, Any] = {
        "groups": [{"id": "g", "label": "G"}, {"id": "h", "label": "H"}],
        "actors": [{"id": "a", "label": "A", "group": "g"}, {"id": "b", "label": "B", "group": "h"}],
        "themes": [{"id": "t", "label": "T"}, {"id": "u", "label": "U"}],
        "targets": [
            *({"id": name, "kind": "focus_area", "label": name} for name in "XYZ"),
            {"id": "R", "kind": "recommendation", "label": "R"},
        ],
        "statements": [
            {"id": "s1", "speaker": "a", "text": "one", "kind": "call"},
            {"id": "s2", "speaker": "b", "text": "two", "kind": "call"},
            {"id": "s3", "speaker": "h", "text": "three"},
        ],
        "codings": [{"statement": f"s{number}", "code": code} for number, code in ((1, "X"), (2, "Y"), (1, "t"))]
        + [{"statement": "s3", "code": "R"}],
        "links": [{"theme": "t", "target": "X", "relation": "equal"}],
    }  # fmt: skip
    return pg.build_study(**{**rows, **replaced})


def test_whom_the_unit_leaves_out_is_in_no_count_and_a_kind_they_alone_spoke_of_is_missing() -> None:
    study = small().with_codings([{"statement": "s3", "code": "X"}])
    speakers, actors = pg.measure_coverage(study), pg.measure_coverage(study, unit="actor")
    assert speakers.targets.loc["X", ["statements", "speakers", "whole_groups", "units"]].tolist() == [2, 2, 1, 2]
    assert actors.targets.loc["X", ["statements", "speakers", "whole_groups", "units"]].tolist() == [1, 1, 0, 1]
    assert speakers.figure("attention", "R") == 1
    for name in ("statements", "speakers", "assessed", "units", "attention", "calling", "demand", "share", "ratio"):
        assert actors.figure(name, "R") is None
    left_out = actors.left_out.set_index("reason")
    assert left_out.loc["group_speaks"].tolist() == [1, 1]


def test_one_unit_and_one_code_are_all_there_is() -> None:
    study = small(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "X", "kind": "focus_area", "label": "X"}],
        statements=[{"id": "s1", "speaker": "a", "text": "one"}],
        codings=[{"statement": "s1", "code": "X"}],
    )
    for option in ({}, {"weights": "group"}, {"weights": {"a": 7}}, {"unit": "statement"}, {"unit": "actor"}):
        coverage = pg.measure_coverage(study, **option)
        assert coverage.targets.loc["X", ["attention", "demand", "share", "benchmark", "ratio"]].tolist() == [
            1, 0, 1, 1, 1
        ]  # fmt: skip
        assert coverage.effective_targets == {"focus_area": 1}
        assert coverage.targets.at["X", "tied_with"] == ()
        assert coverage.figure("attention", "t") is None


@pytest.mark.parametrize("option", [{}, {"by": "group"}, {"weights": "population"}, {"weights": {}}, {"unit": "actor"}])
def test_where_no_statement_counts_every_figure_is_missing_and_nothing_fails(option: dict[str, Any]) -> None:
    study = small()
    silent = study.with_tables(statements=study.statements.assign(voice="synthesis"))
    coverage = pg.measure_coverage(silent, **option)
    figures = pd.concat([coverage.themes, coverage.targets])
    assert figures[["statements", "assessed", "units", "attention", "demand", "share", "ratio"]].isna().all(axis=None)
    assert coverage.effective_targets == {}
    assert coverage.left_out["statements"].sum() == len(study.statements)
    assert coverage.breakdown is None or coverage.breakdown.empty


def test_the_parent_that_alone_is_touched_keeps_its_share() -> None:
    targets = [
        {"id": "P", "kind": "focus_area", "label": "P"},
        *({"id": name, "kind": "focus_area", "label": name, "parent": "P"} for name in "XY"),
    ]
    rows = [("s1", "X"), ("s1", "P"), ("s2", "P"), ("s3", "X"), ("s3", "Y")]
    study = small(targets=targets, codings=[{"statement": name, "code": code} for name, code in rows], links=None)
    coverage = pg.measure_coverage(study)
    assert coverage.targets["share"].tolist() == pytest.approx([1, (1 + 1 / 2) / 3, (1 / 2) / 3])
    assert coverage.targets["benchmark"].tolist() == [1, 1 / 2, 1 / 2]


# -- weights of every size


@settings(max_examples=settings().max_examples // 5)
@given(st.lists(st.floats(0, allow_infinity=False, allow_nan=False), min_size=3, max_size=3))
def test_attention_and_share_lie_in_0_to_1_whatever_the_weights(numbers: list[float]) -> None:
    coverage = pg.measure_coverage(STUDY, weights=dict(zip("abh", numbers, strict=True)))
    for figures in (coverage.targets, coverage.themes):
        assert figures[["attention", "demand"]].stack().dropna().between(0, 1).all()
        assert (figures["attention"].isna() == figures["assessed"].isna()).all() or not all(numbers)
    assert coverage.targets["share"].dropna().between(0, 1).all()


@pytest.mark.parametrize("factor", [1e-320, 1e-12, 1 / 3, 7, 1e12, 1e300])
def test_only_proportions_of_weights_matter(factor: float) -> None:
    given = {"a": 1, "b": 2, "h": 5}
    one = pg.measure_coverage(STUDY, weights=given)
    two = pg.measure_coverage(STUDY, weights={name: number * factor for name, number in given.items()})
    pd.testing.assert_frame_equal(one.targets, two.targets, rtol=1e-3)
    pd.testing.assert_frame_equal(one.themes, two.themes, rtol=1e-3)


# -- benchmarks


def test_a_benchmark_for_one_kind_leaves_the_others_an_equal_split_and_is_kept() -> None:
    given = {"X": 3, "Y": 1, "Z": 0}
    coverage = pg.measure_coverage(STUDY, benchmark=given)
    assert coverage.targets["benchmark"].tolist() == [0.75, 0.25, 0, 1]
    assert coverage.figure("ratio", "X") == pytest.approx((1 / 2) / 0.75)
    assert coverage.figure("ratio", "Z") is None  # nothing can be held against nothing
    assert dict(coverage.benchmark) == given
    assert coverage.benchmark_name == "the benchmark given"
    series = pg.measure_coverage(STUDY, benchmark=pd.Series(given))
    pd.testing.assert_frame_equal(series.targets, coverage.targets)


@pytest.mark.parametrize("none", ["equal", {}])
def test_no_benchmark_is_an_equal_split_by_name_too(none: Any) -> None:
    coverage = pg.measure_coverage(STUDY, benchmark=none)
    assert coverage.targets["benchmark"].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1])
    assert coverage.benchmark_name == "an equal split"


@settings(max_examples=settings().max_examples // 5)
@given(st.lists(st.floats(0, allow_infinity=False, allow_nan=False), min_size=3, max_size=3).filter(any))
def test_a_benchmark_sums_to_1_over_the_leaves(numbers: list[float]) -> None:
    found = pg.measure_coverage(STUDY, benchmark=dict(zip("XYZ", numbers, strict=True))).targets["benchmark"]
    assert found[["X", "Y", "Z"]].sum() == pytest.approx(1)
    assert found[["X", "Y", "Z"]].argmax() == numbers.index(max(numbers))


def test_every_problem_of_a_benchmark_and_of_the_other_arguments_is_named_at_once() -> None:
    wrong = {"X": -1, "Y": "x", "y": 1, 3: 1, "R": 0}
    with pytest.raises(pg.UsageError) as error:
        pg.measure_coverage(STUDY, benchmark=wrong, by="grup", unit="speakr", wieghts=1)
    assert str(error.value).split("\n") == [
        "wieghts: there is no such option; did you mean 'weights'?",
        "unit: 'speakr' is not known; did you mean 'speaker'?",
        "by: 'grup' is not known; use 'group' or leave it out",
        "benchmark: X: -1 is no number of 0 or more; give a finite number, 0 if need be",
        "benchmark: Y: 'x' is no number of 0 or more; give a finite number, 0 if need be",
        "benchmark: 'y' is no leaf target; did you mean 'Y'?",
        "benchmark: '3' is no leaf target; name a target without targets under it",
        "benchmark: the focus_area benchmark lacks Z; give a number for each, 0 if need be",
        "benchmark: the recommendation benchmark sums to 0; give a number over 0 for at least one",
    ]


# -- figures, and what strangers pass


@pytest.mark.parametrize("name", ["atention", "label", "tied_with", "kind", "own_share", ""])
def test_what_is_no_figure_is_said_to_be_none(name: str) -> None:
    with pytest.raises(pg.UsageError, match=f"^name: '{name}' is no figure; (did you mean|use one of) "):
        pg.measure_coverage(STUDY).figure(name, "X")


def test_a_theme_has_no_share() -> None:
    assert pg.measure_coverage(STUDY).figure("share", "t") is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=2)
    | st.sampled_from([*UNITS, *KINDS, *VOICES, *BASES, "group", "label", "X", "a", "theme", "focus_area", pd.NA]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*"abghXYZR", "theme", "focus_area"]), inner, max_size=5)
    | st.lists(inner, max_size=2).map(tuple)
    | st.lists(st.floats(), max_size=2).map(np.array),
    max_leaves=5,
)  # fmt: skip
OPTIONS = (
    "unit", "weights", "kinds", "voices", "restated", "basis", "coder", "reading", "benchmark", "by", "choices", "other"
)  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_whatever_an_option_is_given_comes_out_as_figures_or_as_an_error_that_says_where(name: str) -> None:
    @settings(max_examples=max(5, settings().max_examples // 6))
    @given(ANYTHING)
    def measure(value: Any) -> None:
        try:
            coverage = pg.measure_coverage(STUDY, **{name: value})
        except pg.PolicyGapError as error:
            problems = error.problems
        else:
            assert coverage.targets["attention"].dropna().between(0, 1).all()
            return
        assert {problem.file for problem in problems} == {name}
        assert all(problem.fix for problem in problems)

    measure()


STUDY = small()
