"""Scenarios that somebody keeps in a spreadsheet become the study's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmm.errors import StudyError
from mmm.study import Study, load_study

STUDY = """
study: spring
currency: EUR
data:
  source: data.csv
  time: week
  kpi: {column: sales}
  channels:
    tv: {spend: tv}
    search: {spend: search_spend}
plan:
  scenarios: plans.csv
"""


def of(folder: Path, table: str) -> Study:
    (folder / "study.yaml").write_text(STUDY)
    (folder / "plans.csv").write_text(table)
    return load_study(folder / "study.yaml")


def test_a_row_is_a_scenario_and_an_empty_cell_stays_at_one(tmp_path: Path) -> None:
    study = of(tmp_path, "scenario,tv,search\nmore-tv,1.2,\nless,0.5,0\n")
    assert [(one.name, one.multiples) for one in study.plan.scenarios] == [
        ("more-tv", {"tv": 1.2}),
        ("less", {"tv": 0.5, "search": 0.0}),
    ]
    assert Study.model_validate(study.canonical()).plan.scenarios == study.plan.scenarios


def test_the_numbers_of_the_file_are_part_of_the_study(tmp_path: Path) -> None:
    assert of(tmp_path, "scenario,tv\na,1.2\n").hash() != of(tmp_path, "scenario,tv\na,1.3\n").hash()


def test_a_spreadsheet_that_separates_by_semicolons_writes_decimal_commas(tmp_path: Path) -> None:
    assert of(tmp_path, "scenario;tv\na;1,25\n").plan.scenarios[0].multiples == {"tv": 1.25}


def test_everything_wrong_with_the_file_is_listed_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as refused:
        of(tmp_path, "scenario,tv,serch\na,much,1\na,1,1\nb,1\nc,-1,1\n")
    said = "\n".join(refused.value.problems)
    for part in ("line 2, tv: 'much'", "line 4 has 2 cells", "line 5, tv: '-1'", "'a' more than once", "'serch'"):
        assert part in said, part


@pytest.mark.parametrize("table", ["", "tv,search\n1,1\n", "scenario,tv,tv\na,1,1\n"])
def test_a_file_without_its_columns_is_refused(tmp_path: Path, table: str) -> None:
    with pytest.raises(StudyError, match=r"plans\.csv"):
        of(tmp_path, table)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    with pytest.raises(StudyError, match=r"plans\.csv"):
        load_study(tmp_path / "study.yaml")
