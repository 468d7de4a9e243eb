"""What ThemeFinder and EPPI-Reviewer write, whole and broken, comes in; studies, or every problem, must go out.

All files are made up; their layouts are those that the two programs write and read.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.io.mapping import CodeMapping
from policygap.io.reading import read_package

Files = dict[str, Any]  # by path: a list is one object a line, all else one value

THEMES = [
    {"theme_key": "A", "theme_name": "More ferries", "theme_description": "Ferries should run more often."},
    {"theme_key": "B", "theme_name": "Lower fares", "theme_description": "Fares should fall."},
    {"theme_key": "C", "theme_name": "None of the Above", "theme_description": "Another topic."},
]
# As the app keeps it: a folder a question, inputs and outputs apart.
APP: Files = {
    "inputs/respondents.jsonl": [
        {"themefinder_id": 1, "demographic_data": {"Region": ["North"], "Organisation type": ["Firm"]}},
        {"themefinder_id": 2, "demographic_data": {"Region": ["South"], "Organisation type": ["Person"]}},
        {"themefinder_id": 3, "demographic_data": {"Region": ["South"], "Organisation type": ["Person", "Farmer"]}},
    ],
    "inputs/question_part_1/question.json": {
        "question_text": "What of the ferries?",
        "question_number": 1,
        "has_free_text": True,
        "multi_choice_options": ["Keep", "Close"],
    },
    "inputs/question_part_1/responses.jsonl": [
        {"themefinder_id": 1, "text": "More ferries, but not cheaper ones."},
        {"themefinder_id": 2, "text": "Buses."},
        {"themefinder_id": 3, "text": "Cheaper, please."},
    ],
    "inputs/question_part_1/multi_choice.jsonl": [
        {"themefinder_id": 1, "options": ["Keep"]},
        {"themefinder_id": 4, "options": ["Close"]},
    ],
    "inputs/question_part_2/question.json": {"question_text": "And of the roads?", "question_number": 2},
    "inputs/question_part_2/responses.jsonl": [{"themefinder_id": 2, "text": "Pave them."}],
    "outputs/mapping/2025-07-22/question_part_1/themes.json": THEMES,
    "outputs/mapping/2025-07-22/question_part_1/mapping.jsonl": [
        {"themefinder_id": 1, "theme_keys": ["A", "B"], "stances": ["POSITIVE", "NEGATIVE"]},
        {"themefinder_id": 2, "theme_keys": ["C"], "stances": ["NEUTRAL"]},
    ],
    "outputs/mapping/2025-07-22/question_part_1/sentiment.jsonl": [{"themefinder_id": 1, "sentiment": "AGREEMENT"}],
    "outputs/mapping/2025-07-22/question_part_1/detail_detection.jsonl": [
        {"themefinder_id": 1, "evidence_rich": "YES"},
        {"themefinder_id": 2, "evidence_rich": "NO"},
    ],
    "outputs/mapping/2025-07-22/question_part_2/themes.json": [
        {"theme_key": "A", "theme_name": "Better roads", "theme_description": "Roads should be paved."}
    ],
    "outputs/mapping/2025-07-22/question_part_2/mapping.jsonl": [{"themefinder_id": 2, "theme_keys": ["A"]}],
}


def encode(name: str, content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if name.endswith(".jsonl") and isinstance(content, list):
        return "".join(f"{json.dumps(one)}\n" for one in content).encode()
    return json.dumps(content, indent=4).encode()


def save(folder: Path, files: Mapping[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(name, content))
    return folder


def pack(path: Path, files: Mapping[str, Any], before: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(before + name, encode(name, content))
    return path


def said(study: pg.Study) -> str:
    return "\n".join(map(str, study.notices))


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[str, ...]]:
    cells = frame[list(columns)].astype(object)
    return sorted(tuple(map(str, row)) for row in cells.where(cells.notna(), "").to_numpy())


def problems(path: Path, mapping: CodeMapping | None = None) -> str:
    with pytest.raises(pg.StudyError) as caught:
        pg.read_study(path, mapping=mapping)
    return str(caught.value)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return save(tmp_path / "ferries", APP)


# -- ThemeFinder: what becomes what


def test_responses_become_statements_and_their_themes_codings(app: Path, tmp_path: Path) -> None:
    study = pg.read_study(app)
    assert rows(study.statements, "id", "speaker", "text", "question") == [
        ("question_part_1-1", "respondent-1", "More ferries, but not cheaper ones.", "question_part_1"),
        ("question_part_1-2", "respondent-2", "Buses.", "question_part_1"),
        ("question_part_1-3", "respondent-3", "Cheaper, please.", "question_part_1"),
        ("question_part_2-2", "respondent-2", "Pave them.", "question_part_2"),
    ]
    assert rows(study.codings, "statement", "code", "kind", "polarity", "coder", "basis") == [
        ("question_part_1-1", "lower-fares", "", "against", "ThemeFinder", "coder"),
        ("question_part_1-1", "more-ferries", "", "for", "ThemeFinder", "coder"),
        ("question_part_1-2", "", "theme", "", "ThemeFinder", "coder"),
        ("question_part_2-2", "better-roads", "", "", "ThemeFinder", "coder"),
    ]
    assert [(one.id, one.label) for one in study.questions] == [
        ("question_part_1", "What of the ferries?"),
        ("question_part_2", "And of the roads?"),
    ]
    assert study.theme("lower-fares").definition == "Fares should fall."
    study.write(tmp_path / "out")
    assert pg.read_study(tmp_path / "out") == study


def test_what_is_no_coding_is_kept_beside_the_statement_or_the_respondent(app: Path) -> None:
    study = pg.read_study(app)
    first = study.statements.set_index("id").loc["question_part_1-1"]
    assert first[["evidence_rich", "sentiment", "options"]].tolist() == ["yes", "agreement", "Keep"]
    assert [(one.id, one.region) for one in study.actors] == [
        ("respondent-1", "North"),
        ("respondent-2", "South"),
        ("respondent-3", "South"),
    ]
    assert study.tables["actors"]["Organisation type"].tolist() == ["Firm", "Person", "Person; Farmer"]
    assert "Responses without a text (1)" in said(study)


def test_who_is_which_group_is_said_by_a_variable(app: Path) -> None:
    groups = {one.id: one.group for one in pg.read_study(app).actors}
    assert groups["respondent-1"] == "group-firm"
    assert groups["respondent-2"] == "group-person"
    by_region = pg.read_study(app, mapping=CodeMapping(group="region"))
    assert {one.label for one in by_region.groups} == {"North", "South"}
    assert "the mapping's group 'Regoin' is no variable; did you mean 'Region'" in problems(
        app, CodeMapping(group="Regoin")
    )


def test_the_tool_looked_for_each_theme_of_a_question_and_for_none_of_another(app: Path) -> None:
    """Not found is 0 where it looked; where a question has no such theme, nobody has looked."""
    study = pg.read_study(app, mapping=CodeMapping(targets={"focus_area": ["Lower fares"]}))
    looked = study.codings[study.codings["code"].isna()]
    assert rows(looked, "statement", "kind") == [
        ("question_part_1-2", "focus_area"),
        ("question_part_1-2", "theme"),
    ]
    assert study.target("lower-fares").kind == "focus_area"
    assert "Responses that the tool has not mapped (1) are not assessed" in said(study)


def test_a_theme_that_says_none_fits_is_a_theme_where_the_mapping_names_it(app: Path) -> None:
    assert "are read as 'looked, and found nothing': None of the Above" in said(pg.read_study(app))
    study = pg.read_study(app, mapping=CodeMapping(themes=["question_part_1", "None of the Above"]))
    assert {one.label for one in study.themes} == {"More ferries", "Lower fares", "None of the Above"}
    assert "leaves out codes (1, with codings: 1): Better roads" in said(study)


def test_themes_are_named_by_name_key_or_question(app: Path) -> None:
    for name in ("Better roads", "question_part_2/A", "question_part_2"):
        study = pg.read_study(app, mapping=CodeMapping(targets={"area": [name]}))
        assert [one.id for one in study.targets] == ["better-roads"]


def test_a_mapping_stands_beside_the_folder(app: Path) -> None:
    app.with_name("ferries.toml").write_text('[targets]\nfocus_area = ["Better roads"]\n', encoding="utf-8")
    assert [one.id for one in pg.read_study(app).targets] == ["better-roads"]


def test_the_same_key_in_two_questions_is_two_themes(app: Path) -> None:
    for key in ("topic_id", "theme_key"):
        themes = [{key: "A", "theme_name": "More ferries", "theme_description": "x"}]
        save(app, {"outputs/mapping/2025-07-22/question_part_2/themes.json": themes})
        assert [one.id for one in pg.read_study(app).themes] == ["more-ferries", "lower-fares", "more-ferries-2"]


def test_the_last_run_is_read(app: Path) -> None:
    later = "outputs/mapping/2025-08-01/question_part_2"
    save(app, {f"{later}/themes.json": THEMES, f"{later}/mapping.jsonl": [{"themefinder_id": 2, "theme_keys": ["B"]}]})
    study = pg.read_study(app)
    assert study.theme("lower-fares-2").label == "Lower fares"
    assert "better-roads" not in {one.id for one in study.themes}
    assert "earlier runs are not read, where there are later ones: 2025-07-22" in said(study)


@pytest.mark.parametrize("before", ["", "ferries/"])
def test_an_archive_of_the_folder_is_the_same_study(app: Path, tmp_path: Path, before: str) -> None:
    assert pg.read_study(pack(tmp_path / "ferries.zip", APP, before)) == pg.read_study(app)


def test_a_data_package_stays_one_whatever_lies_beside_it(tmp_path: Path) -> None:
    small = tmp_path / "small"
    assert main(["new", str(small)]) == 0
    before = pg.read_study(small)
    save(small, {"mapping.jsonl": [{"response_id": 1, "labels": ["A"]}], "responses.jsonl": [], "themes.json": THEMES})
    assert pg.read_study(small) == before
    (small / "datapackage.json").unlink(missing_ok=True)
    assert {one.id for one in pg.read_study(small).themes} == {one.id for one in before.themes}


def test_frames_that_the_package_gives_are_read_as_pandas_saves_them(tmp_path: Path) -> None:
    """``find_themes`` gives these frames; the key of each is a file's name."""
    answers = pd.DataFrame({"response_id": [1, 2], "response": ["More ferries.", "Nothing."], "sector": ["x", "x"]})
    found = {
        "sentiment": answers.assign(position=["AGREEMENT", "UNCLEAR"]),
        "themes": pd.DataFrame(
            {
                "topic_id": ["A", "B"],
                "topic": ["More ferries: Ferries should run more often.", "Other: Any other topic."],
                "source_topic_count": [3, 1],
            }
        ),
        "mapping": answers.assign(
            labels=[["A"], ["B"]], reasons=[["asks for it"], ["says so"]], stances=[["POSITIVE"], ["NEGATIVE"]]
        ),
        "detailed_responses": answers.assign(evidence_rich=["NO", "YES"]),
        "unprocessables": pd.DataFrame(),
    }
    for name, frame in found.items():
        frame.to_json(tmp_path / f"{name}.jsonl", orient="records", lines=True)
    study = pg.read_study(tmp_path)
    assert rows(study.codings, "statement", "code", "polarity", "note") == [
        ("response-1", "more-ferries", "for", "asks for it"),
        ("response-2", "", "", "Other: says so"),
    ]
    assert study.theme("more-ferries").definition == "Ferries should run more often."
    assert study.statements["evidence_rich"].tolist() == ["no", "yes"]
    assert study.statements["sentiment"].tolist() == ["agreement", "unclear"]
    assert study.questions == ()
    assert [one.label for one in study.groups] == ["x"]
    whole = {name: json.loads(frame.to_json(orient="records")) for name, frame in found.items()}
    one = tmp_path / "one.json"
    one.write_text(json.dumps({"question": "What of the ferries?", **whole}), encoding="utf-8")
    again = pg.read_study(one)
    assert again.codings.equals(study.codings)
    assert [question.label for question in again.questions] == ["What of the ferries?"]


