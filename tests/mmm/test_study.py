"""A study is read strictly, and everything that is wrong with it is said at once."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from mmm.study import InputError, Study, StudyError, TableSource, load_study

GOOD: dict[str, Any] = {
    "study": "spring-2026",
    "currency": "EUR",
    "data": {
        "source": "sales.csv",
        "time": "week",
        "kpi": {"column": "sales"},
        "channels": {"tv": {"spend": "TV_spend"}, "search": {"spend": "search_cost", "exposure": "clicks"}},
        "controls": ["price"],
    },
}


def changed(**changes: Any) -> dict[str, Any]:
    """The good study with entries replaced: `data__kpi={...}`."""
    study = copy.deepcopy(GOOD)
    for path, value in changes.items():
        *parents, last = path.split("__")
        here = study
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = value
    return study


def problems_of(source: Any) -> list[str]:
    with pytest.raises(StudyError) as caught:
        load_study(source)
    return caught.value.problems


def write(folder: Path, text: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


BARE = """\
study: spring-2026
currency: EUR
data:
  source: sales.csv
  time: week
  kpi: {column: sales}
  channels:
    tv: {spend: TV_spend}
"""


def test_a_bare_study_has_every_default(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, BARE))
    assert study.data.channels["tv"].spend == "TV_spend"
    assert study.model.max_lag == "auto"
    assert study.plan.bounds == {"default": (0.5, 1.5)}
    assert study.folder == tmp_path


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    assert load_study(write(tmp_path, BARE)).resolve("lift.csv") == tmp_path / "lift.csv"


def test_a_mapping_is_read_like_a_file() -> None:
    assert load_study(GOOD) == Study.model_validate(GOOD)


def test_a_database_table_is_a_source() -> None:
    study = load_study(changed(data__source={"table": "sales", "connection": "duckdb:///shop.db"}))
    assert study.data.source == TableSource(table="sales", connection="duckdb:///shop.db")


def test_a_password_does_not_belong_into_a_study() -> None:
    source = {"table": "sales", "connection": "postgres://ann:secret@db/shop"}
    (problem,) = problems_of(changed(data__source=source))
    assert "the connection holds a password: write ${PGPASSWORD} in its place" in problem
    assert "secret" not in problem
    source["connection"] = "postgres://ann:${PGPASSWORD}@db/shop"
    assert isinstance(load_study(changed(data__source=source)).data.source, TableSource)


def test_the_hash_does_not_depend_on_the_folder_or_on_written_out_defaults(tmp_path: Path) -> None:
    written = BARE + "fit: {seed: 1}\n"
    other = tmp_path / "elsewhere"
    other.mkdir()
    assert load_study(write(tmp_path, BARE)).hash() == load_study(write(other, written)).hash()


def test_the_hash_changes_with_a_setting() -> None:
    assert load_study(GOOD).hash() != load_study(changed(fit={"seed": 2})).hash()


def test_a_frozen_study_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_study(GOOD).currency = "USD"


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_key(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, BARE + "modl: {max_lag: 8}\n"))
    assert problem.startswith("modl (line 9): unknown key 'modl': did you mean 'model'?")


def test_a_missing_key_says_where_it_belongs(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, BARE.replace("  time: week\n", "")))
    assert problem.startswith("data.time (line 3) is missing: add it.")


def test_a_kpi_used_as_a_control_is_refused() -> None:
    (problem,) = problems_of(changed(data__controls=["price", "sales"]))
    assert problem == (
        "column 'sales' is used as data.kpi.column and as data.controls[1]: a column has one meaning, remove the others"
    )


def test_three_faults_at_once_give_three_problems(tmp_path: Path) -> None:
    text = BARE.replace("currency: EUR", "currency: euro") + "  controls: [sales]\nfit: {chains: 1}\n"
    first, second, third = sorted(problems_of(write(tmp_path, text)))
    assert "column 'sales' is used as" in first
    assert second.startswith("currency (line 2) is 'euro'")
    assert third.startswith("fit.chains (line 10) is 1: it must be greater than or equal to 2")


def test_a_missing_key_does_not_hide_a_fault_elsewhere() -> None:
    study = changed(
        data__controls=["sales"], data__channels={"tv": {"exposure": "grps"}}, plan={"bounds": {"tvv": [0, 1]}}
    )
    missing, clash, unknown = problems_of(study)
    assert missing.startswith("data.channels.tv.spend is missing")
    assert "'sales' is used as" in clash
    assert unknown.startswith("plan.bounds names 'tvv', which is not a channel: did you mean 'tv'?")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data__kpi": {"column": "sales", "kind": "profit"}}, "data.kpi.kind is 'profit': it must be 'revenue'"),
        ({"data__kpi": {"column": "sales", "value_per_kpi": -1}}, "data.kpi.value_per_kpi"),
        ({"data__channels": {}}, "data.channels"),
        ({"data__channels": {"tv": {"spend": "a", "reach": "r"}}}, "reach and frequency come together"),
        ({"data__channels": {"tv": {"spend": "a", "reach": "r", "frequency": "f", "exposure": "e"}}}, "not both"),
        ({"data__treatments": ["tv"]}, "'tv' names more than one"),
        ({"data__window": {"start": "2026-01-05", "end": "2025-01-06"}}, "start 2026-01-05 is not before end"),
        ({"data__window": {"start": "spring"}}, "data.window.start is 'spring': it must be a date such as 2026-01-05"),
        ({"model": {"likelihood": "negative_binomial"}}, "needs link: log"),
        ({"model": {"per_channel": {"radio": {}}}}, "model.per_channel names 'radio'"),
        ({"model": {"per_channel": {"tv": {"order": "hill_first"}}}}, "it must be 'adstock_first' or"),
        (
            {
                "data__channels": {"tv": {"spend": "a", "reach": "r", "frequency": "f"}},
                "model": {"per_channel": {"tv": {"order": "saturation_first"}}},
            },
            "model.per_channel.tv.order cannot be chosen: with reach and frequency",
        ),
        ({"model": {"per_channel": {"tv": {"roi_prior": {"median": 2, "p95": 1}}}}}, "must be greater than the median"),
        ({"plan": {"budget": {"target_roi": 2, "target_mroi": 1}}}, "plan.budget: give exactly one of"),
        ({"plan": {"bounds": {"tv": [2, 1]}}}, "plan.bounds.tv: bounds [2.0, 1.0] need 0 <= lower <= upper"),
        ({"plan": {"groups": [{"channels": ["tv"], "min_share": 0.9, "max_share": 0.1}]}}, "min_share 0.9 is greater"),
        ({"plan": {"scenarios": [{"name": "x", "multiples": {"radio": 1}}]}}, "plan.scenarios.x names 'radio'"),
        ({"data__source": {"table": "x"}}, "data.source.connection is missing"),
        ({"data__channels": {"tv": "TV_spend"}}, "data.channels.tv is 'TV_spend': it must hold keys of its own"),
        ({"data": ["a"]}, "data is ['a']: it must hold keys of its own"),
        ({"study": "a b"}, "'a b' may hold letters, digits"),
    ],
)  # fmt: skip
def test_a_fault_is_one_sentence_with_its_place(changes: dict[str, Any], said: str) -> None:
    (problem,) = problems_of(changed(**changes))
    assert said in problem


def test_a_repeated_key_is_refused_with_both_lines(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, BARE + "currency: USD\n"))
    assert problem == "line 9: the key 'currency' stands already on line 2: keep one of the two"


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system ['true']", "!!python/name:os.system", "!secret x", "!!binary aGk="]
)
def test_an_unsafe_tag_is_refused_and_nothing_runs(tmp_path: Path, tag: str) -> None:
    (problem,) = problems_of(write(tmp_path, BARE + f"experiments: {tag}\n"))
    assert problem.startswith("line 9: the tag !")


def test_a_column_called_like_a_boolean_stays_text_as_a_key(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, BARE.replace("tv:", "on:")))
    assert list(study.data.channels) == ["on"]


def test_anchors_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcde", "bcdef", strict=True)
    )
    assert "far too large" in problems_of(write(tmp_path, bomb))[0]


def test_a_study_that_contains_itself_is_refused(tmp_path: Path) -> None:
    assert "refers to itself" in problems_of(write(tmp_path, "study: &s [*s]\n"))[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "study.yaml is empty"),
        (b"  \n\n", "study.yaml is empty"),
        (b"\x00\x01\x02binary", "is binary, not text"),
        ("study: a".encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
        (b"<!DOCTYPE html><html></html>", "is an HTML page"),
        (b"PK\x03\x04rest", "is an Excel workbook or a ZIP archive"),
        (b"study: caf\xe9", "is not UTF-8 text (first on line 1)"),
        (b"- a\n- b\n", "holds no keys"),
        (b"just words", "holds no keys"),
        (b"study: [a\ncurrency: EUR\n", "this is not YAML"),
        (b"study: a\ncurrency: 2026-13-45\n", "line 2: '2026-13-45' is not possible"),
    ],
)
def test_a_file_that_is_no_study_says_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_bytes(content)
    (problem,) = problems_of(path)
    assert said in problem


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert "does not exist" in problems_of(tmp_path / "none.yaml")[0]
    assert "is a folder" in problems_of(tmp_path)[0]


def test_the_message_lists_every_problem_under_the_name_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_study(write(tmp_path, BARE + "a: 1\nb: 2\n"))
    assert str(caught.value).splitlines()[0] == "2 problems in study.yaml:"


def test_what_is_left_of_a_faulty_study_can_still_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        load_study(write(tmp_path, BARE + "fit: {chains: 1}\n"))
    assert isinstance(caught.value.usable, Study)
    assert caught.value.usable.fit.chains == 4
