"""How does the board report open in any browser, without a network?

As one HTML file: the same page data as the PDF, figures as inline SVG, the typeface embedded as a subset of the
characters that occur, no script from elsewhere. The scenario planner is one small script of ours
(`templates/planner.js`) on the curves that stand in the page. Text is escaped by Jinja2; a channel's name cannot become
markup.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmm.plots.look import HOUSE, Look
from reports import fonts
from reports.figures import Figure
from reports.language import Sentence

TEMPLATES = Path(__file__).parent / "templates"
ON_SCREEN = 1.3
"""How much larger a figure is on a screen than on paper."""

BROAD = 13.0
"""A figure wider than so many centimetres scrolls on a telephone; a smaller one shrinks to fit."""

FACES = "/* faces */"
"""Where the typeface goes once it is known which characters occur."""

TYPED = frozenset("0123456789.,+-−–<>%()kKmMbBnN€£$¥ \xa0\u202f")
"""The characters that the planner's script may write."""

CURRENCIES, JOINER = "€$£¥", "\u2060"
"""Signs that a browser would part from the plus or minus before them, and what holds them together."""

BODY, STRONG = 400, 600
"""The weights that the page is set in: the regular one, and the semibold or the next bolder one."""


def board_html(page: Mapping[str, Any]) -> bytes:
    """The board report's page as one self-contained HTML file."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = lambda sentence: sentence.text if isinstance(sentence, Sentence) else str(sentence)
    environment.filters["held"] = lambda words: re.sub(rf"([−+])([{CURRENCIES}])", f"\\1{JOINER}\\2", words)
    drawings = {name: Markup(inline(name, figure)) for name, figure in page["figures"].items()}
    curves = Markup(_script_data(page["planner"]["known"])) if page.get("planner") else ""
    template = environment.get_template("board.html.j2")
    logo = logo_data(page["logo"]) if page["logo"] else ""
    text = template.render(page=page, drawings=drawings, curves=curves, faces=FACES, logo=logo)
    characters = set(re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)) | TYPED
    return text.replace(FACES, font_faces("".join(sorted(characters)), page["look"]), 1).encode()


def _script_data(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False).replace("<", "\\u003c")


def inline(name: str, figure: Figure) -> str:
    """The figure's SVG for a page that holds several: identifiers made its own, the text alternative as its label."""
    from markupsafe import escape

    svg = figure.svg.read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)
    box = re.search(r'viewBox="([^"]+)"', svg)
    opening = (
        f'<svg viewBox="{box[1] if box else ""}" class="{"broad" if figure.width_cm > BROAD else "small"}" '
        f'role="img" aria-label="{escape(figure.alt)}" style="width:{figure.width_cm * ON_SCREEN:.2f}cm" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return opening + svg[svg.index(">") + 1 :]


def logo_data(path: Path) -> str:
    """The logo as a `data:` URL: an image, in which nothing runs and which loads nothing."""
    kind = "image/svg+xml" if path.suffix == ".svg" else "image/png"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def font_faces(characters: str, look: Look = HOUSE) -> str:
    """`@font-face` rules with the look's typeface, reduced to these characters and embedded."""
    by_weight = fonts.upright(look)
    bolder = min((weight for weight in by_weight if weight >= STRONG), default=None)
    rules = []
    for weight, path in ((BODY, by_weight.get(BODY)), (STRONG, by_weight.get(bolder) if bolder else None)):
        if path:
            data = base64.b64encode(_subset(path, characters)).decode()
            url = f"url(data:font/woff;base64,{data}) format('woff')"
            rules.append(f"@font-face{{font-family:'{look.font}';font-weight:{weight};src:{url}}}")
    return "\n".join(rules)


def _subset(path: Path, characters: str) -> bytes:
    from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    font = TTFont(path, recalcTimestamp=False)
    options = Options(layout_features=["kern", "tnum"], hinting=False, drop_tables=[*Options().drop_tables, "FFTM"])
    subsetter = Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    font.flavor = "woff"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()