def test_one_file_with_a_response_a_line_is_enough(tmp_path: Path) -> None:
    lines = [
        {"response_id": 1, "response": "More ferries.", "labels": ["More ferries"], "evidence_rich": "YES"},
        {"response_id": 2, "response": "No view.", "labels": []},
    ]
    study = pg.read_study(save(tmp_path, {"all.jsonl": lines}) / "all.jsonl")
    assert rows(study.codings, "statement", "code", "kind") == [
        ("response-1", "more-ferries", ""),
        ("response-2", "", "theme"),
    ]
    assert "The themes are not listed, so their keys stand for their names: More ferries" in said(study)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_marks_and_wide_encodings_are_read(tmp_path: Path, codec: str) -> None:
    line = json.dumps({"response_id": 1, "response": "Flere båter på Ås", "labels": ["A"]}, ensure_ascii=False)
    (tmp_path / "x.jsonl").write_bytes(line.encode(codec))
    assert pg.read_study(tmp_path / "x.jsonl").statements["text"].tolist() == ["Flere båter på Ås"]


def test_one_command_makes_a_report_of_it(app: Path, tmp_path: Path) -> None:
    assert main(["report", str(app), "--out", str(tmp_path / "report"), "--quick", "--formats", "md"]) == 0
    (page,) = (tmp_path / "report").glob("*.md")
    assert "More ferries" in page.read_text(encoding="utf-8")
    for command in ("check", "gaps", "coverage"):
        assert main([command, str(app)]) == 0


