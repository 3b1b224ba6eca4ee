"""The README's example runs as it is printed, and what the README points at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xarray as xr


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


def test_the_example_runs(
    readme: str,
    repository: Path,
    fitted: xr.DataTree,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As printed, but with a short fit in the place of the long one."""
    import mmm

    (example,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 20
    monkeypatch.setattr(mmm, "fit", lambda panel, study: fitted)
    monkeypatch.chdir(repository)
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "paid_search: " in printed
    assert "recommended" in printed


def test_every_file_that_is_named_exists(readme: str, repository: Path) -> None:
    named = set(re.findall(r"\]\(([^)]+)\)", readme)) | set(
        re.findall(r"`((?:notebooks|examples|mmm)/[\w./-]+)`", readme)
    )
    assert {name for name in named if not (repository / name).exists()} == set()


def test_the_version_is_the_same_everywhere(readme: str, repository: Path) -> None:
    import mmm

    assert f"version {mmm.__version__}" in readme
    assert f"## {mmm.__version__}" in (repository / "CHANGELOG.md").read_text(encoding="utf-8")
