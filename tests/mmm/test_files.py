"""Files appear whole or not at all, and a table is the same bytes wherever it is written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmm.files import read_table, replacing, staged, sweep, write_atomic, write_table


def test_a_written_file_holds_its_content_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = write_atomic(tmp_path / "tables" / "a.txt", "Zürich\n")
    assert path.read_bytes() == "Zürich\n".encode()
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_writer_that_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = write_atomic(tmp_path / "a.txt", "old")
    with pytest.raises(OSError, match="disk full"), replacing(path) as temporary:
        temporary.write_text("ne")
        raise OSError("disk full")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[None]:
    """Runs the block as a user to whom modes apply: the administrator may write anywhere."""
    before = os.geteuid()
    if not before:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("closed", ["report", "report/figures"])
def test_a_report_that_may_not_be_written_is_refused_before_the_work_and_stays(closed: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        report = Path(name) / "report"
        write_atomic(report / "figures" / "roi.svg", "old")
        for folder in (report, report / "figures"):
            folder.chmod(0o777)
        (Path(name) / closed).chmod(0o555)
        try:
            with without_privileges(), pytest.raises(PermissionError, match=f"{closed}'"), staged(report):
                pytest.fail("the work was begun")
            assert (report / "figures" / "roi.svg").read_text() == "old"
            assert [path.name for path in Path(name).iterdir()] == ["report"]
        finally:
            (Path(name) / closed).chmod(0o755)


def test_the_temporary_name_keeps_the_suffix(tmp_path: Path) -> None:
    with replacing(tmp_path / "fit.nc") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".nc"
        temporary.write_bytes(b"x")


def test_sweeping_removes_unfinished_files_and_folders_only(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / ".tmp-1-board.pdf").touch()
    (tmp_path / ".tmp-2-notebooks").mkdir()
    (tmp_path / ".tmp-2-notebooks" / "a.ipynb").touch()
    (tmp_path / ".fit.nc.partial").touch()
    (tmp_path / "run.json").touch()
    sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["report", "run.json"]


def test_a_table_keeps_twelve_significant_digits_and_writes_dates_as_days(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"time": pd.to_datetime(["2026-01-05", "2026-01-12"]), "mean": [1 / 3, 386_000_000.25], "n": [1, 2]}
    )
    path = write_table(tmp_path / "t.csv", frame)
    assert path.read_bytes() == b"time,mean,n\n2026-01-05,0.333333333333,1\n2026-01-12,386000000.25,2\n"


def test_an_hourly_table_keeps_its_hours(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": pd.to_datetime(["2026-01-05 00:00", "2026-01-05 01:00"])})
    assert "2026-01-05T01:00:00" in write_table(tmp_path / "t.csv", frame).read_text()


def test_missing_cells_stay_missing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"channel": ["tv", None], "mean": [np.nan, 1.0], "time": pd.to_datetime(["2026-01-05", None])})
    assert write_table(tmp_path / "t.csv", frame).read_text() == "channel,mean,time\ntv,,2026-01-05\n,1,\n"


def test_a_channel_called_na_is_a_channel(tmp_path: Path) -> None:
    frame = pd.DataFrame({"channel": ["NA", "null", None], "mean": [1.0, np.nan, np.inf]})
    pd.testing.assert_frame_equal(read_table(write_table(tmp_path / "t.csv", frame)), frame)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-promo", "@sum", "\ttab"])
def test_text_that_a_spreadsheet_would_run_is_disarmed_and_read_back_as_it_was(name: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"channel": [name, "tv", "it's"], "mean": [-1.5, 2.0, 0.0]})
    path = write_table(tmp_path / "t.csv", frame)
    cells = [line.split(",")[0].strip('"') for line in path.read_text().splitlines()[1:]]
    assert cells[0].startswith("'")
    assert "-1.5" in path.read_text()
    pd.testing.assert_frame_equal(read_table(path), frame)