def test_neither_format_is_written(app: Path, tmp_path: Path) -> None:
    study = pg.read_study(app)
    for name in ("themefinder", "eppi"):
        with pytest.raises(pg.UsageError, match=f"no file is written as '{name}'"):
            study.write(tmp_path / "x.json", format=name)


# -- ThemeFinder: what is wrong


def test_all_that_is_wrong_is_told_at_once_with_its_place(app: Path) -> None:
    run = "outputs/mapping/2025-07-22/question_part_1"
    mapped = [
        {"theme_keys": ["A"]},
        {"themefinder_id": 1, "theme_keys": ["A", "B"], "stances": ["POSITIVE"]},
        {"themefinder_id": 2, "theme_keys": ["Q"]},
        {"themefinder_id": 9, "theme_keys": ["A"]},
        {"themefinder_id": 3, "theme_keys": {"A": 1}},
        7,
    ]
    save(app, {f"{run}/mapping.jsonl": mapped, f"{run}/sentiment.jsonl": b'{"themefinder_id": 1, "sentiment": NaN}\n'})
    text = problems(app)
    for expected in (
        f"{run}/mapping.jsonl, row 1: it has no response_id",
        f"{run}/mapping.jsonl, row 2: it has 2 themes and 1 stances",
        "question_part_1: 1 themes that were given are not in its themes.json (Q)",
        "question_part_1: 1 responses that have themes have no text here (9)",
        f"{run}/mapping.jsonl, row 5: its themes are no list of keys",
        f"{run}/mapping.jsonl, row 6: this is no object",
        f"{run}/sentiment.jsonl, row 1: this is not JSON that can be read: NaN is no number in JSON",
    ):
        assert expected in text


