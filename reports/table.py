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

    def _repr_html_(self) -> str:
        """The table as a notebook shows it."""
        from markupsafe import escape

        def line(row: Row, tag: str, style: str = "") -> str:
            cells = [
                f'<{tag} style="text-align:{side}">{escape(cell.text)}</{tag}>'
                for side, cell in zip(self.align, row, strict=True)
            ]
            return f'<tr style="{style}">{"".join(cells)}</tr>'

        strong = "font-weight:600;border-top:1px solid currentColor"
        lit = [line(row, "td", "font-weight:600" * (place == self.highlight)) for place, row in enumerate(self.rows)]
        total = [line(self.total, "td", strong)] if self.total else []
        body = "".join([*lit, *total, *(line(row, "td") for row in self.below)])
        head = line(self.head, "th")
        return (
            f"<table><caption>{escape(self.caption.text)}</caption><thead>{head}</thead><tbody>{body}</tbody></table>"
        )
