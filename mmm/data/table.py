"""What has been read, and from where? Rows of a source with the place that each came from.

table.frame["sales"]        # text from CSV, numbers or dates from formats that have types
table.where(4)              # "line 6", or "b.csv line 6" where there are many files
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Origin:
    """One file or table: its name, the first row of the frame that came from it, and how its rows are counted.

    `lines` gives the line of every row of a text file; a workbook's header takes row 1; a database's rows start at 1.
    """

    name: str
    first: int = 0
    separator: str = ","
    lines: Callable[[], tuple[int, ...]] | None = None
    header: int = 0

    def place(self, row: int) -> str:
        """What a reader of the file calls its row `row`, which counts from 0."""
        if self.lines is None:
            return f"row {row + 1 + self.header}"
        lines = self.lines()
        return f"line {lines[row]}" if row < len(lines) else f"row {row + 1}"


@dataclass(frozen=True)
class Table:
    """Rows as they were read, and the files they came from."""

    frame: pd.DataFrame
    origins: tuple[Origin, ...]

    @property
    def separator(self) -> str:
        """What stood between the cells, or `,` where the source was not text."""
        return self.origins[0].separator

    def where(self, row: int) -> str:
        """The file and the line (or row) that row `row` of the frame was read from."""
        origin = next(origin for origin in reversed(self.origins) if origin.first <= row)
        place = origin.place(row - origin.first)
        return place if len(self.origins) == 1 else f"{origin.name} {place}"
