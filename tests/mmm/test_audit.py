"""The audit log shows every edit that was made to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmm import audit


@pytest.fixture
def log(tmp_path: Path) -> Path:
    for stage in ("check", "fit", "plan"):
        audit.record(tmp_path, "stage done", stage=stage)
    return tmp_path / audit.NAME


def _edit(log: Path, lines: list[str]) -> list[str]:
    log.write_text("".join(lines))
    return audit.faults(log.parent)


def test_an_untouched_log_has_no_faults(log: Path) -> None:
    assert audit.faults(log.parent) == []
    assert [json.loads(line)["n"] for line in log.read_text().splitlines()] == [1, 2, 3]


def test_a_changed_entry_is_found(log: Path) -> None:
    lines = log.read_text().splitlines(keepends=True)
    assert _edit(log, [lines[0], lines[1].replace("fit", "fat"), lines[2]]) == [
        "entry 2 was changed after it was written"
    ]


def test_a_removed_entry_is_found(log: Path) -> None:
    lines = log.read_text().splitlines(keepends=True)
    assert "entry 2 does not follow" in _edit(log, [lines[0], lines[2]])[0]


def test_a_log_cut_short_is_found_by_the_head_that_the_manifest_keeps(log: Path) -> None:
    lines = log.read_text().splitlines(keepends=True)
    head = json.loads(lines[-1])["hash"]
    assert audit.faults(log.parent, head) == []
    log.write_text("".join(lines[:2]))
    assert "cut short" in audit.faults(log.parent, head)[0]


def test_a_line_torn_by_a_crash_is_no_entry_and_the_next_one_follows_the_last_whole_line(log: Path) -> None:
    with log.open("a") as file:
        file.write('{"n": 4, "event": "stage st')
    audit.record(log.parent, "stage done", stage="report")
    assert audit.faults(log.parent) == []
    assert json.loads(log.read_text().splitlines()[-1])["n"] == 4


def test_an_unreadable_line_is_reported_and_does_not_stop_later_work(log: Path) -> None:
    log.write_text(log.read_text() + "scribble\n")
    audit.record(log.parent, "stage done", stage="report")
    assert audit.faults(log.parent) == [f"entry 4 cannot be read: somebody edited {audit.NAME}"]
