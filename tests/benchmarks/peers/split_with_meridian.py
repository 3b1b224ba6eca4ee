"""Google Meridian's grid search with every default, on a grid of its own spacing filled with the mean of given draws.
Called as `split_with_meridian.py PROBLEMS RESULT`."""

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

os.environ["MERIDIAN_BACKEND"] = "jax"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import xarray as xr
from meridian.analysis import optimizer

GTOL = 1e-4
"""Its default: the budget is rounded to about this share of itself, which is also the grid's step."""

problems, result = map(Path, sys.argv[1:])
found = []
for problem in json.loads(problems.read_text()):
    spend = np.array(problem["spend"])
    half, slope, coefficient = (np.array(problem[name]) for name in ("half", "slope", "coefficient"))
    low, high = 1 - np.array(problem["lower"]), np.array(problem["upper"]) - 1
    began = time.process_time()
    digits = optimizer.get_round_factor(spend.sum(), GTOL)
    ends = optimizer.get_optimization_bounds(
        n_channels=len(spend),
        spend=spend,
        round_factor=digits,
        spend_constraint_lower=low.tolist(),
        spend_constraint_upper=high.tolist(),
    )
    step = 10**-digits
    grids = [np.arange(first, last + step, step) for first, last in zip(*ends, strict=True)]
    amounts = np.full((max(map(len, grids)), len(spend)), np.nan)
    outcome = amounts.copy()
    for c, grid in enumerate(grids):
        power = (grid[:, None] / spend[c]) ** slope[:, c]
        amounts[: len(grid), c] = grid
        outcome[: len(grid), c] = (coefficient[:, c] * power / (power + half[:, c] ** slope[:, c])).mean(axis=1)
    names = [f"channel {c}" for c in range(len(spend))]
    dims = ("grid_spend_index", "channel")
    grid = optimizer.OptimizationGrid(
        _grid_dataset=xr.Dataset(
            {"spend_grid": (dims, amounts), "incremental_outcome_grid": (dims, outcome)},
            coords={"grid_spend_index": np.arange(len(amounts)), "channel": names},
            attrs={"spend_step_size": step},
        ),
        historical_spend=spend,
        use_kpi=False,
        use_posterior=True,
        use_optimal_frequency=False,
        start_date=None,
        end_date=None,
        gtol=GTOL,
        round_factor=digits,
        optimal_frequency=None,
        selected_geos=None,
        selected_times=None,
    )
    ready = time.process_time()
    solved = grid.optimize(
        optimizer.FixedBudgetScenario(), spend_constraint_lower=low.tolist(), spend_constraint_upper=high.tolist()
    )
    ended = time.process_time()
    multiples = solved["optimized"].values / spend
    found.append({"multiples": multiples.tolist(), "seconds": ended - ready, "prepared": ready - began})
result.write_text(json.dumps({"versions": {"google-meridian": version("google-meridian")}, "found": found}))
