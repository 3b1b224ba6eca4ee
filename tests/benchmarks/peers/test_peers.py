"""How do we compare? This project, PyMC-Marketing and Google Meridian on one simulated market, one after the other.

    make setup && MMM_PEERS_SIZES=S .venv/bin/pytest -m benchmark -s tests/benchmarks/peers

Each tool is a script in a process and an environment of its own, which sees `data.csv` and the columns of
`study.yaml`, never the truth, and writes the draws of every channel's contribution as JSON. Clock, processor time and
memory are taken from outside, from cold process to ROI table. Ours runs twice: with an empty compile cache, and with
the one that it left.

Environments are made on first use, a few minutes and some gigabytes each, below `MMM_PEERS` (`.cache/peers`).
`MMM_PEERS_SIZES` names the sizes, `S` when it is not set: M takes ten times as long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from arviz_stats.base import array_stats

from mmm.data.simulate import TrueChannel, simulate

pytestmark = pytest.mark.benchmark

HERE = Path(__file__).parent
SEED = 1
SIZES = {"S": (1, 6), "M": (10, 8)}
"""Geos and channels; 156 weeks."""
CHANNELS = (
    TrueChannel("tv", 0.30, 1.2, 0.6, 1.2, 1.0, "bursts"),
    TrueChannel("search", 0.20, 2.5, 0.1, 2.0, 1.0, "always_on"),
    TrueChannel("social", 0.15, 1.8, 0.3, 1.5, 1.0, "pulses"),
    TrueChannel("radio", 0.10, 0.8, 0.4, 1.0, 1.0, "seasonal"),
    TrueChannel("video", 0.15, 1.5, 0.5, 1.3, 1.0, "pulses"),
    TrueChannel("display", 0.10, 1.0, 0.2, 1.6, 1.0, "growing"),
    TrueChannel("print", 0.08, 0.9, 0.3, 1.0, 1.0, "bursts"),
    TrueChannel("affiliate", 0.07, 2.0, 0.1, 2.0, 1.0, "always_on"),
)
PEERS = {"pymc_marketing": ["pymc-marketing", "numpyro", "nutpie"], "meridian": ["google-meridian[jax]"]}
"""What is installed for each peer, in its newest version."""


class Cost(NamedTuple):
    """What one process took, from its start to its end."""

    clock: float
    processor: float
    peak_gib: float


def python_of(tool: str) -> Path:
    """The interpreter of the peer's own environment, made when there is none; skips when it cannot be installed."""
    folder = Path(os.environ.get("MMM_PEERS", HERE.parents[2] / ".cache" / "peers")) / tool
    python, ready = folder / "bin" / "python", folder / "installed"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", *PEERS[tool]]
        ended = subprocess.run(install, capture_output=True, text=True, check=False)
        if ended.returncode:
            pytest.skip(f"{tool} cannot be installed here: {ended.stderr.strip().splitlines()[-1]}")
        ready.touch()
    return python


def write_market(folder: Path, size: str) -> pd.Series:
    """`data.csv` and `study.yaml` in `folder`; returns what each channel truly contributed."""
    geos, channels = SIZES[size]
    market = simulate(SEED, weeks=156, geos=geos, channels=CHANNELS[:channels])
    market.frame.to_csv(folder / "data.csv", index=False)
    (folder / "study.yaml").write_text(json.dumps(market.study()))
    return pd.Series(market.truth["true_contribution"])


def run(tool: str, python: Path, folder: Path, settings: dict[str, str]) -> tuple[dict, Cost]:
    """What the tool found and what it cost; its output ends up in `<tool>.log`."""
    result, log = folder / f"{tool}.json", folder / f"{tool}.log"
    started = time.perf_counter()
    with log.open("w") as output:
        command = [python, HERE / f"with_{tool}.py", folder, result]
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | settings)
        _, status, usage = os.wait4(process.pid, 0)
    clock, process.returncode = time.perf_counter() - started, os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{tool} failed:\n{log.read_text()[-3000:]}"
    return json.loads(result.read_text()), Cost(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def score(found: dict, cost: Cost, truth: pd.Series) -> dict[str, float | str]:
    """A row of the table. The interval score is the width of the 90 % interval plus 20 times the miss, relative to the
    truth, the channels' median."""
    draws, true = np.array(found["contribution"]), truth[found["channels"]].to_numpy()
    low, high = np.quantile(draws, [0.05, 0.95], axis=(0, 1))
    miss = np.maximum(low - true, 0.0) + np.maximum(true - high, 0.0)
    each = [draws[..., index] for index in range(draws.shape[-1])]
    effective = min(float(array_stats.ess(one, chain_axis=0, draw_axis=1, method="bulk")) for one in each)
    rhat = max(float(array_stats.rhat(one, chain_axis=0, draw_axis=1)) for one in each)
    return {
        "clock s": round(cost.clock, 1),
        "processor s": round(cost.processor, 1),
        "peak GiB": round(cost.peak_gib, 2),
        "least ESS": round(effective),
        "R-hat": round(rhat, 3),
        "ESS a clock s": round(effective / cost.clock, 1),
        "ESS a processor s": round(effective / cost.processor, 1),
        "median error": round(float(np.median(np.abs(draws.mean(axis=(0, 1)) / true - 1))), 2),
        "inside 90 %": f"{int(((low <= true) & (true <= high)).sum())}/{len(true)}",
        "interval score": round(float(np.median((high - low + 20 * miss) / true)), 2),
        "versions": ", ".join(f"{name} {number}" for name, number in found["versions"].items()),
    }


@pytest.mark.parametrize("size", os.environ.get("MMM_PEERS_SIZES", "S").split(","))
def test_more_effective_draws_for_the_processor_time_than_any_peer(size: str, tmp_path: Path) -> None:
    truth = write_market(tmp_path, size)
    ours = {"PYTHONPATH": str(HERE.parents[2]), "MMM_CACHE": str(tmp_path / "compiled")}
    turns = [("ours, first run", "mmm", Path(sys.executable), ours), ("ours, again", "mmm", Path(sys.executable), ours)]
    turns += [(tool, tool, python_of(tool), {}) for tool in PEERS]
    rows = {}
    for label, tool, python, settings in turns:
        rows[label] = score(*run(tool, python, tmp_path, settings), truth)
        print(f"\n{size}, {label}\n{pd.Series(rows[label]).to_string()}", flush=True)
    assert all(rows["ours, first run"]["ESS a processor s"] > rows[peer]["ESS a processor s"] for peer in PEERS)
