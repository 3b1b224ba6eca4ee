"""How does a page's data become a PDF that anybody can read, anywhere the same?

Typst compiles a template of `reports/templates` with the page's data as JSON and the figures beside it, in a folder
that holds nothing else. The result is PDF/A-2a and PDF/UA-1: archivable, tagged, with a text for every figure. Only our
font files are used, the document's date is the last day of the data, and any warning (a missing font, say) is an error.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from reports import fonts
from reports.facts import plain
from reports.figures import Figure
from reports.language import Sentence
from reports.table import Table

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS: tuple[Literal["a-2a"], Literal["ua-1"]] = ("a-2a", "ua-1")

LOGO_PIXELS = 192


def compile_pdf(template: str, page: Mapping[str, Any]) -> bytes:
    """The PDF that `templates/<template>.typ` makes of a page of `reports.pages`."""
    import typst

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in TEMPLATES.glob("*.typ"):
            shutil.copyfile(path, folder / path.name)
        (folder / f"{template}.json").write_text(json.dumps(_data(page, folder), ensure_ascii=False), encoding="utf-8")
        (folder / "look.json").write_text(json.dumps(_look(page, folder)), encoding="utf-8")
        faces = folder / "fonts"
        faces.mkdir()
        for path in fonts.files(page["look"]):
            shutil.copyfile(path, faces / path.name)
        compiler = typst.Compiler(root=folder, font_paths=[faces], ignore_system_fonts=True)
        made, warnings = compiler.compile_with_warnings(
            folder / f"{template}.typ", format="pdf", pdf_standards=list(STANDARDS)
        )
    if warnings:
        said = "; ".join(str(getattr(warning, "message", warning)) for warning in warnings)
        raise RuntimeError(f"Typst warns about {template}.typ: {said}")
    assert isinstance(made, bytes)
    return made


def logo_png(path: Path) -> bytes:
    """A logo as PNG, `LOGO_PIXELS` high, for what cannot show SVG."""
    import typst

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(path, folder / path.name)
        text = f'#set page(width: auto, height: auto, margin: 0pt, fill: none)\n#image("{path.name}", height: 72pt)'
        (folder / "logo.typ").write_text(text, encoding="utf-8")
        compiler = typst.Compiler(root=folder, ignore_system_fonts=True)
        made = compiler.compile(folder / "logo.typ", format="png", ppi=float(LOGO_PIXELS))
    assert isinstance(made, bytes)
    return made


def _data(page: Mapping[str, Any], folder: Path) -> Any:
    """The page as JSON: sentences as runs, figures copied into `folder` and named by their place in it."""
    (folder / "figures").mkdir()
    return plain(_simple({name: part for name, part in page.items() if name not in ("look", "logo")}, folder))


def _look(page: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Colours, typefaces and logo for `house.typ`; the logo is copied into `folder`."""
    look, logo = page["look"], page["logo"]
    if logo:
        shutil.copyfile(logo, folder / logo.name)
    named = {"logo": logo.name if logo else None, "owner": page["owner"]}
    return {"main": look.main, "ink": look.ink, "fonts": fonts.families(look), **named}


def _simple(value: Any, folder: Path) -> Any:
    if isinstance(value, Sentence):
        return [[fonts.displayable(text), style] for text, style in value.runs]
    if isinstance(value, Figure):
        target = folder / "figures" / value.svg.name
        target.write_text(fonts.displayable(value.svg.read_text(encoding="utf-8")), encoding="utf-8")
        alt = fonts.displayable(value.alt)
        return {"path": f"figures/{target.name}", "alt": alt, "width": value.width_cm, "height": value.height_cm}
    if isinstance(value, Table):
        value = {part.name: getattr(value, part.name) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _simple(item, folder) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_simple(item, folder) for item in value]
    return value
