"""What is a table before it is drawn? Sentences in rows, and how each column stands.

Every document draws the same `Table`: the PDF with hairlines, the web page with `<table>`. Cells are sentences, so that
a cell can quietly add its interval: `2.36 ~(1.76 to 3.10)~`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reports.language import Sentence

Row = list[Sentence]


@dataclass(frozen=True)
class Table:
    """A caption, a head, the columns' sides (`left`, `right`, `center`), rows, a total, and the row that stands out.

    Rows `below` the total do not enter it.
    """

    caption: Sentence
    head: Row
    align: list[str]
    rows: list[Row]
    total: Row | None = None
    highlight: int | None = None
    below: list[Row] = field(default_factory=list)
