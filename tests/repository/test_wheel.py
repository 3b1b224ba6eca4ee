"""The wheel holds all that `mmm run` needs, so that it works alone and from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("mmm", "causal", "reports", "notebooks")
STAYS = {".md", ".pyc"}


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=repository, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(folder / "site")
    return folder / "site"


def _run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "mmm", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else_of_ours(installed: Path, repository: Path) -> None:
    source = {
        path.relative_to(repository).as_posix()
        for package in PACKAGES
        for path in (repository / package).rglob("*")
        if path.is_file()
        and path.suffix not in STAYS
        and not any(part.startswith(".") for part in path.relative_to(repository).parts)
    }
    packed = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    assert source <= packed
    assert {name.split("/")[0].split("-")[0] for name in packed} == set(PACKAGES)
    assert {"mmm/py.typed", "causal/py.typed", "reports/py.typed", "notebooks/__init__.py"} <= packed


def test_the_installed_command_answers_from_another_folder(installed: Path, tmp_path: Path) -> None:
    ended = _run(installed, tmp_path, "--help")
    assert ended.returncode == 0, ended.stderr
    assert "board report" in ended.stdout


@pytest.mark.slow
def test_the_installed_command_runs_a_study_from_another_folder(
    installed: Path, repository: Path, tmp_path: Path
) -> None:
    study = repository / "examples" / "alder-foods" / "study.yaml"
    ended = _run(installed, tmp_path, "run", str(study), "--out", "result")
    assert ended.returncode == 0, ended.stderr
    for name in ("board.pdf", "budget.pdf", "model_card.pdf", "board.html", "scenarios.xlsx"):
        assert (tmp_path / "result" / "report" / name).stat().st_size > 1000
