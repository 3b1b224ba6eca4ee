"""A panel is complete and regular, or every cell that prevents it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmm.data.panel import load_panel, load_study_and_panel, panel_from_frame
from mmm.study import InputError, Study, StudyError, load_study

WEEKS = [str(day.date()) for day in pd.date_range("2025-01-06", periods=8, freq="W-MON")]


def weekly() -> pd.DataFrame:
    """Eight national weeks, each number visible."""
    return pd.DataFrame(
        {
            "week": WEEKS,
            "sales": [100, 110, 120, 130, 140, 150, 160, 170],
            "tv_spend": [10, 0, 12, 0, 14, 0, 16, 0],
            "search_cost": [1, 2, 3, 4, 5, 6, 7, 8],
            "clicks": [10, 20, 30, 40, 50, 60, 70, 80],
            "sends": [5, 5, 0, 5, 5, 0, 5, 5],
            "promo": [0, 0, 1, 0, 0, 0, 1, 0],
            "price": [9.5, 9.5, 9.0, 9.5, 9.5, -9.5, 9.0, 9.5],
        }
    ).astype(object)


DATA: dict[str, Any] = {
    "source": "data.csv",
    "time": "week",
    "kpi": {"column": "sales"},
    "channels": {"tv": {"spend": "tv_spend"}, "search": {"spend": "search_cost", "exposure": "clicks"}},
    "organic": {"newsletter": {"exposure": "sends"}},
    "treatments": ["promo"],
    "controls": ["price"],
}


def study_of(folder: Path | None = None, **changes: Any) -> Study:
    study = load_study({"study": "test", "currency": "EUR", "data": {**DATA, **changes}})
    return study.model_copy(update={"folder": folder}) if folder else study


def problems_of(frame: pd.DataFrame, **changes: Any) -> list[str]:
    return _problems(frame, study_of(**changes))


def written(folder: Path, frame: pd.DataFrame, **changes: Any) -> Study:
    frame.to_csv(folder / "data.csv", index=False)
    return study_of(folder, **changes)


def two_geos() -> pd.DataFrame:
    north, south = weekly(), weekly()
    south["sales"] = south["sales"] * 2
    return pd.concat(
        [north.assign(region="north", people=100), south.assign(region="south", people=200)], ignore_index=True
    )


def test_the_panel_holds_what_the_design_promises() -> None:
    tree = panel_from_frame(weekly(), study_of())
    panel = tree["panel"]
    assert dict(panel.sizes) == {"geo": 1, "time": 8, "channel": 3, "treatment": 1, "control": 1}
    assert panel.geo.values.tolist() == ["national"]
    assert panel.channel.values.tolist() == ["tv", "search", "newsletter"]
    assert panel.paid.values.tolist() == [True, True, False]
    assert panel.kpi.sel(geo="national").values.tolist() == [100, 110, 120, 130, 140, 150, 160, 170]
    assert panel.spend.sel(channel="search").values[0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert panel.exposure.sel(channel="search").values[0].tolist() == [10, 20, 30, 40, 50, 60, 70, 80]
    assert panel.exposure.sel(channel="tv").values[0].tolist() == panel.spend.sel(channel="tv").values[0].tolist()
    assert (panel.spend.sel(channel="newsletter") == 0).all()
    assert (panel.value_per_kpi == 1).all()
    assert panel.controls.sel(control="price").values[0, 5] == -9.5
    assert panel.exposure_unit.values.tolist() == ["EUR", "clicks", "sends"]
    assert {str(name): variable.attrs["units"] for name, variable in panel.data_vars.items()} == {
        "kpi": "EUR", "spend": "EUR", "exposure": "see exposure_unit", "treatments": "as in the data",
        "controls": "as in the data", "value_per_kpi": "EUR per KPI unit",
    }  # fmt: skip
    assert tree.attrs["frequency"] == "W-MON"
    assert tree.attrs["periods_per_year"] == pytest.approx(52.18, abs=0.01)
    assert json.loads(tree.attrs["study"])["study"] == "test"


def test_geos_are_sorted_and_keep_their_own_rows_whatever_the_order_of_the_file() -> None:
    frame = two_geos().sample(frac=1, random_state=3)
    panel = panel_from_frame(frame, study_of(geo="region", population="people"))["panel"]
    assert panel.geo.values.tolist() == ["north", "south"]
    assert panel.kpi.sel(geo="south").values.tolist() == [200, 220, 240, 260, 280, 300, 320, 340]
    assert panel.population.values.tolist() == [100, 200]


def test_reach_and_frequency_become_exposure_and_frequency() -> None:
    frame = weekly().assign(reach=range(100, 108), often=1.5)
    channels = {"tv": {"spend": "tv_spend"}, "video": {"spend": "search_cost", "reach": "reach", "frequency": "often"}}
    panel = panel_from_frame(frame, study_of(channels=channels))["panel"]
    assert panel.exposure.sel(channel="video").values[0].tolist() == list(range(100, 108))
    assert (panel["frequency"].sel(channel="video") == 1.5).all()
    assert panel["frequency"].sel(channel="tv").isnull().all()


def test_the_value_of_a_kpi_may_be_a_number_or_a_column() -> None:
    counted = {"column": "sales", "kind": "count"}
    panel = panel_from_frame(weekly(), study_of(kpi={**counted, "value_per_kpi": 3.0}))["panel"]
    assert (panel.value_per_kpi == 3).all()
    assert panel.kpi.attrs["units"] == "sales"
    frame = weekly().assign(margin=range(1, 9))
    panel = panel_from_frame(frame, study_of(kpi={**counted, "value_per_kpi": "margin"}))["panel"]
    assert panel.value_per_kpi.values[0].tolist() == list(range(1, 9))


def test_rows_before_the_window_feed_carryover_and_rows_after_it_are_left_out() -> None:
    window = {"start": "2025-01-20", "end": "2025-02-10"}
    tree = panel_from_frame(weekly(), study_of(window=window))
    assert tree["panel"].in_window.values.tolist() == [False, False, True, True, True, True]
    assert tree.attrs["notes"].splitlines() == [
        "2 rows after data.window.end 2025-02-10 were left out",
        "2 periods before data.window.start 2025-01-20 only feed carryover",
    ]


def test_cells_after_the_window_are_not_looked_at() -> None:
    frame = weekly()
    frame.loc[7, "sales"] = "not yet known"
    assert panel_from_frame(frame, study_of(window={"end": "2025-02-17"}))["panel"].sizes["time"] == 7


def test_a_window_outside_the_data_is_refused() -> None:
    (problem,) = problems_of(weekly(), window={"start": "2030-01-07"})
    assert "holds no period of the data" in problem


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "xlsx", "db"])
def test_the_same_data_have_the_same_hash_in_every_format(tmp_path: Path, ending: str) -> None:
    frame = weekly().astype({name: float for name in weekly() if name != "week"})
    write: dict[str, Callable[[Path], Any]] = {
        "csv": lambda path: frame.to_csv(path, index=False),
        "csv.gz": lambda path: frame.to_csv(path, index=False),
        "parquet": lambda path: frame.to_parquet(path),
        "xlsx": lambda path: frame.to_excel(path, index=False),
        "db": lambda path: _to_duckdb(frame, path),
    }
    path = tmp_path / f"data.{ending}"
    write[ending](path)
    source = {"table": "sales", "connection": "duckdb:///data.db"} if ending == "db" else path.name
    tree = load_panel(study_of(tmp_path, source=source))
    assert tree.attrs["data_hash"] == panel_from_frame(frame[::-1], study_of()).attrs["data_hash"]


def _to_duckdb(frame: pd.DataFrame, path: Path) -> None:
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.register("frame", frame)
        connection.execute("create table sales as select * from frame")


def test_one_changed_cell_changes_the_hash() -> None:
    other = weekly()
    other.loc[3, "price"] = 9.51
    one, two = (panel_from_frame(frame, study_of()).attrs["data_hash"] for frame in (weekly(), other))
    assert one != two


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("sales", None, "`sales` (kpi.column) is missing once, at row 3 (2025-01-20): write the value"),
        ("tv_spend", "n/a", "`tv_spend` (channels.tv.spend) is missing once, at row 3 (2025-01-20)"),
        ("tv_spend", "12 EUR", "`tv_spend` (channels.tv.spend) is text once, at row 3 (2025-01-20): '12 EUR'"),
        (
            "sales",
            "1,234.5",
            "is text once, at row 3 (2025-01-20): '1,234.5': write a plain number with a decimal point",
        ),
        ("clicks", -4, "`clicks` (channels.search.exposure) is negative once, at row 3 (2025-01-20): '-4'"),
        ("sales", -4, "`sales` (kpi.column) is negative once"),
        ("price", "inf", "`price` (controls[0]) is infinite once, at row 3 (2025-01-20): 'inf'"),
        ("promo", float("-inf"), "`promo` (treatments[0]) is infinite once"),
        ("sends", "1_000", "`sends` (organic.newsletter.exposure) is text once"),
    ],
)
def test_a_bad_cell_is_named_with_its_row_date_column_and_value(column: str, value: Any, said: str) -> None:
    frame = weekly()
    frame.loc[2, column] = value
    (problem,) = problems_of(frame)
    assert said in problem


def test_a_csv_cell_is_named_by_its_line_even_after_blank_lines_and_long_cells(tmp_path: Path) -> None:
    text = weekly().assign(note="").to_csv(index=False).splitlines()
    text[1] = text[1] + '"two\nlines"'
    text.insert(3, "")
    text[5] = text[5].replace("140", "oops").replace("130", "oops").replace("120", "oops")
    (tmp_path / "data.csv").write_text("\n".join(text) + "\n")
    bad = next(i for i, line in enumerate("\n".join(text).splitlines(), start=1) if "oops" in line)
    with pytest.raises(InputError, match=rf"line {bad} \(2025-01-27\): 'oops'"):
        load_panel(study_of(tmp_path))


def test_a_cell_of_a_geo_panel_is_named_with_its_geo() -> None:
    frame = two_geos()
    frame.loc[9, "sales"] = -1
    (problem,) = problems_of(frame, geo="region")
    assert "row 10 (2025-01-13, south): '-1'" in problem


def test_many_bad_cells_are_counted_and_the_first_ten_named() -> None:
    frame = pd.concat(
        [weekly(), weekly().assign(week=[str(d.date()) for d in pd.date_range("2025-03-03", periods=8, freq="W-MON")])]
    )
    frame["tv_spend"] = -1
    (problem,) = problems_of(frame)
    assert "is negative 16 of 16 times" in problem
    assert "and 6 more" in problem


def test_a_control_of_words_says_how_to_make_columns_of_it() -> None:
    frame = weekly().assign(price=["na", "na", "event1", "na", "event2", "na", "na", "na"])
    (problem,) = problems_of(frame)
    assert problem.startswith(
        "`price` (controls[0]) holds words ('event1', 'event2', 'na'), not numbers: add one column of 0 and 1"
    )


def test_a_missing_column_lists_what_there_is() -> None:
    (problem,) = problems_of(weekly().rename(columns={"tv_spend": "TV spend"}))
    assert problem.startswith(
        "data.channels.tv.spend names the column 'tv_spend', which is not in the data: did you mean 'TV spend'?"
    )
    assert "search_cost" in problem


def test_a_duplicated_week_is_named_with_both_rows() -> None:
    frame = pd.concat([weekly(), weekly().iloc[[4]]], ignore_index=True)
    (problem,) = problems_of(frame)
    assert problem.startswith(
        "1 periods stand more than once: 2025-02-03 (row 5 and row 9): keep one row a period, or add them up"
    )
    assert "data.geo" in problem


def test_a_gap_is_named() -> None:
    (problem,) = problems_of(weekly().drop(index=[3, 4]))
    assert problem.startswith("2 of 8 periods are missing: 2025-01-27, 2025-02-03: add the rows")


def national(**tv: Any) -> dict[str, Any]:
    return DATA["channels"] | {"tv": {"spend": "tv_spend", "national": True} | tv}


def test_what_a_national_channel_spent_is_shared_out_by_people_or_else_by_sales() -> None:
    frame = two_geos().assign(people=[300] * 8 + [100] * 8)
    people = panel_from_frame(frame, study_of(geo="region", population="people", channels=national()))["panel"]
    assert people.spend.sel(channel="tv").isel(time=0).values.tolist() == [7.5, 2.5]
    assert people.exposure.sel(channel="tv").isel(time=0).values.tolist() == [7.5, 2.5]
    assert people.spend.sel(channel="search").isel(time=0).values.tolist() == [1.0, 1.0]
    sales = panel_from_frame(frame, study_of(geo="region", channels=national()))["panel"]
    np.testing.assert_allclose(sales.spend.sel(channel="tv").isel(time=0), [10 / 3, 20 / 3])


def test_a_frequency_is_the_same_in_every_geo_and_not_shared_out() -> None:
    reached = {"tv": national(reach="clicks", frequency="sends")["tv"]}
    panel = panel_from_frame(two_geos(), study_of(geo="region", organic={}, channels=reached))["panel"]
    assert panel.frequency.sel(channel="tv").isel(time=0).values.tolist() == [5.0, 5.0]


def test_a_national_channel_that_differs_between_geos_is_an_error_with_its_place() -> None:
    frame = two_geos()
    frame.loc[10, "tv_spend"] = 99
    (problem,) = problems_of(frame, geo="region", channels=national())
    assert problem.startswith(
        "`tv_spend` of the national channel tv differs between geos in 1 periods, first on 2025-01-20"
    )
    assert "12 in north, 99 in south" in problem


def test_only_data_with_regions_have_national_channels() -> None:
    with pytest.raises(StudyError, match=r"channels\.tv\.national is for data with regions"):
        study_of(channels=national())


def test_a_geo_that_lacks_a_period_is_named_with_it() -> None:
    (problem,) = problems_of(two_geos().drop(index=[15]), geo="region")
    assert problem.startswith("geo south: 1 of 8 periods are missing: 2025-02-24")


def test_geos_that_lack_the_same_periods_share_a_sentence() -> None:
    (problem,) = problems_of(two_geos().drop(index=[3, 11]), geo="region")
    assert problem.startswith("geo north, south: 1 of 8 periods are missing: 2025-01-27")


def test_a_population_of_zero_is_refused() -> None:
    (problem,) = problems_of(two_geos().assign(people=[100] * 8 + [0] * 8), geo="region", population="people")
    assert "`people` (population) is zero 8 of 16 times" in problem


def test_a_geo_without_a_name_is_refused() -> None:
    frame = two_geos()
    frame.loc[3, "region"] = " "
    assert any(
        "`region` (geo) is missing 1 times, first at row 4" in problem for problem in problems_of(frame, geo="region")
    )


def test_three_faults_at_once_give_three_problems(tmp_path: Path) -> None:
    frame = weekly()
    frame.loc[1, "tv_spend"] = -5
    frame.loc[2, "price"] = "cheap"
    with pytest.raises(InputError) as caught:
        load_panel(written(tmp_path, frame.drop(index=[6])))
    assert len(caught.value.problems) == 3
    assert caught.value.source == "data.csv"


def test_faults_of_the_study_and_of_its_data_come_together(tmp_path: Path) -> None:
    weekly().assign(sales=-1).to_csv(tmp_path / "data.csv", index=False)
    path = tmp_path / "study.yaml"
    study = {"study": "test", "currency": "EUR", "data": DATA, "fit": {"chains": 1}}
    path.write_text(json.dumps(study))
    with pytest.raises(StudyError) as caught:
        load_study_and_panel(path)
    assert len(caught.value.problems) == 2
    path.write_text(json.dumps({**study, "fit": {}}))
    with pytest.raises(InputError, match="is negative 8 of 8 times"):
        load_study_and_panel(path)


@pytest.mark.parametrize(("frequency", "written"), [("MS", "%Y-%m-%d"), ("D", "%d.%m.%Y"), ("h", "%Y-%m-%d %H:%M")])
def test_months_days_and_hours_are_periods_too(frequency: str, written: str) -> None:
    days = pd.date_range("2025-01-01", periods=40, freq=frequency)
    frame = pd.DataFrame({"week": days.strftime(written), "sales": range(1, 41), "tv_spend": range(40)})
    study = study_of(channels={"tv": {"spend": "tv_spend"}}, organic={}, treatments=[], controls=[])
    tree = panel_from_frame(frame, study)
    assert tree.attrs["frequency"] == frequency
    assert tree["panel"].time.to_index().equals(days)
    assert set(tree["panel"].data_vars) == {"kpi", "spend", "exposure", "value_per_kpi"}
    (problem,) = _problems(frame.drop(index=[20]), study)
    assert problem.startswith("1 of 40 periods are missing")


def _problems(frame: pd.DataFrame, study: Study) -> list[str]:
    with pytest.raises(InputError) as caught:
        panel_from_frame(frame, study)
    return caught.value.problems


def test_the_panel_survives_a_netcdf_file(tmp_path: Path) -> None:
    import xarray as xr

    tree = panel_from_frame(two_geos(), study_of(geo="region", population="people"))
    tree.to_netcdf(tmp_path / "panel.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "panel.nc", engine="h5netcdf") as back:
        xr.testing.assert_equal(tree["panel"].to_dataset(), back["panel"].to_dataset())
        assert back.attrs["data_hash"] == tree.attrs["data_hash"]


def test_the_bundled_example_loads(example_panel: Any) -> None:
    assert dict(example_panel["panel"].sizes) == {"geo": 1, "time": 156, "channel": 7, "treatment": 1, "control": 2}
    assert np.isfinite(example_panel["panel"].kpi).all()
