"""Who splits a budget best? This project's solver, PyMC-Marketing's and Google Meridian's on the same response draws.

    make setup && .venv/bin/pytest -m benchmark -s tests/benchmarks/peers/test_splits.py

Every problem is a market of Hill curves whose parameters scatter over joint draws. All three maximise the mean over the
same draws, under the same bounds and the same budget, with their own defaults, and what each found is evaluated by the
formula of the curves, not by anyone's own code. Where a peer leaves money unspent, that is its answer. Seconds are
processor seconds of the search alone, curves given; peers' environments are those of `test_peers.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmm.plan.budget import optimality_gap, solve_separable
from tests.benchmarks.peers.test_peers import HERE, PEERS, python_of

pytestmark = pytest.mark.benchmark

SEED, PROBLEMS, SAMPLES = 1, 12, 200
KNOTS = 201


def problem_of(random: np.random.Generator, number: int) -> dict[str, Any]:
    """Two to six channels; every third problem is concave, every second keeps within half and one and a half times."""
    channels = int(random.integers(2, 7))
    shape = (SAMPLES, channels)
    slope = np.ones(channels) if number % 3 == 0 else random.uniform(1.0, 3.5, channels)
    spend = np.round(1e6 * np.exp(random.normal(size=channels)))
    low, high = (0.5, 1.5) if number % 2 else (0.0, 2.0)
    return {
        "spend": spend.tolist(),
        "half": (random.uniform(0.3, 2.0, channels) * np.exp(0.2 * random.normal(size=shape))).tolist(),
        "slope": (slope * np.exp(0.05 * random.normal(size=shape))).tolist(),
        "coefficient": (spend * random.uniform(0.5, 4.0, channels) * np.exp(0.2 * random.normal(size=shape))).tolist(),
        "lower": [low] * channels,
        "upper": [high] * channels,
    }


def earned(problem: dict[str, Any], multiples: np.ndarray) -> np.ndarray:
    """Expected outcome by channel, for `multiples` of shape `(channel,)` or `(channel, knot)`."""
    half, slope, size = (np.array(problem[name]).T for name in ("half", "slope", "coefficient"))
    many = np.asarray(multiples, dtype=float).reshape(len(half), 1, -1)
    power = many ** slope[..., None]
    values = (size[..., None] * power / (power + half[..., None] ** slope[..., None])).mean(axis=1)
    return values.reshape(np.shape(multiples))


def ours(problem: dict[str, Any]) -> tuple[dict[str, Any], float]:
    spend = np.array(problem["spend"])
    knots = np.linspace(problem["lower"], problem["upper"], KNOTS, axis=1)
    value = earned(problem, knots)
    began = time.process_time()
    solved = solve_separable(spend[:, None] * knots, value, float(spend.sum()))
    seconds = time.process_time() - began
    return {"multiples": (solved.spend / spend).tolist(), "seconds": seconds}, optimality_gap(solved)


def theirs(tool: str, problems: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    asked, result = folder / "problems.json", folder / f"{tool}.json"
    asked.write_text(json.dumps(problems))
    command = [python_of(tool), HERE / f"split_with_{tool}.py", asked, result]
    ended = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(result.read_text())


def test_no_peer_earns_more_on_the_same_draws(tmp_path: Path) -> None:
    random = np.random.default_rng(SEED)
    problems = [problem_of(random, number) for number in range(PROBLEMS)]
    own = [ours(problem) for problem in problems]
    best = np.array([earned(p, mine["multiples"]).sum() for p, (mine, _) in zip(problems, own, strict=True)])
    assert max(gap for _, gap in own) <= 1e-3
    answers = {"ours": [mine for mine, _ in own]}
    for tool in PEERS:
        answer = theirs(tool, problems, tmp_path)
        print(f"\n{tool} {answer['versions']}", end="")
        answers[tool] = answer["found"]
    for tool, found in answers.items():
        outcome = np.array([earned(p, one["multiples"]).sum() for p, one in zip(problems, found, strict=True)])
        spent = [
            float(np.dot(one["multiples"], p["spend"]) / np.sum(p["spend"]))
            for p, one in zip(problems, found, strict=True)
        ]
        shortfall, seconds = 1 - outcome / best, np.array([one["seconds"] for one in found])
        print(f"\n{tool}: falls short by {shortfall.mean():.3%} on average, {shortfall.max():.3%} at worst, ", end="")
        print(f"{shortfall.min():.1e} at best; spends {min(spent):.2%} to {max(spent):.2%} of the budget; ", end="")
        print(f"median {1e3 * np.median(seconds):.1f} ms", end="")
        over = np.maximum(np.array(spent) - 1, 0.0)
        assert (shortfall >= -2e-4 - 3 * over).all(), "a peer found a better split"
