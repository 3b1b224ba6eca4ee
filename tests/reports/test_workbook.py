"""The workbook: live formulas whose written values are what they compute, and names that stay text."""

import bisect
import io
import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from reports import facts as subjects
from reports.source import read
from reports.workbook import scenarios_xlsx

REFERENCE = re.compile(r"(?:(\w+)!)?\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")


def book(run: Path, values: bool) -> Any:
    source = read(run)
    content = scenarios_xlsx(source, subjects.numbers(source))
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


def evaluate(formulas: Any, sheet: str, formula: str) -> Any:
    """What a spreadsheet would show for the few functions that the workbook uses."""

    def value(place: str) -> Any:
        where, cell = place.split("!")
        content = formulas[where][cell].value
        return evaluate(formulas, where, content) if isinstance(content, str) and content.startswith("=") else content

    def reference(found: re.Match[str]) -> str:
        where, column, row, _, last = found.groups()
        where = where or sheet
        if last is None:
            return f"value('{where}!{column}{row}')"
        return f"[value('{where}!{column}' + str(i)) for i in range({row}, {last} + 1)]"

    parts = re.split(r'("[^"]*")', formula.removeprefix("="))
    code = "".join(
        p if p.startswith('"') else REFERENCE.sub(reference, re.sub(r"(?<![<>=])=(?!=)", "==", p)) for p in parts
    )
    known = {"value": value, "SUM": sum, "ABS": abs, "IF": lambda test, yes, no: yes() if test else no()}
    known |= {"MIN": min, "INDEX": lambda column, row: column[row - 1]}
    known |= {"MATCH": lambda sought, column, _: bisect.bisect_right(column, sought)}
    code = re.sub(r"IF\((.*?),(.*?),(.*)\)$", r"IF(\1, lambda: \2, lambda: \3)", code)
    return eval(code, known)


def test_every_formula_carries_the_value_it_computes(run: Path) -> None:
    formulas, values = book(run, values=False), book(run, values=True)
    count = 0
    for sheet in formulas.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.data_type == "f":
                    count += 1
                    shown = values[sheet.title][cell.coordinate].value
                    expected = evaluate(formulas, sheet.title, cell.value)
                    if isinstance(expected, str):
                        assert (shown or "") == expected, (sheet.title, cell.coordinate)
                    else:
                        assert math.isclose(shown, expected, rel_tol=1e-9, abs_tol=1e-6), (sheet.title, cell.coordinate)
    assert count > 40


def test_margin_and_gains_follow_the_assumptions(run: Path) -> None:
    formulas = book(run, values=False)
    formulas["Assumptions"]["B2"].value = 0.5
    formulas["Assumptions"]["B3"].value = 1.1
    outcome = formulas["Scenarios"]["C3"].value
    assert evaluate(formulas, "Scenarios", "=E3") == pytest.approx(outcome * 1.1 * 0.5)
    first = formulas["Scenarios"]["C2"].value
    assert evaluate(formulas, "Summary", "=B7") == pytest.approx(1.1 * (outcome - first))


def test_an_edited_spend_changes_the_budget_and_is_remarked_on(run: Path) -> None:
    formulas = book(run, values=False)
    before = evaluate(formulas, "Scenarios", "=B3")
    formulas["Allocation"]["C2"].value += 1000.0
    assert evaluate(formulas, "Scenarios", "=B3") == pytest.approx(before + 1000)
    assert evaluate(formulas, "Scenarios", "=M3").startswith("The spend was edited")


def test_an_edited_multiple_changes_value_gain_and_profit_along_the_curve(run: Path) -> None:
    formulas = book(run, values=False)
    sheet = formulas["Planner"]
    grid = [row[0].value for row in formulas["Curves"].iter_rows(min_row=2)]
    curve = [row[1].value for row in formulas["Curves"].iter_rows(min_row=2)]
    sheet["C2"].value = 0.73
    assert evaluate(formulas, "Planner", "=F2") == pytest.approx(float(np.interp(0.73, grid, curve)))
    assert evaluate(formulas, "Planner", "=D2") == pytest.approx(0.73 * sheet["B2"].value)
    sheet["C2"].value = 1.0
    assert evaluate(formulas, "Planner", "=H2") == pytest.approx(0.0, abs=1e-6)
    sheet["C2"].value = grid[-1]
    assert evaluate(formulas, "Planner", "=F2") == pytest.approx(curve[-1])


def test_the_planner_opens_on_the_recommended_plan(run: Path) -> None:
    source = read(run)
    values = book(run, values=True)
    last = len(source.study.data.channels) + 2
    gain = source["scenarios"].set_index("scenario").loc["recommended", "gain_vs_hold_mean"]
    assert values["Planner"][f"H{last}"].value == pytest.approx(gain, rel=1e-6)


def test_a_channel_named_like_a_formula_is_text(bare: Path) -> None:
    cell = book(bare, values=False)["Channels"]["A2"]
    names = {row[0].value: row[0].data_type for row in book(bare, values=False)["Channels"].iter_rows(min_row=2)}
    assert names["=cmd|' /C calc'!A0"] == "s"
    assert cell.data_type == "s"


def test_only_our_formulas_are_formulas(run: Path) -> None:
    for sheet in book(run, values=False).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f" or re.match(r"=[A-Z(\d-]", cell.value)


def test_it_has_the_sheets_that_finance_asked_for(run: Path) -> None:
    names = [sheet.title for sheet in book(run, values=True).worksheets]
    assert names == [
        "Summary", "Scenarios", "Planner", "Allocation", "Channels", "Curves", "Assumptions", "Checks",
    ]  # fmt: skip


def test_a_run_without_a_plan_says_so_in_the_sheets_that_need_one(bare: Path) -> None:
    loaded = book(bare, values=True)
    assert loaded["Scenarios"]["A2"].value == loaded["Allocation"]["A2"].value == "No budget plan was made in this run."
    assert loaded["Assumptions"]["A2"].value == "Contribution margin"


def test_budgets_and_values_reconcile_with_the_tables_to_the_cent(run: Path) -> None:
    source, values = read(run), book(run, values=True)
    allocation, finance = source["allocation"], source["finance"]
    lines = finance[finance["channel"] == "all"].set_index(["scenario", "line"])["amount"]
    for row, scenario in enumerate(source["scenarios"].itertuples(), start=2):
        own = allocation[(allocation["scenario"] == scenario.scenario) & (allocation["period"].astype(str) == "all")]
        spent = sum(Decimal(repr(float(amount))) for amount in own["recommended_spend"])
        shown = values["Scenarios"][f"B{row}"].value
        assert cents(shown) == cents(spent) == cents(scenario.budget)
        assert cents(lines[scenario.scenario, "spend"]) == cents(spent)
        assert cents(values["Scenarios"][f"C{row}"].value) == cents(scenario.outcome_mean)


def cents(amount: Any) -> Decimal:
    return Decimal(repr(float(amount))).quantize(Decimal("0.01"))
