"""This project's answer: every default of the bare study. Called as `with_mmm.py FOLDER RESULT`."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import mmm

folder, result = map(Path, sys.argv[1:])
study = mmm.load_study(folder / "study.yaml")
fit = mmm.fit(mmm.load_panel(study), study)
contribution = mmm.contribution(fit).sum("geo").transpose("chain", "draw", "channel")
print(mmm.roi(fit).quantile([0.05, 0.5, 0.95], ("chain", "draw")).to_pandas().round(2))
found = {
    "versions": {name: version(name) for name in ("jax", "numpyro")} | {"mmm": mmm.__version__},
    "channels": contribution["channel"].values.tolist(),
    "contribution": contribution.values.tolist(),
}
result.write_text(json.dumps(found))
