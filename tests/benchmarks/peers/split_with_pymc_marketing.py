"""PyMC-Marketing's `BudgetOptimizer` (SLSQP on the graph) with every default, on given draws of Hill curves.
Called as `split_with_pymc_marketing.py PROBLEMS RESULT`."""

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pymc as pm
import pymc.dims as pmd
import xarray as xr
from pymc_marketing.mmm.budget_optimizer import BudgetOptimizer

warnings.filterwarnings("ignore")
problems, result = map(Path, sys.argv[1:])
found = []
for problem in json.loads(problems.read_text()):
    spend = np.array(problem["spend"])
    names = [f"channel {c}" for c in range(len(spend))]
    draws = {name: np.array(problem[name])[None] for name in ("half", "slope", "coefficient")}
    posterior = xr.Dataset({name: (("chain", "draw", "channel"), values) for name, values in draws.items()})
    began = time.process_time()
    with pm.Model(coords={"date": [0], "channel": names}) as model:
        multiple = pmd.Data("channel_data", np.ones((1, len(spend))), dims=("date", "channel"))
        half, slope, coefficient = (pmd.LogNormal(name, 0.0, 1.0, dims="channel") for name in draws)
        power = multiple**slope
        earned = pmd.Deterministic("channel_contribution", coefficient * power / (power + half**slope))
        pmd.Deterministic("total_media_contribution_original_scale", earned.sum())
    optimizer = BudgetOptimizer(
        model=model,
        idata=xr.DataTree.from_dict({"posterior": posterior.assign_coords(channel=names)}),
        num_periods=1,
        channel_scales=spend,
    )
    ready = time.process_time()
    low, high = (np.array(problem[end]) * spend for end in ("lower", "upper"))
    solved = optimizer.allocate_budget(
        total_budget=float(spend.sum()),
        budget_bounds=dict(zip(names, zip(low, high, strict=True), strict=True)),
        return_if_fail=True,
    )
    ended = time.process_time()
    multiples = solved.budgets.sel(channel=names).values / spend
    found.append({"multiples": multiples.tolist(), "seconds": ended - ready, "prepared": ready - began})
versions = {name: version(name) for name in ("pymc-marketing", "pymc")}
result.write_text(json.dumps({"versions": versions, "found": found}))
