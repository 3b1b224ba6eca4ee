"""What the plots are tried on: a plain run, and runs as ugly as they come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot

from tests.reports.fake_run import fake_run

LONG = [f"x{i}_delayed-start-{i % 3}_programmatic_upper_funnel_prospecting" for i in range(30)]

UGLY: dict[str, dict[str, Any]] = {
    "thirty long names, huge counts, losing plans": {
        "names": LONG,
        "kind": "count",
        "value_per_kpi": 0.02,
        "level": 386e6,
        "currency": "CHF",
        "supported": False,
    },
    "six geos, tiny money, few channels": {"channels": 4, "geos": 6, "level": 340.0, "currency": "GBP", "periods": 60},
    "one channel": {"channels": 1, "level": 0.5, "currency": "EUR", "periods": 30},
}


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_run(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session", params=UGLY, ids=str)
def ugly_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_run(tmp_path_factory.mktemp("ugly"), **UGLY[request.param])
