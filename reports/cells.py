"""How is a spreadsheet cell written so that it is what it looks like?

Text is written as text whatever it begins with, a number as a number, and only a `Formula` of ours as a formula, with
the value it has as written: a reader that does not calculate shows the same. NaN and None leave an empty cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmm.plots.look import HOUSE, Look
from mmm.speech import word

MONEY, RATIO, SHARE = "#,##0.00", "0.00", "0.0%"


@dataclass(frozen=True)
class Book:
    """The workbook that is being written, and its formats by name."""

    file: Any
    formats: Mapping[str, Any]


@dataclass(frozen=True)
class Formula:
    """A live formula of ours, and the value it has as written."""

    text: str
    value: float | str


def at(sheet: str, cell: str) -> str:
    """A cell of another sheet as a formula names it, the sheet called as the language that is spoken has it."""
    name = word(sheet)
    return f"{name}!{cell}" if name.isascii() and name.isalnum() else f"'{name}'!{cell}"


def formats(file: Any, look: Look = HOUSE) -> dict[str, Any]:
    """The formats of a workbook in a look; a reader who has not its typeface sees one of the spreadsheet's."""
    base = {"font_name": look.font if look.files else "Calibri", "font_size": 10, "valign": "vcenter"}
    return {
        "text": file.add_format(base | {"text_wrap": True}),
        "name": file.add_format(base),
        "head": file.add_format(
            base | {"bold": True, "font_color": "#FFFFFF", "bg_color": look.main, "text_wrap": True}
        ),
        "title": file.add_format(base | {"bold": True, "font_size": 14, "font_color": look.main}),
        "money": file.add_format(base | {"num_format": MONEY}),
        "ratio": file.add_format(base | {"num_format": RATIO}),
        "share": file.add_format(base | {"num_format": SHARE}),
        "total": file.add_format(base | {"num_format": MONEY, "bold": True, "top": 1}),
        "input": file.add_format(base | {"num_format": "0.0000", "bg_color": "#FFF8DC", "border": 1}),
    }


def sheet(book: Book, name: str, head: Sequence[str], widths: Sequence[int]) -> Any:
    """A new sheet with a frozen header row, ready to print on one page's width."""
    sheet = book.file.add_worksheet(word(name))
    for column, (text, width) in enumerate(zip(head, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, text, book.formats["head"])
    sheet.set_row(0, 45)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return sheet


def put(book: Book, sheet: Any, row: int, column: int, value: Any, form: str) -> None:
    """Writes one cell: text as text, numbers as numbers, formulas with their value, nothing for NaN and None."""
    if isinstance(value, Formula):
        sheet.write_formula(row, column, value.text, book.formats[form], value.value)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, book.formats["name" if form in ("money", "ratio", "share") else form])
    elif value is None or value != value:
        sheet.write_blank(row, column, None, book.formats[form])
    else:
        sheet.write_number(row, column, float(value), book.formats[form])


def rows(book: Book, sheet: Any, rows: Sequence[Sequence[Any]], forms: Sequence[str], start: int = 1) -> None:
    for i, row in enumerate(rows):
        for column, (value, form) in enumerate(zip(row, forms, strict=True)):
            put(book, sheet, start + i, column, value, form)


def letter(column: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(column))
