"""Run folders without a fit, made once: a good one, a bare one, and one with figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reports import figures
from tests.reports.fake_run import fake_run

DRAWN = (
    "contribution",
    "roi",
    "spend_shift",
    "curves",
    "scenarios",
    "backtest",
    "causal",
    "allocation",
    "frontier",
    "flighting",
)


def draw(run: Path) -> None:
    """Every figure that the documents place, in a simple form."""
    from matplotlib.figure import Figure

    for name in DRAWN:
        drawn = Figure(figsize=(4, 1.5))
        drawn.subplots().plot([0, 1, 2], [0, 1, 4])
        figures.save(drawn, name, f"The {name} figure rises.", run)


@pytest.fixture(scope="session")
def _run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fake_run(tmp_path_factory.mktemp("run"), channels=4)
    draw(folder)
    return folder


@pytest.fixture
def run(_run: Path, tmp_path: Path) -> Path:
    """A whole run with figures; each test gets its own copy."""
    return shutil.copytree(_run, tmp_path / "run")


@pytest.fixture(scope="session")
def _bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ["=cmd|' /C calc'!A0", "短い名前", "*bold* #x", "Ünïcode & <b>"]
    return fake_run(tmp_path_factory.mktemp("bare"), names=names, optional=False, kind="count", level=340)


@pytest.fixture
def bare(_bare: Path, tmp_path: Path) -> Path:
    """A run without validation, plan or figures, with channel names that are markup, formulas and foreign script."""
    return shutil.copytree(_bare, tmp_path / "bare")
