"""PyMC-Marketing's answer, as its quick start has it: geometric adstock, logistic saturation, its own priors, two
yearly harmonics and a trend as a control; 4 chains of 1,000 draws with NumPyro's NUTS, the fastest of its samplers on
a national panel, and with nutpie on geos. Called as `with_pymc_marketing.py FOLDER RESULT`."""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"  # one chain a device, as ours

import numpy as np
import pandas as pd
from pymc_marketing.mmm import MMM, GeometricAdstock, LogisticSaturation

folder, result = map(Path, sys.argv[1:])
data = json.loads((folder / "study.yaml").read_text())["data"]
frame = pd.read_csv(folder / "data.csv", parse_dates=[data["time"]])
frame["trend"] = frame.groupby(data["time"]).ngroup() / frame[data["time"]].nunique() - 0.5
channels = {column["spend"]: name for name, column in data["channels"].items()}
dims = (data["geo"],) if "geo" in data else ()
model = MMM(
    date_column=data["time"],
    channel_columns=list(channels),
    control_columns=[*data["controls"], *data["treatments"], "trend"],
    target_column=data["kpi"]["column"],
    dims=dims or None,
    adstock=GeometricAdstock(l_max=14),
    saturation=LogisticSaturation(),
    yearly_seasonality=2,
)
target = frame.pop(data["kpi"]["column"])
sampler = "nutpie" if dims else "numpyro"
idata = model.fit(
    frame, target, chains=4, tune=1000, draws=1000, random_seed=1, progressbar=False, nuts_sampler=sampler
)
scaled = idata["posterior"]["channel_contribution"] * model.scalers["_target"]
contribution = scaled.sum(("date", *dims)).transpose("chain", "draw", "channel")
spend = frame[list(channels)].sum().to_numpy()
print((contribution / spend).quantile([0.05, 0.5, 0.95], ("chain", "draw")).to_pandas().round(2))
found = {
    "versions": {name: version(name) for name in ("pymc-marketing", "pymc", sampler)},
    "channels": [channels[str(name)] for name in contribution["channel"].values],
    "contribution": np.asarray(contribution).tolist(),
}
result.write_text(json.dumps(found))
