"""How does finance change a margin or a price and see what follows?

`scenarios.xlsx` holds the numbers of the reports with live formulas: totals are sums of their parts, and margin, profit
and gains follow from the cells of the sheet Assumptions. Every formula is written with its value, so that a reader who
does not calculate sees the same numbers (a test recomputes each).

    value    = outcome of the plan x price factor
    margin   = value x contribution margin
    profit   = margin - budget,           gain = value - value of the first scenario (hold)

Outcomes of the scenarios belong to their planned spend: they are computed from the whole posterior and do not follow an
edited spend, which the sheet then says; `planner_sheet` has the one that does. Names are written as text, whatever they
begin with: no channel becomes a formula.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

from mmm.plots.names import spoken
from reports import cells, planner_sheet
from reports.cells import Book, Formula
from reports.facts.scenarios import title
from reports.language import Language
from reports.planner_sheet import MARGIN_CELL, PRICE_CELL
from reports.source import Source, language


def scenarios_xlsx(source: Source, facts: Mapping[str, dict[str, Any]]) -> bytes:
    """The workbook of a run."""
    import xlsxwriter

    buffer = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    file = xlsxwriter.Workbook(buffer, safe)
    end = dt.datetime.fromisoformat(facts["contribution"]["end"])
    file.set_properties({"title": source.study.report.title or source.study.study, "created": end})
    book = Book(file, cells.formats(file))
    words = language(source)
    planned = _planned(facts)
    _summary(book, source, facts, planned)
    _scenarios(book, planned, facts, words)
    curves = facts["planner"]["channels"]
    if curves:
        planner_sheet.planner(book, curves, facts["finance"]["margin"] or 1.0, words)
    _allocation(book, facts["finance"], words)
    _channels(book, facts["contribution"], words)
    if curves:
        planner_sheet.curves(book, curves)
    _assumptions(book, source, facts)
    _checks(book, facts["trust"])
    file.close()
    return buffer.getvalue()


def _planned(facts: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each scenario with what its formulas evaluate to at the study's margin and price factor 1."""
    margin = facts["finance"]["margin"] or 1.0
    rows = []
    for row in facts["scenarios"]["scenarios"]:
        spends = [move["proposed"] for move in row["moves"]]
        budget = sum(spends) if spends else row["budget"]
        value = row["outcome"][0]
        rows.append(
            row | {"budget": budget, "value": value, "margin": value * margin, "profit": value * margin - budget}
        )
    return rows


def _scenarios(book: Book, planned: list[dict[str, Any]], facts: Mapping[str, dict[str, Any]], words: Language) -> None:
    unit = words.currency if words.valued else words.kpi
    head = [
        "Scenario", f"Budget, {words.currency}", f"Outcome as planned, {unit}", f"Value, {unit}", "Margin", "Profit",
        "ROI", "Gain against hold", "Gain, low (5 %)", "Gain, high (95 %)", "Profit against hold",
        "Chance of a gain", "Note",
    ]  # fmt: skip
    sheet = cells.sheet(book, "Scenarios", head, [22, 16, 18, 16, 16, 16, 9, 16, 16, 16, 16, 12, 44])
    hold = planned[0] if planned else {}
    count = len(facts["finance"]["allocation"].get("hold", []))
    made = []
    for i, row in enumerate(planned):
        at = i + 2
        column = cells.letter(1 + i)
        budget: Any = Formula(f"=Allocation!{column}{count + 2}", row["budget"]) if row["moves"] else row["budget"]
        edited = "The spend was edited: the outcome is that of the planned spend."
        changed = f'=IF(ABS(B{at}-{row["budget"]:.6f})>0.005,"{edited}","")'
        made.append(
            [
                title(row["scenario"]),
                budget,
                row["outcome"][0],
                Formula(f"=C{at}*{PRICE_CELL}", row["value"]),
                Formula(f"=D{at}*{MARGIN_CELL}", row["margin"]),
                Formula(f"=E{at}-B{at}", row["profit"]),
                Formula(f'=IF(B{at}=0,"",D{at}/B{at})', row["value"] / row["budget"] if row["budget"] else ""),
                Formula(f"=D{at}-D$2", row["value"] - hold["value"]),
                Formula(f"={row['gain'][1]!r}*{PRICE_CELL}", row["gain"][1]),
                Formula(f"={row['gain'][2]!r}*{PRICE_CELL}", row["gain"][2]),
                Formula(f"=F{at}-F$2", row["profit"] - hold["profit"]),
                row["probability"],
                Formula(changed, ""),
            ]
        )
    forms = ["name", *["money"] * 5, "ratio", *["money"] * 4, "share", "text"]
    cells.rows(book, sheet, made, forms)
    if not made:
        sheet.write_string(1, 0, "No budget plan was made in this run.", book.formats["name"])


def _allocation(book: Book, finance: dict[str, Any], words: Language) -> None:
    """Spend by channel (rows) and scenario (columns), with live totals and the change against now."""
    names = finance["scenarios"]
    others = [name for name in names if name != names[0]] if names else []
    head = [
        "Channel",
        *(f"{title(name)}, {words.currency}" for name in names),
        *(f"{title(name)}, change" for name in others),
        "Name in the data",
    ]
    sheet = cells.sheet(book, "Allocation", head, [28, *[16] * (len(head) - 2), 24])
    if not names:
        sheet.write_string(1, 0, "No budget plan was made in this run.", book.formats["name"])
        return
    by_name = {name: [move["proposed"] for move in finance["allocation"][name]] for name in names}
    channels = [move["channel"] for move in finance["allocation"][names[0]]]
    rows = []
    for i, channel in enumerate(channels):
        at = i + 2
        first = by_name[names[0]][i]
        changes = [
            Formula(
                f'=IF($B{at}=0,"",{cells.letter(1 + names.index(name))}{at}/$B{at}-1)',
                by_name[name][i] / first - 1 if first else "",
            )
            for name in others
        ]
        rows.append([spoken(channel), *(by_name[name][i] for name in names), *changes, channel])
    cells.rows(book, sheet, rows, ["name", *["money"] * len(names), *["share"] * len(others), "name"])
    last = len(channels) + 1
    sheet.write_string(last, 0, "Total", book.formats["total"])
    for j, name in enumerate(names, start=1):
        total = Formula(f"=SUM({cells.letter(j)}2:{cells.letter(j)}{last})", sum(by_name[name]))
        cells.put(book, sheet, last, j, total, "total")