def test_a_thousand_problems_are_told_in_few_lines(app: Path) -> None:
    lines = [{"theme_keys": ["A"]}] * 1000
    text = problems(save(app, {"outputs/mapping/2025-07-22/question_part_1/mapping.jsonl": lines}))
    assert "980 more are wrong in the same way" in text
    assert len(text.splitlines()) < 40


def test_results_without_the_responses_say_what_to_give(app: Path) -> None:
    text = problems(app / "outputs" / "mapping" / "2025-07-22")
    assert "have no text here (1, 2); give the folder that holds inputs and outputs" in text


def test_responses_without_results_say_what_to_give(app: Path) -> None:
    assert "inputs: no response has themes, so there is nothing to count" in problems(app / "inputs")


def test_a_folder_over_the_limit_is_one_problem(app: Path) -> None:
    with pytest.raises(pg.StudyError, match="raise the limit") as caught:
        pg.read_study(app, limits=pg.Limits(bytes=10))
    assert sum("raise the limit" in str(one) for one in caught.value.problems) == 1


def test_two_texts_of_one_response_are_an_error_and_two_lines_alike_a_notice(app: Path) -> None:
    path = "inputs/question_part_2/responses.jsonl"
    line = {"themefinder_id": 2, "text": "Pave them."}
    assert "holds responses more than once (1)" in said(pg.read_study(save(app, {path: [line, line]})))
    other = {"themefinder_id": 2, "text": "Do not."}
    assert "the response '2' has 2 different texts" in problems(save(app, {path: [line, other]}))


def test_themes_above_each_other_in_a_circle_are_an_error(app: Path) -> None:
    themes = [{**one, "parent_id": above} for one, above in zip(THEMES, "BAA", strict=True)]
    text = problems(save(app, {"outputs/mapping/2025-07-22/question_part_1/themes.json": themes}))
    assert "stand under each other in a circle" in text


def test_nothing_is_left_out_in_silence(app: Path) -> None:
    more = {
        "outputs/sign_off/2025-07-01/question_part_1/clustered_themes.json": [],
        "raw_data/all.xlsx": b"x",
        "outputs/mapping/2025-07-22/question_part_2/mapping.jsonl": [
            {"themefinder_id": 2, "theme_keys": ["A"], "stances": ["FURIOUS"], "nested": {"a": 1}}
        ],
    }
    notices = said(pg.read_study(save(app, more)))
    assert "Files that are not read (2): outputs/sign_off" in notices
    assert "The stance 'FURIOUS' (1) says neither for nor against" in notices
    assert "nested of a respondent (1)" in notices


