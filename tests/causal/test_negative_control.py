"""A series that the channel cannot move betrays what moves both; a table that does not fit is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causal
from causal.adjustment import GEO, SEASON, TREND
from causal.gates import GateResult, negative_control
from causal.negative_control import read_negative_controls
from causal.operating import Kind, simulate
from causal.rates import false_alarm_rate
from causal.regression import observations
from causal.verdict import CONFLICTED, GATES, judge, label
from mmm.errors import InputError

ADJUSTMENT = (SEASON, TREND, GEO, "other")


def _judged(kind: Kind, seed: int) -> list[GateResult]:
    return judge(simulate(kind, 1, 156, 0.9, np.random.default_rng(seed), sister=0.9), "channel", ADJUSTMENT)


def test_another_products_sales_betray_hidden_demand() -> None:
    confounded, sound = ([_judged(kind, seed)[-1].result for seed in range(12)] for kind in ("confounded", "effective"))
    assert confounded.count("fail") >= 8  # power of about 0.9
    assert sound.count("fail") <= 3  # under a rate of 0.05 four of twelve are 1 in 400


def test_it_comes_last_and_makes_a_conflict() -> None:
    results = _judged("confounded", 0)
    assert [result.gate for result in results] == [*GATES, "negative_control"]
    assert results[-1].result == "fail"
    assert "goes with another product, which it cannot move" in results[-1].note
    sound = [GateResult(gate, 0.0, "pass", "") for gate in GATES]
    assert label([*sound, results[-1]]) == CONFLICTED


def test_many_series_raise_no_more_alarms_than_one() -> None:
    """The smallest of ten p-values counts ten times."""
    rng = np.random.default_rng(1)
    data = observations(rng.standard_normal((1, 80)), rng.standard_normal((1, 80)), np.ones((1, 80, 1)))
    series = {f"series {number}": rng.standard_normal((1, 80)) for number in range(10)}
    alone = [negative_control(data, {name: values}).statistic for name, values in series.items()]
    assert negative_control(data, series).statistic == pytest.approx(min(1.0, 10 * min(alone)))


def test_holes_of_a_series_are_left_out() -> None:
    rng = np.random.default_rng(2)
    exposure = rng.standard_normal((1, 80))
    data = observations(rng.standard_normal((1, 80)), exposure, np.ones((1, 80, 1)))
    holed = exposure + 0.1 * rng.standard_normal((1, 80))
    holed[0, 10:20] = np.nan
    assert negative_control(data, {"series": holed}).result == "fail"


@pytest.fixture(scope="module")
def table(fitted: xr.DataTree) -> pd.DataFrame:
    panel = fitted["panel"].to_dataset()
    cells = pd.MultiIndex.from_product([panel["geo"].values, panel["time"].values], names=["geo", "time"])
    noise = np.random.default_rng(4).standard_normal(len(cells))
    return pd.DataFrame({"visits": 100 + noise, "returns": 20 - noise}, index=cells).reset_index()


def test_a_fit_is_judged_by_a_table_of_series(fitted: xr.DataTree, table: pd.DataFrame) -> None:
    verdicts = causal.validate(fitted, negative_controls=table)
    added = verdicts[verdicts["gate"] == "negative_control"]
    others = verdicts[verdicts["gate"].isin(GATES)].groupby("channel")["result"]
    tested = others.agg(lambda results: (results != "not_testable").sum() > 2)
    assert set(added["channel"]) == set(tested.index[tested])
    assert set(added["false_alarm_rate"]) == {false_alarm_rate("negative_control", fitted["panel"].sizes["geo"])}


def test_cells_are_found_by_date_and_measured_by_their_geos_mean(fitted: xr.DataTree, table: pd.DataFrame) -> None:
    panel = fitted["panel"].to_dataset()
    shuffled = table.sample(frac=1, random_state=1).iloc[5:]
    series = read_negative_controls(shuffled, panel)
    assert list(series) == ["visits", "returns"]
    assert np.isnan(series["visits"]).sum() <= 5
    np.testing.assert_allclose(np.nanmean(series["visits"], axis=1), 1.0)
    first = table.iloc[0]
    place = list(panel["time"].values[panel["in_window"].values]).index(first["time"])
    whole = read_negative_controls(table, panel)["visits"][0]
    assert whole[place] / whole[place + 1] == pytest.approx(first["visits"] / table["visits"].iloc[1])


def test_a_table_that_does_not_fit_is_refused_with_every_reason(fitted: xr.DataTree, table: pd.DataFrame) -> None:
    panel = fitted["panel"].to_dataset()
    held = str(panel["control"].values[0])
    wrong = pd.concat([table, table.iloc[:2]]).assign(**{held: 1.0, "text": "many"})
    with pytest.raises(InputError) as caught:
        read_negative_controls(wrong, panel)
    said = str(caught.value)
    assert f"{held!r} is held still" in said
    assert "'text' is not all numbers" in said
    assert "2 rows repeat a cell" in said
    with pytest.raises(InputError, match="no column 'time'"):
        read_negative_controls(table.drop(columns="time"), panel)
    with pytest.raises(InputError, match="add a column for each"):
        read_negative_controls(table[["geo", "time"]], panel)
    late = table.assign(time=table["time"] + pd.DateOffset(days=1))
    with pytest.raises(InputError, match="has a number in 0 of the window's"):
        read_negative_controls(late, panel)
