"""What is in the repository travels well: no outputs in notebooks, no host, no path of somebody's machine."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

HOSTS = re.compile(r"pythonhosted\.|\bpypi\.[a-z]+/|anaconda\.[a-z]+/|--(extra-)?index-url|--find-links")
FOLDERS = re.compile(r"(?<![\w.:/<])/(work|root|home|Users)/[\w.]")


@pytest.fixture(scope="module")
def tracked(repository: Path) -> list[Path]:
    """Files under version control, and new ones that git would take."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    ended = subprocess.run(listing, cwd=repository, capture_output=True, check=False)
    if ended.returncode:
        pytest.skip("needs a git checkout")
    return [repository / name for name in ended.stdout.decode().split("\0") if name and (repository / name).is_file()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("pattern", [HOSTS, FOLDERS], ids=["registry host", "absolute folder"])
def test_no_file_names_a_registry_host_or_a_folder_of_one_machine(
    pattern: re.Pattern[str], tracked: list[Path]
) -> None:
    found = [
        f"{path}: {match[0]}" for path in tracked if path != Path(__file__) for match in pattern.finditer(_text(path))
    ]
    assert found == []


def test_notebooks_carry_no_outputs(tracked: list[Path]) -> None:
    for path in (path for path in tracked if path.suffix == ".ipynb"):
        cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells), f"run nbstripout {path}"


def test_no_large_file_is_tracked(tracked: list[Path], repository: Path) -> None:
    large = {
        str(path.relative_to(repository)): path.stat().st_size for path in tracked if path.stat().st_size > 1_500_000
    }
    assert large == {}