# -- ThemeFinder: properties

KEYS = ("A", "B", "C", "AA")
STANCES = ("POSITIVE", "NEGATIVE", "NEUTRAL")


@st.composite
def consultations(draw: st.DrawFn) -> Files:
    """Files in the app's layout, of one or two questions."""
    files: Files = {}
    names = st.sampled_from(["Roads", "Fares", "Other", "Roads ", "研究", "a;b", ""])
    for number in range(1, draw(st.integers(1, 2)) + 1):
        ids = draw(st.lists(st.integers(1, 12), min_size=1, max_size=5, unique=True))
        keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
        themes = [{"topic_id": key, "topic_label": draw(names), "topic_description": "d"} for key in keys]
        mapped = [
            {"response_id": one, "labels": chosen, "stances": [draw(st.sampled_from(STANCES)) for _ in chosen]}
            for one in draw(st.lists(st.sampled_from(ids), unique=True))
            for chosen in [draw(st.lists(st.sampled_from(keys), unique=True))]
        ]
        said_of = [{"response_id": one, "evidence_rich": draw(st.sampled_from(["YES", "NO"]))} for one in ids]
        files |= {
            f"inputs/question_part_{number}/responses.jsonl": [
                {"response_id": one, "response": f"{number}: {draw(st.text(max_size=5))}"} for one in ids
            ],
            f"outputs/mapping/2025-07-22/question_part_{number}/themes.json": themes,
            f"outputs/mapping/2025-07-22/question_part_{number}/mapping.jsonl": mapped,
            f"outputs/mapping/2025-07-22/question_part_{number}/detail_detection.jsonl": said_of,
        }
    people = draw(st.lists(st.integers(1, 12), max_size=4, unique=True))
    variables = st.dictionaries(st.text(max_size=6), st.lists(st.text(max_size=3), max_size=2), max_size=3)
    held = [{"response_id": one, "demographic_data": draw(variables)} for one in people]
    return {**files, "inputs/respondents.jsonl": held}


def labels_of_none(files: Mapping[str, Any]) -> list[bool]:
    """For each theme, whether it says that none fits: a study needs one that does not."""
    themes = [one for name, held in files.items() if name.endswith("themes.json") for one in held]
    return [one["topic_label"].strip().casefold() == "other" for one in themes]


def read_files(files: Mapping[str, Any]) -> pg.Study | str:
    """The study, or what is wrong with the files."""
    with TemporaryDirectory() as folder:
        path = save(Path(folder) / "made", files)
        try:
            return pg.read_study(path)
        except pg.PolicyGapError as error:
            return str(error)


@given(files=consultations())
def test_every_response_and_every_coding_is_in_the_study(files: Files) -> None:
    study = read_files(files)
    if isinstance(study, str):
        mapped = [one for name, held in files.items() if name.endswith("mapping.jsonl") for one in held]
        assert not mapped or all(labels_of_none(files)), study
        return
    answers = {
        (name.split("/")[1], str(one["response_id"]))
        for name, held in files.items()
        if "responses" in name
        for one in held
    }
    there = {(str(row.question), str(row.locator).removeprefix("response ")) for row in study.statements.itertuples()}
    assert there == answers
    none = {"other"}
    expected: list[tuple[str, str, str]] = []
    for name, held in files.items():
        if not name.endswith("mapping.jsonl"):
            continue
        of = name.split("/")[-2]
        labels = {one["topic_id"]: one["topic_label"] for one in files[name.replace("mapping.jsonl", "themes.json")]}
        for one in held:
            for key, stance in zip(one["labels"], one["stances"], strict=True):
                if labels[key].strip().casefold() not in none:
                    polarity = {"POSITIVE": "for", "NEGATIVE": "against"}.get(stance, "")
                    expected.append((f"{of}-{one['response_id']}", key, polarity))
    topics = (
        {row.id: row.topic for row in study.tables["themes"].itertuples()} if "topic" in study.tables["themes"] else {}
    )
    coded = study.codings[study.codings["code"].notna()]
    found = [(row[0], topics[row[1]], row[2]) for row in rows(coded, "statement", "code", "polarity")]
    assert sorted(found) == sorted(expected)


