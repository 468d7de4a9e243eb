"""Every other way to count: against doing it by hand, and against what must hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import evolve
from hypothesis import given, settings

import policygap as pg
from policygap.choices import Choices
from policygap.claims import _decide
from policygap.decisions import built_in_table
from policygap.messages import LANGUAGES, names
from policygap.multiverse import DIMENSIONS, Setting, Variant, list_dimensions
from policygap.report import gather_content
from policygap.report.figures import draw_curves
from policygap.report.markdown import render_markdown
from policygap.testing import studies

TABLES = {name: built_in_table(name) for name in ("theme", "recommendation", "target")}
FAST = [name for name in DIMENSIONS if name != "reading"]
few = settings(max_examples=max(settings.default.max_examples // 25, 1))  # each is counted in every way, twice


@pytest.fixture(scope="module")
def bundled() -> pg.Study:
    return pg.read_study("smabystrategi")


@pytest.fixture(scope="module")
def tried(bundled: pg.Study) -> pg.Robustness:
    return pg.measure_robustness(bundled, dimensions=FAST, together=30, seed=3)


def outcomes_of(study: pg.Study, **options: Any) -> dict[str, str]:
    return {gap.subject: gap.kind for gap in pg.find_gaps(pg.measure_coverage(study, **options))}


def same(study: pg.Study) -> pg.Study:
    return study


def row_of(tried: pg.Robustness, dimension: str, variant: str) -> dict[str, str]:
    """What one scenario, in which only this was changed, made of the gaps."""
    place = tried.scenarios.index[(tried.scenarios["changed"] == dimension) & (tried.scenarios[dimension] == variant)]
    return tried.outcomes.loc[place[0], "gap"].to_dict()


def read_with(study: pg.Study, variant: Variant) -> set[tuple[str, str, str]]:
    """What is counted and read once a variant stands: speaker, statement and code."""
    choices = Choices(**variant.choices)
    changed = variant.change(study) if variant.change is not None else study
    if variant.late is not None:
        changed = variant.late(Setting(study=changed, choices=choices, tables=TABLES)).study
    touches = pg.measure_coverage(changed, choices).touches
    speakers = study.statements["speaker"].astype(object).to_numpy()
    return set(
        zip(
            speakers[touches.statement],
            touches.name_statements(touches.statement),
            touches.codes[touches.code],
            strict=True,
        )
    )


def with_claims(study: pg.Study) -> pg.Study:
    """The study with claims on its codes, in scopes that some scenarios change and others leave as they are."""
    codes, groups = [code.id for code in study.codes], [group.id for group in study.groups]
    scopes = [
        None,
        "kind=call",
        f"group={groups[0]}",
        "unit=statement; weights=group",
        "reading=alternative; voice=quote",
    ]
    asked = ['attention("{}") > 0.3', 'speakers("{}") / speakers() >= 0.5', 'statements("{}") > 1 and demand("{}") > 0']
    pairs = [(scope, form) for scope in scopes for form in asked]
    claims = [
        {"id": f"c{n}", "text": "x", "scope": scope, "assertion": form.replace("{}", codes[n % len(codes)])}
        for n, (scope, form) in enumerate(pairs)
    ]
    return study.with_tables(claims=claims)


def setting_of(tried: pg.Robustness, number: int) -> Setting:
    """The way to count that a scenario stands for."""
    row = tried.scenarios.loc[number]
    chosen = [one for kind in tried.dimensions for one in kind.variants if one.name == row[kind.name]]
    study, choices, tables = tried.study, tried.choices, dict(TABLES)
    for variant in chosen:
        study = variant.change(study) if variant.change is not None else study
        choices, tables = choices.but(**variant.choices), tables | variant.tables
    setting = Setting(study=study, choices=choices, tables=tables)
    for variant in chosen:
        setting = variant.late(setting) if variant.late is not None else setting
    return setting


# -- against doing it by hand


@pytest.mark.parametrize(
    ("dimension", "variant", "options"),
    [
        ("unit", "statement", {"unit": "statement"}),
        ("weights", "group", {"weights": "group"}),
        ("counting", "full", {"counting": "full"}),
        ("restatements", "with", {"restated": True}),
        ("syntheses", "with", {"voices": ["quote", "summary", "inference", "synthesis"]}),
        ("printed", "with", {"basis": ["coder", "printed"]}),
        ("coder", "first", {"coder": "first"}),
    ],
)
def test_a_choice_changed_is_that_choice(
    bundled: pg.Study, tried: pg.Robustness, dimension: str, variant: str, options: dict[str, Any]
) -> None:
    assert row_of(tried, dimension, variant) == outcomes_of(bundled, **options)


@pytest.mark.parametrize("dimensions", [FAST, ["reading"]])
def test_a_claim_in_a_scenario_is_as_if_it_were_checked_in_it_alone(bundled: pg.Study, dimensions: list[str]) -> None:
    """What the plain scenario measured is taken for another one only where that leaves a scope as it is."""
    scopes = ("group=counties", "kind=call", "voice=quote; unit=statement")
    places = enumerate((code.id, scope) for code in bundled.codes for scope in scopes)
    claims = [
        {"id": f"x{n}", "text": "x", "scope": scope, "assertion": f'attention("{code}") > {(0.1, 0.3, 0.5)[n % 7 % 3]}'}
        for n, (code, scope) in places
    ]
    tried = pg.measure_robustness(bundled.with_tables(claims=claims), dimensions=dimensions, together=10)
    for number in tried.scenarios.index.difference(list(tried.reasons))[:60]:
        setting = setting_of(tried, number)
        verdicts = pg.check_claims(setting.study, setting.choices)["verdict"].to_dict()
        found = tried.outcomes.loc[number, "claim"].dropna()
        assert found.to_dict() == {name: verdicts[name] for name in found.index}


@few
@given(studies(shape="statements").map(with_claims))
def test_what_scenarios_share_changes_nothing(study: pg.Study) -> None:
    """Every gap and claim is as it is on a study that is built anew, with nothing known before."""
    tried = pg.measure_robustness(study, together=12)
    for number in tried.scenarios.index.difference(list(tried.reasons))[::5]:
        setting = setting_of(tried, number)
        alone = setting.study.with_meta()
        gaps = pg.find_gaps(pg.measure_coverage(alone, setting.choices), tables=setting.tables)
        _decide.cache_clear()
        verdicts = pg.check_claims(alone, setting.choices)["verdict"].to_dict()
        expected = {("gap", gap.subject): gap.kind for gap in gaps}
        expected |= {("claim", name): verdict for name, verdict in verdicts.items()}
        found = tried.outcomes.loc[number].dropna()
        assert found.to_dict() == {key: expected[key] for key in found.index}
        figures = {gap.subject: gap.figures.get("ratio" if gap.benchmark else "demand") for gap in gaps}
        assert tried.figures.loc[number].dropna().to_dict() == {
            name: figure for name, figure in figures.items() if figure is not None
        }


def test_the_plain_scenario_is_the_plain_result(bundled: pg.Study, tried: pg.Robustness) -> None:
    assert tried.outcomes.loc[0, "gap"].to_dict() == outcomes_of(bundled)
    assert tried.outcomes.loc[0, "claim"].to_dict() == pg.check_claims(bundled)["verdict"].to_dict()
    ratio = pg.measure_coverage(bundled).targets["ratio"]
    assert tried.figures.loc[0, "A"] == pytest.approx(ratio["A"])


def test_leaving_a_speaker_out_is_as_if_it_had_never_spoken(bundled: pg.Study, tried: pg.Robustness) -> None:
    speaker = tried.scenarios.loc[tried.scenarios["changed"] == "speakers", "speakers"].iloc[4]
    silent = bundled.counting_only(bundled.statements["speaker"].astype(object) != speaker)
    assert row_of(tried, "speakers", speaker) == outcomes_of(silent)


def test_leaving_a_group_out_takes_its_actors_along(bundled: pg.Study, tried: pg.Robustness) -> None:
    members = {actor.id for actor in bundled.actors if actor.group == "counties"} | {"counties"}
    silent = bundled.counting_only(~bundled.statements["speaker"].astype(object).isin(members))
    assert row_of(tried, "groups", "counties") == outcomes_of(silent)


def test_a_cap_leaves_each_speaker_so_many_statements(bundled: pg.Study) -> None:
    (cap,) = list_dimensions(bundled, Choices(), TABLES, names=["cap"], seed=1)
    for variant in cap.variants:
        assert variant.late is not None
        capped = variant.late(Setting(study=bundled, choices=Choices(), tables=TABLES)).study
        counted = pg.measure_coverage(capped).touches.counted
        by_speaker = capped.statements["speaker"][counted].value_counts()
        before = bundled.statements["speaker"][pg.measure_coverage(bundled).touches.counted].value_counts()
        assert by_speaker.to_dict() == before.clip(upper=int(variant.name)).to_dict()


def test_a_cap_and_two_voices_are_those_of_what_they_are_combined_with(bundled: pg.Study) -> None:
    """Counted as statements, one voice is less than among speakers; and a cap keeps so many of what counts then."""
    cap, thresholds = list_dimensions(bundled, Choices(), TABLES, names=["cap", "thresholds"])
    two_voices = next(variant for variant in thresholds.variants if variant.name == "two_voices")
    assert two_voices.late is not None
    for options in ({}, {"unit": "statement"}, {"unit": "actor"}):
        choices = Choices(**options)
        raised = two_voices.late(Setting(study=bundled, choices=choices, tables=TABLES)).tables["theme"]
        units = len(pg.measure_coverage(bundled, choices).tallies["theme"].present)
        silent, one, two = (
            raised.decide(demand=voices / units, presence="absent", emphasis=None, commitment=None)
            for voices in (0, 1, 2)
        )
        assert one == silent != two
    restated = Choices(restated=True)
    for variant in cap.variants:
        assert variant.late is not None
        capped = variant.late(Setting(study=bundled, choices=restated, tables=TABLES)).study
        after, before = (
            one.statements["speaker"][pg.measure_coverage(one, restated).touches.counted].value_counts()
            for one in (capped, bundled)
        )
        assert after.to_dict() == before.clip(upper=int(variant.name)).to_dict()


def test_a_reading_can_be_swapped_for_one_that_no_coding_has(bundled: pg.Study) -> None:
    """A study may know one of the two readings alone; the other one is then everything that is not in both."""
    one_word = bundled.codings["reading"].astype(object).replace({"alternative": "main"})
    study = bundled.with_tables(codings=bundled.codings.assign(reading=one_word))
    swapped = study.with_readings_swapped([True] * len(study.codings)).codings["reading"].astype(object)
    assert swapped.fillna("").tolist() == one_word.replace({"main": "alternative"}).fillna("").tolist()
    assert not pg.measure_robustness(study, dimensions=["reading"], together=0).reasons


def test_choices_that_hang_on_others_are_made_after_them(bundled: pg.Study) -> None:
    tried = pg.measure_robustness(bundled, dimensions=["unit", "thresholds"], together=100)
    both = tried.scenarios.query("unit == 'statement' and thresholds == 'two_voices'").index
    coverage = pg.measure_coverage(bundled, unit="statement")
    single = 1 / len(coverage.tallies["theme"].present)
    called = {"unmet_call", "weakly_met", "no_answer_found", "excluded", "met"}
    themes = coverage.themes["demand"].dropna()
    outcomes = tried.outcomes.loc[both[0], "gap"]
    assert {name for name in themes.index if outcomes[name] in called} == set(themes.index[themes > single * 1.5])


def test_a_flipped_reading_is_the_other_reading_there_and_nowhere_else(bundled: pg.Study) -> None:
    (reading,) = list_dimensions(bundled, Choices(), TABLES, names=["reading"])
    single = next(variant for variant in reading.variants if variant.name.startswith("s2"))
    assert single.change is not None
    flipped = single.change(bundled)
    here = bundled.codings["statement"].astype(object) == single.name
    assert flipped.codings[~here].equals(bundled.codings[~here])
    before, after = (pg.measure_coverage(one).touches for one in (bundled, flipped))
    other = pg.measure_coverage(bundled, reading="alternative").touches
    place = list(before.study.statements["id"]).index(single.name)
    assert set(after.code[after.statement == place]) == set(other.code[other.statement == place])
    everywhere = bundled.with_readings_swapped([True] * len(bundled.codings))
    assert outcomes_of(everywhere) == outcomes_of(bundled, reading="alternative")


def test_thresholds_move_both_ways_and_two_voices_are_more_than_one(bundled: pg.Study) -> None:
    (thresholds,) = list_dimensions(bundled, Choices(), TABLES, names=["thresholds"])
    plain = Setting(study=bundled, choices=Choices(), tables=TABLES)
    moved = {
        variant.name: variant.tables if variant.late is None else variant.late(plain).tables
        for variant in thresholds.variants
    }
    assert set(moved) == {"outward_25", "outward_10", "inward_10", "inward_25", "two_voices"}
    edges = {
        name: [band.below for band in tables["target"].inputs[1].bands]
        for name, tables in moved.items()
        if "target" in tables
    }
    assert [float(edge) for edge in edges["outward_25"][1:3]] == pytest.approx([2 / 3 * 0.8, 1.5 / 0.8])
    assert [float(edge) for edge in edges["inward_25"][1:3]] == pytest.approx([2 / 3 * 1.25, 1.5 / 1.25])
    one, two = 1 / 23, 2 / 23
    decide = moved["two_voices"]["theme"].decide
    silent = decide(demand=0.0, presence="absent", emphasis=None, commitment=None)
    assert decide(demand=one, presence="absent", emphasis=None, commitment=None) == silent
    assert decide(demand=two, presence="absent", emphasis=None, commitment=None).outcome == "unmet_call"


@pytest.mark.parametrize(
    ("coder", "plain", "others"),
    [
        (None, "consensus", ["first", "second"]),
        ("first", "first", ["consensus", "second"]),
        (["first", "second"], "first + second", ["consensus", "first", "second"]),
        ({"theme": "first"}, "by kind", ["consensus", "first", "second"]),
    ],
)
def test_every_coder_that_is_not_plainly_the_only_one_is_tried(
    bundled: pg.Study, coder: Any, plain: str, others: list[str]
) -> None:
    (found,) = list_dimensions(bundled, Choices(coder=coder), TABLES, names=["coder"])
    assert (found.plain, [variant.name for variant in found.variants]) == (plain, others)
    nobody = bundled.with_meta(default_coder=None)
    assert list_dimensions(nobody, Choices(), TABLES, names=["coder"])[0].plain == "all"


def test_weights_by_population_ask_only_for_groups_that_speak(bundled: pg.Study) -> None:
    groups = bundled.tables["groups"]
    known = groups.assign(population=10.0)
    silent = {"id": "silent", "label": "Silent", "population": None}
    study = bundled.with_tables(groups=[*known.to_dict("records"), silent])
    (found,) = list_dimensions(study, Choices(), TABLES, names=["weights"])
    assert "population" in [variant.name for variant in found.variants]
    tried = pg.measure_robustness(study, dimensions=["weights", "restatements", "syntheses"], together=20)
    assert not tried.reasons
    speaking = groups["id"].astype(object) == "counties"
    study = bundled.with_tables(groups=known.assign(population=known["population"].mask(speaking)))
    (found,) = list_dimensions(study, Choices(), TABLES, names=["weights"])
    assert "population" not in [variant.name for variant in found.variants]


# -- what must hold


def test_nothing_tried_is_called_so(bundled: pg.Study) -> None:
    alone = pg.measure_robustness(bundled, dimensions=[], together=50)
    assert len(alone.scenarios) == 1
    assert set(alone.findings["verdict"]) == {"not_tried"}
    assert alone.sentence("gap", "A") == "nothing could be tried"


def test_what_changes_nothing_breaks_nothing(bundled: pg.Study) -> None:
    same = pg.measure_robustness(bundled, dimensions=[], own={"nothing": lambda study: study})
    told = same.findings[same.findings["kinds"] > 0]
    assert set(told["verdict"]) == {"robust"}
    assert (told["survived"] == 1).all()


def test_a_function_that_fails_or_gives_no_study_loses_its_own_scenario_alone(bundled: pg.Study) -> None:
    own = {"bad": lambda study: 1 / 0, "none": lambda study: None, "nothing": lambda study: study}
    tried = pg.measure_robustness(bundled, dimensions=[], own=own, together=0)
    said = " ".join(tried.reasons.values())
    assert "failed: ZeroDivisionError: division by zero; mend the function" in said
    assert "gave NoneType, no study" in said
    assert set(tried.findings.loc[tried.findings["kinds"] > 0, "verdict"]) == {"robust"}


def test_what_failed_is_not_counted_as_tried_and_every_verdict_says_so(bundled: pg.Study) -> None:
    def broken(study: pg.Study) -> pg.Study:
        raise pg.StudyError("no such table")

    own = {"mine": broken, "half": {"good": lambda study: study, "bad": lambda study: None}}
    tried = pg.measure_robustness(bundled, dimensions=["counting"], own=own, together=3)
    assert tried.complete
    assert tried.untried == ("mine", "half")
    assert tried.counted_alone == {"counting": 1, "mine": 0, "half": 1}
    assert set(tried.findings["untried"]) == {"mine;half"}
    row = tried.findings.query("verdict == 'robust'").iloc[0]
    assert (row["held"], row["kinds"]) == (2, 2)
    said = "not tried, or not in full: mine, half"
    assert tried.sentence(row["type"], row["id"]) == f"holds under 2 of 2 kinds of choice; {said}"
    assert tried.firmness(row["type"], row["id"]) == f"robust; {said}"
    assert tried.explain_untried()[0] == "mine: 1 scenario could not be counted: no such table"
    report = render_markdown(gather_content(bundled, robustness=tried))
    assert "counted again under 2 kinds of choice" in report
    assert "mine: 1 scenario could not be counted: no such table" in report


def test_one_kind_of_choice_has_nothing_to_be_tried_together_with(bundled: pg.Study) -> None:
    many = {f"v{place}": lambda study: study for place in range(25)}
    tried = pg.measure_robustness(bundled, dimensions=[], own={"x": many}, together=1)
    assert len(tried.scenarios) == 26


def test_the_same_seed_tries_the_same(bundled: pg.Study, tried: pg.Robustness) -> None:
    again = pg.measure_robustness(bundled, dimensions=FAST, together=30, seed=3)
    pd.testing.assert_frame_equal(tried.findings, again.findings)
    pd.testing.assert_frame_equal(tried.scenarios, again.scenarios)
    other = pg.measure_robustness(bundled, dimensions=["unit", "weights", "counting", "coder"], together=5, seed=4)
    assert (other.scenarios["changed"] == "together").sum() == 5


def test_the_order_of_rows_never_matters(bundled: pg.Study) -> None:
    drawn = np.random.default_rng(1)
    shuffled = bundled.with_tables(
        **{
            name: bundled.tables[name].iloc[drawn.permutation(len(bundled.tables[name]))].reset_index(drop=True)
            for name in ("statements", "codings")
        }
    )
    for name in ("reading", "cap", "speakers"):
        (one,), (other,) = (
            list_dimensions(study, Choices(), TABLES, names=[name], seed=5) for study in (bundled, shuffled)
        )
        assert [variant.name for variant in one.variants] == [variant.name for variant in other.variants]
        for mine, theirs in zip(one.variants[:25], other.variants[:25], strict=True):
            assert read_with(bundled, mine) == read_with(shuffled, theirs)
    names = ["cap", "speakers", "unit"]
    one, other = (pg.measure_robustness(study, dimensions=names, together=4, seed=5) for study in (bundled, shuffled))
    pd.testing.assert_frame_equal(one.findings, other.findings)
    pd.testing.assert_frame_equal(one.outcomes, other.outcomes)


def test_scenarios_together_change_two_choices_or_more_and_come_once(tried: pg.Robustness) -> None:
    together = tried.scenarios[tried.scenarios["changed"] == "together"].drop(columns="changed")
    plain = tried.scenarios.drop(columns="changed").iloc[0]
    assert len(together) == 30
    assert ((together != plain).sum(axis=1) >= 2).all()
    assert not together.duplicated().any()
    every = pg.measure_robustness(tried.study, dimensions=["unit", "counting"], together=100).scenarios
    assert (every["changed"] == "together").sum() == 2  # two other units by one other counting: all there are


def test_a_finding_holds_or_breaks_under_each_kind_of_choice(tried: pg.Robustness) -> None:
    findings = tried.findings[tried.findings["kinds"] > 0]
    broken = findings["breaks_under"].str.split(";").map(lambda names: len([name for name in names if name]))
    assert (findings["held"] + broken == findings["kinds"]).all()
    assert ((findings["verdict"] == "robust") == (broken == 0)).all()
    single = findings["one_speaker"].eq("breaks")
    assert set(findings.loc[single, "verdict"]) == {"fragile"}
    assert findings.loc[single, "breaks_under"].str.contains("speakers").all()


def test_every_break_has_its_words_in_every_language(tried: pg.Robustness) -> None:
    for language in LANGUAGES:
        for kind, name in zip(tried.findings["type"], tried.findings["id"], strict=True):
            assert "{" not in tried.sentence(kind, name, language)
        for dimension in DIMENSIONS:
            assert any(form.startswith(f"breaks.{dimension}") for form in names(language))


def test_effects_are_shares_of_the_scenarios_with_a_variant(tried: pg.Robustness) -> None:
    effects = tried.effects()
    one = effects[(effects["id"] == "A") & (effects["dimension"] == "weights")].set_index("variant")
    together = tried.scenarios["changed"].isin(["plain", "together"])
    outcome = tried.outcomes["gap", "A"]
    for variant, row in one.iterrows():
        mine = outcome[together & (tried.scenarios["weights"] == variant)]
        assert row["survived"] == pytest.approx((mine == outcome[0]).mean())
        assert row["scenarios"] == len(mine)


def test_a_curve_runs_from_low_to_high(tried: pg.Robustness) -> None:
    curve = tried.curve("A")
    assert curve["figure"].is_monotonic_increasing
    assert len(curve) == tried.figures["A"].notna().sum()
    plain = curve[curve["scenario"] == 0].iloc[0]
    assert plain["survives"]
    assert plain["changed"] == "plain"


def test_one_is_spoken_of_as_one(bundled: pg.Study, tmp_path: Any) -> None:
    tried = pg.measure_robustness(bundled, dimensions=["counting"], together=0)
    assert tried.sentence("gap", "A").startswith("holds under 0 of 1 kind of choice; breaks")
    findings = tried.findings.query("kinds > 0")
    first, second = findings.index[:2]
    few = findings.assign(verdict="robust").loc[[first, second]]
    few.loc[first, "verdict"] = "fragile"
    others = tried.findings.drop(few.index).assign(kinds=0)
    content = gather_content(bundled, robustness=evolve(tried, findings=pd.concat([few, others])))
    said = "2 findings were counted again under 1 kind of choice: 1 is robust, 0 hold on a condition, 1 is fragile."
    assert said in render_markdown(content)
    content = evolve(content, language="nb")
    assert "under 1 slags valg: 1 er robust, 0 holder på et vilkår, 1 er skjørt." in render_markdown(content)
    pg.start_study(tmp_path / "start")
    study = pg.read_study(tmp_path / "start")
    gone = study.actors[0].id
    drawn = pg.bootstrap(study.counting_only(study.statements["speaker"].astype(object) != gone), n=20)
    assert int((drawn.strata["units"] == 1).sum()) == 1
    assert "1 group has a single unit, which can't vary by itself: it is drawn" in " ".join(drawn.explain())
    assert "1 gruppe har en eneste enhet" in " ".join(drawn.explain("nb"))


# -- edges


def test_own_kinds_of_choice_are_tried_alone_and_together(bundled: pg.Study) -> None:
    own = {
        "without the first": lambda study: study.counting_only(range(len(study.statements))),
        "by half": {"first": lambda study: study.counting_only([True] * 200 + [False] * (len(study.statements) - 200))},
    }
    found = pg.measure_robustness(bundled, dimensions=["counting"], own=own, together=9)
    assert set(found.scenarios["changed"]) == {"plain", "counting", "without the first", "by half", "together"}
    assert any(
        "by half is first" in found.sentence("gap", name) for name in found.findings.query("type == 'gap'")["id"]
    )


def test_an_interrupted_run_keeps_what_was_done(bundled: pg.Study) -> None:
    def stop(done: int, total: int) -> None:
        assert total > 5
        if done == 3:
            raise KeyboardInterrupt

    cut = pg.measure_robustness(bundled, dimensions=["unit", "coder", "counting", "speakers"], progress=stop)
    assert not cut.complete
    assert len(cut.scenarios) == 4
    assert len(cut.outcomes) == 4
    assert set(cut.findings["kinds"]) <= {0, 2}
    assert cut.untried == ("coder", "speakers")
    assert cut.explain_untried()[0] == "coder: 2 ways to choose were not reached"
    robust = cut.findings.query("verdict == 'robust'").iloc[0]
    assert cut.firmness(robust["type"], robust["id"]).startswith("robust; not tried, or not in full: coder")
    report = render_markdown(gather_content(bundled, robustness=cut))
    assert "counted again under 2 kinds of choice" in report


def test_a_scenario_that_cant_be_counted_says_why_and_does_not_count() -> None:
    study = pg.read_study("smabystrategi")

    def broken(study: pg.Study) -> pg.Study:
        raise pg.UsageError("no such thing; try another")

    found = pg.measure_robustness(study, dimensions=["counting"], own={"strange": broken}, together=0)
    assert list(found.reasons.values()) == ["no such thing; try another"]
    assert found.outcomes.iloc[2].isna().all()
    assert set(found.findings["kinds"]) == {0, 1}


def test_a_study_of_links_alone_has_few_choices() -> None:
    links = [{"theme": f"t{n}", "target": "A" if n < 5 else "B", "relation": "equal"} for n in range(6)]
    study = pg.build_study(
        themes=[{"id": f"t{n}", "label": f"T{n}"} for n in range(6)],
        targets=[{"id": name, "kind": "focus_area", "label": name} for name in "AB"],
        links=links,
    )
    found = pg.measure_robustness(study)
    assert [one.name for one in found.dimensions] == ["counting", "thresholds"]
    assert found.findings.set_index("id").loc["B", "outcome"] == "weak_attention"


def test_one_speaker_and_no_statement_are_no_fault(tmp_path: Any) -> None:
    pg.start_study(tmp_path / "start")
    study = pg.read_study(tmp_path / "start")
    found = pg.measure_robustness(study)
    assert found.complete
    only = study.statements["speaker"].astype(object) == study.statements["speaker"].iloc[0]
    assert "speakers" not in [
        one.name for one in pg.measure_robustness(study.counting_only(only), together=0).dimensions
    ]
    silent = pg.measure_robustness(study.counting_only([False] * len(study.statements)), together=3)
    assert silent.findings["verdict"].notna().all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dimensions": ["unitt"]}, "dimensions: 'unitt' is no kind of choice; did you mean 'unit'?"),
        ({"seed": "1"}, "seed: '1' is no whole number of 0 or more; give one, as in seed=1"),
        ({"together": -1}, "together: -1 is no whole number of 0 or more; give one, as in together=200"),
        ({"together": "x"}, "together: 'x' is no whole number"),
        ({"tables": {"tema": TABLES["theme"]}}, "tables: 'tema' is no table; did you mean 'theme'?"),
        ({"tables": {"nope": None}}, "tables: 'nope' is no table; use theme, recommendation, target"),
        ({"tables": {"theme": None}}, "tables: 'theme' is None, no table; give a DecisionTable"),
        ({"tables": 3}, "tables: 3 is no mapping; give tables by name"),
        ({"verdicts": 3}, "verdicts: 3 is no DecisionTable"),
        ({"progress": 3}, "progress: 3 is no function"),
        ({"own": {"unit": lambda study: study}}, "own: 'unit' is a built-in kind of choice"),
        ({"own": {"mine": 3}}, "own: 'mine' is no function"),
        ({"own": {"changed": same}}, "own: 'changed' is a word that the tables of scenarios use themselves"),
        ({"own": {"scenario": same}}, "own: 'scenario' is a word"),
        ({"own": {"survives": same}}, "own: 'survives' is a word"),
        ({"own": {"plain": same}}, "own: 'plain' is a word"),
        ({"own": {"gap A": same}}, "own: 'gap A' is what the tables of scenarios call a finding"),
        ({"own": {"a;b": same}}, "own: 'a;b' is no name; give it a text that is not empty and has no ; in it"),
        ({"own": {3: same}}, "own: 3 is no name"),
        ({"own": {"mine": {"plain": same}}}, "own: 'mine' has a variant named 'plain'"),
        ({"own": {"mine": {"x;y": same}}}, "own: 'x;y' is no name"),
        ({"own": {"mine": {}}}, "own: 'mine' is no function"),
        ({"own": 3}, "own: 3 is no mapping; give functions by name, as in own={'mine': change}"),
        ({"dimensions": 3}, "dimensions: '3' is no kind of choice; use unit, weights"),
        ({"dimensions": [["unit"]]}, "dimensions: '['unit']' is no kind of choice"),
    ],
)
def test_bad_arguments_are_named(bundled: pg.Study, options: dict[str, Any], said: str) -> None:
    with pytest.raises(pg.UsageError) as error:
        pg.measure_robustness(bundled, **options)
    assert str(error.value).startswith(said)


def test_ids_may_be_the_words_that_variants_are_called() -> None:
    """A statement named random_1 or all, and an actor or coder named all, are one of many like any other."""
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}, {"id": "u", "label": "U"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        groups=[{"id": "g", "label": "G"}],
        actors=[{"id": name, "label": name, "group": "g"} for name in ("all", "other")],
        statements=[
            {"id": name, "speaker": speaker, "text": "...", "kind": "call"}
            for name, speaker in (("all", "all"), ("random_1", "other"), ("s", "other"))
        ],
        codings=[
            {"statement": name, "code": code, "reading": reading, "coder": coder}
            for name in ("all", "random_1", "s")
            for code, reading in (("t", "main"), ("u", "alternative"))
            for coder in ("all", "bo")
        ],
    )
    tried = pg.measure_robustness(study, together=5)
    for one in tried.dimensions:
        every = [one.plain, *(variant.name for variant in one.variants)]
        assert len(set(every)) == len(every), one.name
    assert {"statement all", "statement random_1", "s"} < set(tried.scenarios["reading"])
    assert tried.counted_alone["speakers"] == 2
    assert tried.effects()["survived"].notna().all()
    assert "{" not in tried.sentence("gap", "t")


def test_unknown_findings_are_named(tried: pg.Robustness) -> None:
    with pytest.raises(pg.UsageError, match="there is no gap 'Q'"):
        tried.sentence("gap", "Q")
    with pytest.raises(pg.UsageError, match="there is no gap 'c01'"):
        tried.curve("c01")


def test_what_was_not_assessed_is_not_called_robust(bundled: pg.Study) -> None:
    silent = bundled.with_tables(responses=[])
    tried = pg.measure_robustness(silent, dimensions=["unit"], together=0)
    unanswered = [gap.subject for gap in pg.find_gaps(pg.measure_coverage(silent)) if gap.kind == "not_assessed"]
    assert unanswered
    assert {tried.verdict("gap", subject) for subject in unanswered} == {"not_tried"}
    effects = tried.effects()
    assert not set(unanswered) & set(effects["id"])
    assert set(zip(effects["type"], effects["id"], strict=True)) == {
        (row["type"], row["id"]) for row in tried.findings.to_dict("records") if row["kinds"] > 0
    }


def test_curves_hold_one_figure_and_the_plain_one_lies_on_its_curve(bundled: pg.Study) -> None:
    content = gather_content(bundled, robustness=pg.measure_robustness(bundled, dimensions=["unit"], together=0))
    assert draw_curves(content, "recommendation") is None  # decided on demand, which has no benchmark
    figure = draw_curves(content, "focus_area")
    assert figure is not None
    assert all(row[3] <= row[2] <= row[4] for row in figure.table.rows)
