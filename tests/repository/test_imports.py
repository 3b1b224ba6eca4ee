"""Imports go one way, and a verb of the library is where it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mmm


def test_every_import_contract_is_kept(repository: Path, tmp_path: Path) -> None:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "--no-logo", "--cache-dir", str(tmp_path)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(repository), "COLUMNS": "120"},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", mmm.__all__)
def test_every_verb_is_a_documented_function(name: str) -> None:
    verb = getattr(mmm, name)
    assert callable(verb)
    assert verb.__doc__


def test_an_unknown_verb_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"'roas'.*roi"):
        _ = mmm.roas  # type: ignore[attr-defined]