def _channels(book: Book, contribution: dict[str, Any], words: Language) -> None:
    head = ["Channel", f"Spend, {words.currency}", f"Contribution, {words.kpi}"]
    head += [
        f"{name}, {end}"
        for name in ("ROI", "Marginal ROI", "Half-life (periods)")
        for end in ("mean", "low (5 %)", "high (95 %)")
    ]
    head.append("Name in the data")
    sheet = cells.sheet(book, "Channels", head, [28, 16, 18, *[13] * 9, 24])
    rows = [
        [
            *(spoken(row["channel"]), row["spend"], row["contribution"][0]),
            *(*row["roi"], *row["mroi"], *row["half_life"], row["channel"]),
        ]
        for row in contribution["channels"]
    ]
    cells.rows(book, sheet, rows, ["name", "money", "money", *["ratio"] * 9, "name"])
    last = len(rows) + 1
    sheet.write_string(last, 0, "Total", book.formats["total"])
    for j in (1, 2):
        cells.put(
            book,
            sheet,
            last,
            j,
            Formula(f"=SUM({cells.letter(j)}2:{cells.letter(j)}{last})", sum(row[j] for row in rows)),
            "total",
        )


def _assumptions(book: Book, source: Source, facts: Mapping[str, dict[str, Any]]) -> None:
    """The two cells that finance changes come first; yellow cells are inputs."""
    sheet = cells.sheet(book, "Assumptions", ["Assumption", "Value", "Meaning"], [30, 40, 80])
    margin = facts["finance"]["margin"]
    given = (
        "as the study gives it"
        if margin is not None
        else "the study gives none, so the whole value is taken: set yours"
    )
    inputs = [
        ("Contribution margin", margin if margin is not None else 1.0, f"share of the value that is margin; {given}"),
        (
            "Price factor",
            1.0,
            "multiplies every outcome: raise it by the change in price or in the value of one KPI unit",
        ),
    ]
    for row, (name, value, meaning) in enumerate(inputs, start=1):
        cells.put(book, sheet, row, 0, name, "name")
        cells.put(book, sheet, row, 1, value, "input")
        cells.put(book, sheet, row, 2, meaning, "text")
    stated = {
        "Currency": source.study.currency,
        "Value per KPI unit": str(source.study.data.kpi.value_per_kpi),
        "Discount rate": str(facts["finance"]["discount_rate"]),
        **{f"Plan: {key.replace('_', ' ')}": value for key, value in facts["finance"]["horizon"].items()},
        "Run": facts["method"]["run_id"],
        "Data (hash)": facts["method"]["data_hash"],
        "Plan of record (hash)": facts["finance"]["plan_hash"],
    }
    for row, (name, value) in enumerate(stated.items(), start=4):
        cells.put(book, sheet, row, 0, name, "name")
        cells.put(book, sheet, row, 1, value, "name")


def _checks(book: Book, trust: dict[str, Any]) -> None:
    sheet = cells.sheet(
        book, "Checks", ["Check", "Subject", "Statistic", "Limit", "Result", "Message"], [26, 26, 12, 12, 10, 90]
    )
    keys = ("check", "subject", "statistic", "limit", "result", "message")
    cells.rows(
        book,
        sheet,
        [[row[key] for key in keys] for row in trust["checks"]],
        ["name", "name", "ratio", "ratio", "name", "text"],
    )


def _summary(book: Book, source: Source, facts: Mapping[str, dict[str, Any]], planned: list[dict[str, Any]]) -> None:
    """The decision's numbers, taken live from the other sheets."""
    sheet = cells.sheet(book, "Summary", ["Summary", "Value"], [44, 34])
    lines: list[tuple[str, Any, str]] = [
        ("Study", source.study.study, "name"),
        ("Window", f"{facts['contribution']['start']} to {facts['contribution']['end']}", "name"),
        ("Verdict of the checks", facts["decision"]["verdict"], "name"),
        ("Recommendation", facts["decision"]["action"], "name"),
    ]
    names = [row["scenario"] for row in planned]
    if "recommended" in names:
        at = names.index("recommended") + 2
        chosen, hold = planned[names.index("recommended")], planned[0]
        lines += [
            ("Budget, recommended", Formula(f"=Scenarios!B{at}", chosen["budget"]), "money"),
            ("Gain against hold", Formula(f"=Scenarios!H{at}", chosen["value"] - hold["value"]), "money"),
            ("Profit against hold", Formula(f"=Scenarios!K{at}", chosen["profit"] - hold["profit"]), "money"),
            ("Chance of a gain", Formula(f"=Scenarios!L{at}", chosen["probability"]), "share"),
        ]
    for row, (name, value, form) in enumerate(lines, start=1):
        cells.put(book, sheet, row, 0, name, "name")
        cells.put(book, sheet, row, 1, value, form)