@given(files=consultations(), seed=st.randoms(use_true_random=False))
def test_the_order_of_lines_never_matters(files: Files, seed: random.Random) -> None:
    shuffled: Files = {}
    for name, content in files.items():
        shuffled[name] = seed.sample(content, len(content)) if isinstance(content, list) else content
    assert read_files(shuffled) == read_files(files)


LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.sampled_from(["A", "1"])
)
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "response_id",
    "themefinder_id",
    "response",
    "text",
    "labels",
    "theme_keys",
    "stances",
    "topic_id",
    "topic",
    "parent_id",
    "demographic_data",
    "position",
    "reasons",
)
RECORD = st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from([1, ["A"], "A"]), max_size=5)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(files=st.dictionaries(st.sampled_from(sorted(APP)), st.lists(RECORD | JSON, max_size=4) | JSON, max_size=6))
def test_files_of_any_shape_are_a_study_or_an_error(files: Files) -> None:
    files = {"outputs/mapping/2025-07-22/question_part_1/mapping.jsonl": [{"response_id": 1, "labels": ["A"]}], **files}
    read_files(files)  # any other error than the library's own goes through


@given(data=st.data())
def test_damaged_files_are_a_study_or_an_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(APP)))
    whole = bytearray(encode(name, APP[name]))
    if data.draw(st.booleans()):
        whole = whole[: data.draw(st.integers(0, len(whole)))]
    else:
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read_files({**APP, name: bytes(whole)})


