"""How does a result show itself at the end of a notebook's cell? As a small table, with text that cannot become markup.

    table(["Channel", "Spend"], [["TV", "1.2m"]], caption="What moves")

An object that an analyst meets has a `_repr_html_` that returns one or several of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def table(head: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> str:
    """An HTML table; numbers stand right."""
    top = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    named = f'<caption style="text-align:left;font-weight:600">{escape(caption)}</caption>' if caption else ""
    return f"<table>{named}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td style="text-align:right">{"–" if value != value else f"{value:,.2f}"}</td>'
    return f'<td style="text-align:left">{escape(str(value))}</td>'
