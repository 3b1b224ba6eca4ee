"""A spreadsheet program that is not ours calculates the workbook again and comes to the same numbers (opt in: -m slow).

It wants LibreOffice: `apt-get install libreoffice-calc`.
"""

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from reports import facts as subjects
from reports.source import read
from reports.workbook import scenarios_xlsx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed"),
]


def recalculated(run: Path, folder: Path, **changes: float) -> Any:
    """The run's workbook with cells of the sheet Assumptions changed, as LibreOffice calculates it."""
    source = read(run)
    book = openpyxl.load_workbook(io.BytesIO(scenarios_xlsx(source, subjects.numbers(source))))
    for cell, value in changes.items():
        book["Assumptions"][cell].value = value
    folder.mkdir()
    book.save(folder / "edited.xlsx")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    subprocess.run([*command, str(folder / "out"), str(folder / "edited.xlsx")], check=True, capture_output=True)
    return openpyxl.load_workbook(folder / "out" / "edited.xlsx", data_only=True)


def cells(book: Any) -> list[Any]:
    return [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]


def test_totals_follow_the_margin_and_no_cell_is_an_error(run: Path, tmp_path: Path) -> None:
    before, after = recalculated(run, tmp_path / "a"), recalculated(run, tmp_path / "b", B2=0.5, B3=1.1)
    assert not [value for book in (before, after) for value in cells(book) if str(value).startswith("#")]
    old, new = before["Scenarios"], after["Scenarios"]
    for row in range(2, 6):
        assert new[f"D{row}"].value == pytest.approx(1.1 * old[f"C{row}"].value)
        assert new[f"E{row}"].value == pytest.approx(0.5 * new[f"D{row}"].value)
        assert new[f"F{row}"].value == pytest.approx(new[f"E{row}"].value - new[f"B{row}"].value)
    last = before["Planner"].max_row
    assert after["Planner"][f"F{last - 1}"].value == pytest.approx(1.1 * before["Planner"][f"F{last - 1}"].value)


def test_a_channel_named_like_a_formula_stays_text_everywhere(bare: Path, tmp_path: Path) -> None:
    book = recalculated(bare, tmp_path / "a")
    assert "=cmd|' /C calc'!A0" in cells(book)
    assert not [value for value in cells(book) if str(value).startswith("#")]
