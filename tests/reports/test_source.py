"""A document knows what lies in the run folder, and says what is missing."""

from pathlib import Path

import pandas as pd
import pytest

from mmm.errors import InputError
from reports.source import geos, language, of_all_geos, read, times


def test_every_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a run folder \(it has no run.json\)"):
        read(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError) as error:
        read(tmp_path)
    assert len(error.value.problems) == 6
    assert error.value.problems[0] == "study.yaml is missing: fit the study first with `mmm fit`"


def test_a_table_that_a_run_may_lack_is_empty(bare: Path) -> None:
    source = read(bare)
    assert not source.has("scenarios")
    assert source.has("channels")


def test_a_channel_called_na_keeps_its_name(run: Path) -> None:
    path = run / "tables" / "verdicts.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("TV,", "NA,"), encoding="utf-8")
    assert "NA" in set(read(run)["verdicts"]["channel"])


def test_a_name_that_was_disarmed_for_spreadsheets_reads_as_it_was(bare: Path) -> None:
    path = bare / "tables" / "channels.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("=cmd", "'=cmd"), encoding="utf-8")
    assert "=cmd|' /C calc'!A0" in set(read(bare)["channels"]["channel"])


def test_the_documents_speak_of_the_kpi_in_its_own_words(run: Path, bare: Path) -> None:
    assert (language(read(run)).kpi, language(read(run)).valued) == ("revenue", True)
    assert (language(read(bare)).kpi, language(read(bare)).valued) == ("sales", False)
    assert language(read(run)).period == "week"


def test_a_national_study_has_one_geo_and_its_periods_in_order(run: Path) -> None:
    source = read(run)
    assert geos(source) == 1
    assert times(source)[0] < times(source)[-1] == "2026-09-28"


def test_geos_are_summed_only_where_no_total_is_given() -> None:
    table = pd.DataFrame({"channel": ["tv", "tv"], "geo": ["a", "b"], "spend": [1.0, 2.0]})
    assert of_all_geos(table, ("spend",))["spend"].tolist() == [3.0]
    with_total = pd.concat([table, pd.DataFrame({"channel": ["tv"], "geo": ["all"], "spend": [3.0]})])
    assert of_all_geos(with_total, ("spend",))["spend"].tolist() == [3.0]
