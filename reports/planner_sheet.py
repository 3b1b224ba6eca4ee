"""How does finance try a budget of its own, and see what it would bring?

The sheet Planner has a multiple of the present spend for every channel, in yellow; spend, value, gain and profit follow
it. The sheet Curves holds each channel's expected value at a grid of multiples, and a value lies on the line between
the two grid points around its multiple:

    i = the last row of the grid at or below the multiple,        v = v_i + (m - m_i) (v_i+1 - v_i) / (m_i+1 - m_i)

Only INDEX and MATCH are used, which every spreadsheet has. As written the multiples are the recommended ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmm.plots.names import spoken
from mmm.speech import message, word
from reports import cells
from reports.cells import Book, Formula
from reports.facts.planner import value
from reports.language import Language, Scale, number

ASSUMPTIONS, CURVES = message("Assumptions"), message("Curves")
MARGIN_CELL, PRICE_CELL = "$B$2", "$B$3"


def planner(book: Book, channels: list[dict[str, Any]], margin: float, words: Language) -> None:
    """The sheet Planner: a row a channel, the totals, and the profit against the present plan."""
    unit = words.currency if words.valued else words.kpi
    head = [
        word("Channel"), word("Present spend, {unit}", unit=words.currency), word("Multiple (edit)"),
        word("Spend, {unit}", unit=words.currency), word("Row of the curve"), word("Value, {unit}", unit=unit),
        word("Value at present spend, {unit}", unit=unit), word("Gain"), word("Observed up to (multiple)"),
        word("Note"), word("Name in the data"),
    ]  # fmt: skip
    sheet = cells.sheet(book, message("Planner"), head, [28, 16, 12, 16, 12, 16, 16, 16, 14, 30, 24])
    rows = [_row(channels, place) for place in range(len(channels))]
    forms = ["name", "money", "input", "money", "name", "money", "money", "money", "ratio", "text", "name"]
    cells.rows(book, sheet, rows, forms)
    for place, row in enumerate(channels, start=1):
        limits = {"validate": "decimal", "criteria": "between", "minimum": row["lower"], "maximum": row["upper"]}
        low, high = (number(words, row[name], Scale(0, 2)) for name in ("lower", "upper"))
        title = word("Agreed bounds: {low} to {high}", low=low, high=high)
        sheet.data_validation(place, 2, place, 2, limits | {"error_type": "warning", "input_message": title})
    _totals(book, sheet, rows, margin)


def _row(channels: list[dict[str, Any]], place: int) -> list[Any]:
    row, at, last = channels[place], place + 2, len(channels[0]["multiples"]) + 1
    grid = cells.at(CURVES, f"$A$2:$A${last}")
    curve = cells.at(CURVES, f"{_column(place)}$2:{_column(place)}${last}")
    price = cells.at(ASSUMPTIONS, PRICE_CELL)
    multiple = row["proposed"]
    below = min(int(np.searchsorted(channels[0]["multiples"], multiple, side="right")), last - 2)
    step = (
        f"(INDEX({curve},E{at})+(C{at}-INDEX({grid},E{at}))*(INDEX({curve},E{at}+1)-INDEX({curve},E{at}))"
        f"/(INDEX({grid},E{at}+1)-INDEX({grid},E{at})))"
    )
    now, then = value(row, 1.0), value(row, multiple)
    observed = row["observed"] if np.isfinite(row["observed"]) else None
    beyond = word("beyond observed spend")
    note = Formula(f'=IF(C{at}>I{at},"{beyond}","")', beyond if observed and multiple > observed else "")
    return [
        spoken(row["channel"]),
        row["spend"],
        multiple,
        Formula(f"=B{at}*C{at}", row["spend"] * multiple),
        Formula(f"=MIN(MATCH(C{at},{grid},1),{last - 2})", float(below)),
        Formula(f"={step}*{price}", then),
        Formula(f"={now!r}*{price}", now),
        Formula(f"=F{at}-G{at}", then - now),
        observed,
        note if observed else "",
        row["channel"],
    ]


def _totals(book: Book, sheet: Any, rows: list[list[Any]], margin: float) -> None:
    last = len(rows) + 1
    sheet.write_string(last, 0, word("Total"), book.formats["total"])
    sums = {}
    for j in (1, 3, 5, 6, 7):
        sums[j] = sum(row[j].value if isinstance(row[j], Formula) else row[j] for row in rows)
        letter = cells.letter(j)
        cells.put(book, sheet, last, j, Formula(f"=SUM({letter}2:{letter}{last})", sums[j]), "total")
    text = f"=H{last + 1}*{cells.at(ASSUMPTIONS, MARGIN_CELL)}-(D{last + 1}-B{last + 1})"
    profit = Formula(text, sums[7] * margin - (sums[3] - sums[1]))
    cells.put(book, sheet, last + 1, 0, word("Profit against the present plan"), "name")
    cells.put(book, sheet, last + 1, 7, profit, "money")


def curves(book: Book, channels: list[dict[str, Any]]) -> None:
    """The sheet Curves: multiples down, channels across by their names in the data."""
    sheet = cells.sheet(
        book, CURVES, [word("Multiple"), *(row["channel"] for row in channels)], [12, *[18] * len(channels)]
    )
    grid = channels[0]["multiples"]
    table = [[multiple, *(value(row, multiple) for row in channels)] for multiple in grid]
    cells.rows(book, sheet, table, ["ratio", *["money"] * len(channels)])


def _column(place: int) -> str:
    return f"${cells.letter(1 + place)}"
