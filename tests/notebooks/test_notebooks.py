"""Every notebook runs from top to bottom on a fresh kernel, draws what the documents need, and ends with an answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xarray as xr

from mmm.errors import InputError
from mmm.model.fit import save_fit
from mmm.watch.refresh import STEPS
from notebooks import FOLDER
from reports.notebooks import NotebookFailed, copy, execute
from tests.reports.fake_run import fake_run

NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
"""All of them: a notebook that is added is tried."""

ALONE = {
    "geo_test_design": ({"lengths": [2]}, "finds a lift of"),
    "geo_test_analysis": (
        {"disturbed": [["2023-01-02", "2023-02-12"]]},
        "6 periods that other tests moved are left out of the past.",
    ),
    "next_experiment": (
        {"draws": 50, "warmup": 60, "periods": [4], "shares": [0.5], "multiples": [0.0]},
        "Knowing every return exactly",
    ),
}
"""Notebooks that need no run folder: parameters to try them with, and what their answer says."""

DRAWN = {
    "board_report": {"contribution", "roi", "curves", "spend_shift", "scenarios", "gates", "causal", "backtest"},
    "budget_scenarios": {"scenarios", "allocation", "frontier", "flighting"},
}


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, fitted: xr.DataTree) -> Path:
    """A fake run, refreshed, with a short fit of the example as its fit."""
    folder = fake_run(tmp_path_factory.mktemp("run"))
    save_fit(fitted, folder / "fit.nc")
    steps = {"parent": 1.2, **dict.fromkeys(STEPS, 0.0), "learned": 0.4, "child": 1.6}
    rows = [(name, step, value, 0.01) for name in ("TV", "Radio") for step, value in steps.items()]
    pd.DataFrame(rows, columns=["channel", "step", "value", "mcse"]).to_csv(folder / "tables/changes.csv", index=False)
    return folder


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in {"quickstart", "model_comparison", "refresh", *ALONE}]
)
def test_a_notebook_runs_on_a_run_folder_shows_its_figures_and_ends_with_an_answer(
    run: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)  # as in a session of one's own
    executed = cells(execute(name, run))
    assert executed[-1]["outputs"]
    drawing = [cell for cell in executed if re.match(r"(?:figures\.save\(plots|plots)\.", source(cell))]
    assert all(any("image/png" in output.get("data", {}) for output in cell["outputs"]) for cell in drawing)
    figures = run / "report" / "figures"
    for figure in DRAWN.get(name, set()):
        assert (figures / f"{figure}.svg").is_file()
        assert (figures / f"{figure}.txt").read_text(encoding="utf-8").strip().endswith(".")


def test_the_board_report_runs_without_a_plan_and_without_validation(tmp_path: Path) -> None:
    last = cells(execute("board_report", fake_run(tmp_path, optional=False)))[-1]
    assert "No budget plan was made" in json.dumps(last["outputs"])


def test_the_refresh_says_what_moved_and_a_run_without_a_parent_that_it_has_none(run: Path, tmp_path: Path) -> None:
    said = json.dumps(cells(execute("refresh", run))[-1]["outputs"])
    assert "moved most, from 1.20 to 1.60; the largest part of it is what the new data taught" in re.sub(
        r"\*", "", said
    )
    with pytest.raises(NotebookFailed, match="this run has no parent"):
        execute("refresh", fake_run(tmp_path))


def test_a_run_without_verdicts_is_told_what_to_run_first(tmp_path: Path) -> None:
    with pytest.raises(NotebookFailed, match="run `mmm validate` on this run first"):
        execute("channel_validation", fake_run(tmp_path, optional=False))


def test_the_quickstart_goes_from_raw_file_to_recommendation(tmp_path: Path, repository: Path) -> None:
    import papermill

    study = repository / "examples" / "alder-foods" / "study.yaml"
    parameters = {"study": str(study), "draws": 50, "warmup": 100}
    target = tmp_path / "quickstart.ipynb"
    papermill.execute_notebook(
        FOLDER / "quickstart.ipynb", target, parameters, kernel_name="python3", progress_bar=False, cwd=str(repository)
    )
    said = json.dumps(cells(target)[-1]["outputs"])
    assert "Most is returned per unit of spend by" in said
    assert "Proposed change in spend by channel" in said


@pytest.mark.parametrize("name", ALONE)
def test_a_notebook_without_a_run_simulates_what_it_needs(name: str, tmp_path: Path, repository: Path) -> None:
    import papermill

    parameters, said = ALONE[name]
    target = tmp_path / f"{name}.ipynb"
    papermill.execute_notebook(
        FOLDER / f"{name}.ipynb", target, parameters, kernel_name="python3", progress_bar=False, cwd=str(repository)
    )
    assert said in json.dumps(cells(target)[-1]["outputs"])


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_asks_a_question_first_and_declares_its_parameters(name: str) -> None:
    first, second = cells(FOLDER / f"{name}.ipynb")[:2]
    assert first["cell_type"] == "markdown"
    assert source(first).splitlines()[0].endswith("?")
    assert second["metadata"]["tags"] == ["parameters"]


@pytest.mark.parametrize("name", NAMES)
def test_no_result_is_typed_into_a_notebook_and_no_output_is_kept(name: str) -> None:
    for cell in cells(FOLDER / f"{name}.ipynb"):
        if cell["cell_type"] == "markdown":
            assert not re.search(r"\d", source(cell)), source(cell)
        else:
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_a_copied_notebook_knows_its_run_and_overwrites_nothing(run: Path, tmp_path: Path) -> None:
    target = copy("model", run, tmp_path / "mine.ipynb")
    parameters = next(cell for cell in cells(target) if "parameters" in cell["metadata"].get("tags", []))
    assert source(parameters) == f"run = {str(run.resolve())!r}"
    with pytest.raises(InputError, match="exists already"):
        copy("model", run, target)
    with pytest.raises(InputError, match="there is no notebook 'modle'"):
        copy("modle", run, tmp_path / "other.ipynb")
    with pytest.raises(InputError, match="is not a run folder"):
        copy("model", tmp_path, tmp_path / "other.ipynb")


@pytest.mark.slow
def test_models_are_compared_on_quarters_that_they_have_not_seen(run: Path) -> None:
    last = json.dumps(cells(execute("model_comparison", run))[-1]["outputs"])
    assert "predicts best" in last