@given(data=st.data())
def test_damaged_archives_are_a_study_or_an_error(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = pack(Path(folder, "x.zip"), APP)
        whole = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(bytes(whole)[: data.draw(st.integers(len(whole) // 2, len(whole)))])
        read_package(path)


# -- EPPI-Reviewer: what becomes what


def attribute(
    number: int, name: str, *below: dict[str, Any], about: str = "", kind: str = "Selectable (show checkbox)"
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "AttributeSetId": number + 1000,
        "AttributeId": number,
        "OriginalAttributeID": 0,
        "AttributeSetDescription": "",
        "AttributeType": kind,
        "AttributeName": name,
        "AttributeDescription": about,
        "ExtURL": "",
        "ExtType": "",
    }
    return {**found, **({"Attributes": {"AttributesList": list(below)}} if below else {})}


def code_set(number: int, name: str, *codes: dict[str, Any]) -> dict[str, Any]:
    return {
        "SetName": name,
        "ReviewSetId": number,
        "SetId": number,
        "SetType": {"SetTypeName": "Standard", "SetTypeDescription": "x"},
        "SetDescription": "",
        "Attributes": {"AttributesList": list(codes)},
    }


def passage(text: str, page: int = 1) -> dict[str, Any]:
    return {
        "ItemDocumentId": 366199,
        "TextFrom": 0,
        "TextTo": 0,
        "Text": f'Page {page}:\n[¬s]"{text}[¬e]"',
        "IsFromPDF": True,
        "DocTitle": "Post.pdf",
        "ItemArm": "",
    }


def given_code(number: int, *details: dict[str, Any], note: str = "", arm: str = "") -> dict[str, Any]:
    found = {"AttributeId": number, "AdditionalText": note, "ArmId": int(bool(arm)), "ArmTitle": arm}
    return {**found, **({"ItemAttributeFullTextDetails": list(details)} if details else {})}


def reference(number: int, *codes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "ItemId": number,
        "Title": f"Ferries {number}",
        "ShortTitle": f"Holm ({number})",
        "Year": "2018",
        "URL": "",
        "DOI": "10.1000/182",
        "Abstract": "On ferries.",
        "TypeName": "Journal, Article",
        "Authors": "Holm A ; Berg B ; ",
        "ItemStatus": "I",
        "ItemStatusTooltip": "Included in review",
        "Codes": list(codes),
        **fields,
    }


REVIEW: dict[str, Any] = {
    "CodeSets": [
        code_set(
            1,
            "Outcomes",
            attribute(10, "Use", attribute(11, "More"), attribute(12, "Less"), kind="Not selectable (no checkbox)"),
            attribute(20, "Cost", attribute(21, "More", about="Costs rise")),
        ),
        code_set(2, "Recommendations", attribute(30, "Run more ferries")),
    ],
    "References": [
        reference(
            7,
            given_code(11, passage("Use rose."), passage("It rose again.", 3), note="see table 2", arm="Winter"),
            given_code(21, passage("Use rose.")),
            given_code(30),
        ),
        reference(8, Year="in press", TypeName="Report"),
    ],
}


def test_passages_become_statements_and_codes_without_one_are_of_the_reference(tmp_path: Path) -> None:
    study = pg.read_study(save(tmp_path, {"review.json": REVIEW}) / "review.json")
    assert rows(study.statements, "id", "source", "text", "locator") == [
        ("item-7", "item-7", "Ferries 7\n\nOn ferries.", "title and abstract"),
        ("item-7-passage", "item-7", "It rose again.", "Post.pdf, page 3"),
        ("item-7-passage-2", "item-7", "Use rose.", "Post.pdf, page 1"),
        ("item-8", "item-8", "Ferries 8\n\nOn ferries.", "title and abstract"),
    ]
    assert rows(study.codings, "statement", "code", "note", "arm") == [
        ("item-7", "run-more-ferries", "", ""),
        ("item-7-passage", "more", "see table 2", "Winter"),
        ("item-7-passage-2", "more", "see table 2", "Winter"),
        ("item-7-passage-2", "more-2", "", ""),
    ]
    assert study.target("run-more-ferries").kind == "recommendation"
    assert study.theme("more-2").parent == "cost"
    assert study.theme("more-2").definition == "Costs rise"
    first, second = study.sources
    assert (first.year, second.year, first.url) == (2018, None, "https://doi.org/10.1000/182")
    assert {one.label for one in study.groups} == {"Journal, Article", "Report"}
    assert "References without a code (1) are not assessed: 8" in said(study)
    study.write(tmp_path / "out")
    assert pg.read_study(tmp_path / "out") == study


def test_code_sets_names_paths_and_numbers_say_which_codes_are_what(tmp_path: Path) -> None:
    path = save(tmp_path, {"review.json": REVIEW}) / "review.json"
    for name, ids in (("Outcomes", 5), ("Use/More", 1), ("Use", 2), ("21", 1)):
        study = pg.read_study(path, mapping=CodeMapping(targets={"area": [name]}))
        assert len(study.targets) == ids, name
    path.with_suffix(".toml").write_text('group = "Year"\nkind = "example"\n', encoding="utf-8")
    study = pg.read_study(path)
    assert set(study.statements["kind"]) == {"example"}
    assert {one.label for one in study.groups} == {"2018", "in press"}


def test_one_command_makes_a_report_of_a_review(tmp_path: Path) -> None:
    path = tmp_path / "review.json"
    path.write_text(json.dumps(REVIEW), encoding="utf-8-sig")
    assert main(["report", str(path), "--out", str(tmp_path / "report"), "--quick", "--formats", "md"]) == 0
    (page,) = (tmp_path / "report").glob("*.md")
    assert "Run more ferries" in page.read_text(encoding="utf-8")


# -- EPPI-Reviewer: what is wrong


def test_all_that_is_wrong_with_a_review_is_told_at_once(tmp_path: Path) -> None:
    review = {
        "CodeSets": [
            code_set(1, "A", attribute(1, "One", attribute(2, "Two", attribute(1, "One")))),
            code_set(2, "B", {"AttributeName": "no id"}),
            {"SetName": "C", "Attributes": {"AttributesList": "x"}},
            5,
        ],
        "References": [
            reference(1, given_code(99), given_code(99), given_code(98)),
            reference(1, given_code(1)),
            {"Title": "no id"},
            reference(2, Codes="x"),
            reference(3, {"AdditionalText": "x"}, {"AttributeId": 1, "ItemAttributeFullTextDetails": 5}),
        ],
    }
    text = problems(save(tmp_path, {"review.json": review}) / "review.json")
    for expected in (
        "the code 1 is there twice ('One', and below 'Two')",
        "a code below 'B' has no AttributeId",
        "the codes below 'C' are no list",
        "code set 4 is no object",
        "2 codings name a code that is in no code set, 99; export it again, with all coding tools",
        "1 codings name a code that is in no code set, 98",
        "references 1 and 2 have the same ItemId, 1, and differ",
        "reference 3 has no ItemId",
        "the Codes of reference 2 are no list",
        "a coding of reference 3 has no AttributeId",
        "the ItemAttributeFullTextDetails of reference 3 are no list",
    ):
        assert expected in text


def test_a_review_without_references_or_too_large_or_with_nan_is_told(tmp_path: Path) -> None:
    path = save(tmp_path, {"review.json": {"CodeSets": []}}) / "review.json"
    assert "it holds no list of References" in problems(path)
    path.write_text('{"CodeSets": [], "References": [{"ItemId": NaN}]}', encoding="utf-8")
    assert "NaN is no number in JSON" in problems(path)
    path.write_text(json.dumps(REVIEW), encoding="utf-8")
    with pytest.raises(pg.StudyError, match="raise the limit"):
        pg.read_study(path, limits=pg.Limits(text=100))


def test_what_is_there_twice_or_has_no_place_is_told(tmp_path: Path) -> None:
    twice = reference(7, given_code(11), given_code(11), Outcomes=[{"OutcomeId": 1}])
    review = {**REVIEW, "References": [twice, twice, reference(8, ItemStatusTooltip="Excluded")], "Report": "x"}
    notices = said(pg.read_study(save(tmp_path, {"review.json": review}) / "review.json"))
    assert "read once: references (1)" in notices
    assert "read once: codings (1)" in notices
    assert "Outcomes of a reference (1), Report (1)" in notices
    assert "Excluded (1), Included in review (1)" in notices


# -- EPPI-Reviewer: properties


@st.composite
def reviews(draw: st.DrawFn) -> dict[str, Any]:
    """An export with codes three levels deep and references that were given some of them."""
    names = st.sampled_from(["Yes", "No", "Recommendations", "研究", "", "a;b"])
    codes = [attribute(n, draw(names), attribute(n + 1, draw(names), attribute(n + 2, draw(names)))) for n in (1, 11)]
    sets = [code_set(1, draw(names), codes[0]), code_set(2, draw(names), codes[1])]
    details = st.lists(st.builds(passage, st.text(max_size=4), st.integers(1, 2)), max_size=2)
    numbers = st.sampled_from([1, 2, 3, 11, 12, 13])
    references = [
        reference(
            item,
            *[
                given_code(n, *draw(details), note=draw(st.text(max_size=3)))
                for n in draw(st.lists(numbers, max_size=4))
            ],
        )
        for item in draw(st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True))
    ]
    return {"CodeSets": sets, "References": references}


def read_review(content: Any) -> pg.Study | str:
    with TemporaryDirectory() as folder:
        path = Path(folder, "review.json")
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        try:
            return pg.read_study(path)
        except pg.PolicyGapError as error:
            return str(error)


@given(review=reviews())
def test_every_reference_and_every_coding_of_a_review_is_in_the_study(review: dict[str, Any]) -> None:
    study = read_review(review)
    if isinstance(study, str):  # nobody has coded anything
        assert not any(one["Codes"] for one in review["References"]), study
        return
    assert {one.id for one in study.sources} == {f"item-{one['ItemId']}" for one in review["References"]}
    assert set(study.statements["source"]) == {one.id for one in study.sources}
    tables = [study.tables[name] for name in ("themes", "targets")]
    numbers = {row.id: row.attribute_id for frame in tables if "attribute_id" in frame for row in frame.itertuples()}
    sources = dict(zip(study.statements["id"].astype(str), study.statements["source"].astype(str), strict=True))
    found = {(sources[str(row.statement)], numbers[str(row.code)]) for row in study.codings.itertuples()}
    expected = {
        (f"item-{one['ItemId']}", str(code["AttributeId"])) for one in review["References"] for code in one["Codes"]
    }
    assert found == expected


@given(review=reviews(), seed=st.randoms(use_true_random=False))
def test_the_order_of_references_and_codings_never_matters(review: dict[str, Any], seed: random.Random) -> None:
    references = [{**one, "Codes": seed.sample(one["Codes"], len(one["Codes"]))} for one in review["References"]]
    shuffled = {**review, "References": seed.sample(references, len(references))}
    assert read_review(shuffled) == read_review(review)


EPPI_FIELDS = (
    "CodeSets",
    "References",
    "Attributes",
    "AttributesList",
    "AttributeId",
    "AttributeName",
    "ItemId",
    "Codes",
    "ItemAttributeFullTextDetails",
    "Text",
    "Title",
    "Year",
)
EPPI_JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(EPPI_FIELDS), inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(sets=st.lists(EPPI_JSON, max_size=3) | EPPI_JSON, references=st.lists(EPPI_JSON, max_size=3) | EPPI_JSON)
def test_a_review_of_any_shape_is_a_study_or_an_error(sets: Any, references: Any) -> None:
    read_review({"CodeSets": sets, "References": references})


@given(data=st.data())
def test_a_damaged_review_is_a_study_or_an_error(data: st.DataObject) -> None:
    whole = bytearray(json.dumps(REVIEW).encode())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole = whole[:place]
    else:
        whole[place] = data.draw(st.integers(0, 255))
    read_review(bytes(whole))
