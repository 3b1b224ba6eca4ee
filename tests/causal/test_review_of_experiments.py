"""The data review tells of experiments that count sales twice, before anything is fitted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from mmm import stages
from mmm.files import read_table
from mmm.model.calibrate import to_dataset


def test_the_review_of_a_study_with_experiments_holds_their_flags(example_panel: xr.DataTree, tmp_path: Path) -> None:
    days = pd.DatetimeIndex(example_panel["panel"]["time"].values)
    channel = str(example_panel["panel"]["channel"].values[0])
    row = {
        "experiment": "spring", "channel": (channel,), "geos": (), "start": days[-10], "end": days[-8],
        "measured_until": days[-7], "spend_delta": 1000.0, "lift": 10.0, "standard_error": 5.0, "randomised": True,
    }  # fmt: skip
    example_panel["lift"] = xr.DataTree(to_dataset(pd.DataFrame([row, row | {"experiment": "echo"}])))
    list(stages.check(tmp_path, example_panel))
    found = read_table(tmp_path / "tables" / "review.csv").set_index("check")
    assert set(found.loc["experiment_in_training", "subject"]) == {"spring", "echo"}
    assert found.loc["experiment_same_cells", "severity"] == "caution"
    assert "neither lift belongs to one of them alone" in found.loc["experiment_same_cells", "message"]
