"""Many experiments on one calendar: which are old, which see the same sales, which disturb each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from causal.registry import flags, usable_past

DAYS = pd.date_range("2022-01-03", periods=200, freq="W-MON")
GEOS = [f"geo{number}" for number in range(6)]


@pytest.fixture(scope="module")
def panel() -> xr.DataTree:
    """200 weeks; the model's window begins in the second year."""
    data = xr.Dataset({"in_window": ("time", np.arange(200) >= 52)}, {"time": DAYS, "geo": GEOS})
    return xr.DataTree.from_dict({"panel": data})


def _row(name: str, first: int, weeks: int = 4, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "experiment": name,
        "channel": ("tv",),
        "geos": ("geo0", "geo1"),
        "start": DAYS[first],
        "end": DAYS[first + weeks - 1] + pd.Timedelta(days=6),
    }
    row["measured_until"] = row["end"]
    return row | changes


def _seen(panel: xr.DataTree, *rows: dict[str, object], **fade: int) -> list[tuple[str, str, str]]:
    found = flags(pd.DataFrame(list(rows)), panel, fade)
    return [tuple(row) for row in found[["experiment", "other", "flag"]].to_numpy()]


def test_an_old_test_is_named_with_its_age(panel: xr.DataTree) -> None:
    """Week 20 ended 175 weeks before the data do: 3.4 years; week 100 lies within two years."""
    found = flags(pd.DataFrame([_row("first", 20), _row("second", 100)]), panel)
    old = found[found["flag"] == "old"]
    assert old["experiment"].tolist() == ["first"]
    assert "3.4 years" in old["message"].iloc[0]


def test_sales_that_the_model_sees_too_are_counted(panel: xr.DataTree) -> None:
    """The window begins with week 52: two of four weeks."""
    found = flags(pd.DataFrame([_row("edge", 50)]), panel)
    training = found[found["flag"] == "in_training"].iloc[0]
    assert training["statistic"] == 0.5
    assert training["severity"] == "info"
    assert ("before", "", "in_training") not in _seen(panel, _row("before", 40))


def test_tests_at_the_same_time_share_cells_or_controls(panel: xr.DataTree) -> None:
    one = _row("one", 150)
    same = _row("two", 152, channel=("radio",), geos=("geo1", "geo2"))
    elsewhere = _row("three", 153, geos=("geo4",))
    seen = _seen(panel, one, same, elsewhere)
    assert ("one", "two", "same_cells") in seen
    assert ("one", "three", "shared_controls") in seen
    assert ("two", "three", "shared_controls") in seen
    assert not [row for row in seen if row[2] == "contaminated_past"]


def test_everywhere_means_every_geo(panel: xr.DataTree) -> None:
    seen = _seen(panel, _row("one", 150), _row("two", 152, geos=("all",)))
    assert ("one", "two", "same_cells") in seen


def test_a_test_in_anothers_past_contaminates_it_and_fading_counts(panel: xr.DataTree) -> None:
    """The second learns from twelve weeks, 155 to 166. The first ends with week 153, and fades for one more or two."""
    first, second = _row("first", 150), _row("second", 167)
    assert not [row for row in _seen(panel, first, second, tv=1) if row[2] == "contaminated_past"]
    assert ("second", "first", "contaminated_past") in _seen(panel, first, second, tv=2)
    apart = _row("second", 167, geos=("geo5",))
    assert not [row for row in _seen(panel, first, apart, tv=2) if row[2] == "contaminated_past"]


def test_the_usable_past_leaves_out_what_another_test_moved_until_it_faded() -> None:
    rows = pd.DataFrame([_row("first", 150), _row("second", 160)])
    usable = usable_past(DAYS, "second", rows, frozenset(GEOS), {"tv": 2})
    assert np.flatnonzero(~usable).tolist() == [150, 151, 152, 153, 154, 155]
    assert usable_past(DAYS, "second", rows, frozenset({"geo5"}), {"tv": 2}).all()
    assert usable_past(DAYS, "first", rows, frozenset(GEOS)).all()  # what comes after a start is not its past


def test_a_clean_registry_says_nothing(panel: xr.DataTree) -> None:
    none = flags(pd.DataFrame([_row("one", 2, measured_until=DAYS[10])]).assign(start=DAYS[190], end=DAYS[193]), panel)
    assert set(none["flag"]) <= {"in_training", "old"}
    assert list(none.columns) == ["experiment", "other", "flag", "severity", "statistic", "message"]
