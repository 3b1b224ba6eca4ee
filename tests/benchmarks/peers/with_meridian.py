"""Google Meridian's answer on its JAX backend: its own priors, geometric adstock and Hill with slope 1. A trend and two
yearly harmonics are controls on a national panel; geos have a knot every four weeks. 4 chains of 1,000 draws. Called as
`with_meridian.py FOLDER RESULT`."""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ["MERIDIAN_BACKEND"] = "jax"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import pandas as pd
from meridian.analysis import analyzer
from meridian.data import data_frame_input_data_builder
from meridian.model import model, spec

folder, result = map(Path, sys.argv[1:])
data = json.loads((folder / "study.yaml").read_text())["data"]
frame = pd.read_csv(folder / "data.csv").rename(columns={data["time"]: "time"})
controls = [*data["controls"], *data["treatments"]]
if "geo" in data:
    knots = frame["time"].nunique() // 4
else:
    days = pd.to_datetime(frame["time"])
    frame["trend"] = np.arange(len(frame)) / len(frame) - 0.5
    for order in (1, 2):
        frame[f"sin{order}"] = np.sin(2 * np.pi * order * days.dt.dayofyear / 365.25)
        frame[f"cos{order}"] = np.cos(2 * np.pi * order * days.dt.dayofyear / 365.25)
    controls += ["trend", "sin1", "cos1", "sin2", "cos2"]
    knots = 1
builder = data_frame_input_data_builder.DataFrameInputDataBuilder(
    kpi_type="revenue", default_kpi_column=data["kpi"]["column"]
).with_kpi(frame)
if "geo" in data:
    builder = builder.with_population(frame)
names = list(data["channels"])
columns = [data["channels"][name]["spend"] for name in names]
builder = builder.with_controls(frame, control_cols=controls).with_media(
    frame, media_cols=columns, media_spend_cols=columns, media_channels=names
)
fit = model.Meridian(input_data=builder.build(), model_spec=spec.ModelSpec(knots=knots, max_lag=13))
fit.sample_posterior(n_chains=4, n_adapt=500, n_burnin=500, n_keep=1000, seed=1)
try:
    analysis = analyzer.Analyzer(model_context=fit.model_context, inference_data=fit.inference_data)
except TypeError:  # as it was before 2.0
    analysis = analyzer.Analyzer(fit)
contribution = np.asarray(analysis.incremental_outcome())
print(pd.DataFrame(np.quantile(contribution / frame[columns].sum().to_numpy(), [0.05, 0.5, 0.95], (0, 1))).round(2))
found = {
    "versions": {name: version(name) for name in ("google-meridian", "jax")},
    "channels": names,
    "contribution": contribution.tolist(),
}
result.write_text(json.dumps(found))
