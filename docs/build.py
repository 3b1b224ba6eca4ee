"""How do README, notebooks, docstrings and a run become one site? Each as Markdown; MkDocs does the rest.

    python docs/build.py .cache/docs [RUN]      # then: mkdocs build

Nothing is executed: notebooks are shown as they are kept, and the gallery has the figures and documents of a run that
is there already. The site loads nothing from elsewhere and opens from a folder (`make docs`).
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from operating import draw

ROOT = Path(__file__).resolve().parent.parent
STYLE = """:root {
  --md-primary-fg-color: #14365d;
  --md-typeset-a-color: #1f5a9e;
  --md-text-font: "Source Sans Pro", system-ui, sans-serif;
}
.md-typeset table:not([class]) { font-size: .7rem; }
"""
CHAPTERS = ("study", "data", "media", "model", "insight", "plan", "watch", "plots")
DOCUMENTS = ("board.pdf", "budget.pdf", "model_card.pdf", "board.html", "scenarios.xlsx", "slides.pptx")


def build(target: Path, run: Path | None) -> None:
    """Writes the site's sources to `target`."""
    shutil.rmtree(target, ignore_errors=True)
    (target / "docs").mkdir(parents=True)
    shutil.copyfile(ROOT / "docs" / "roi.svg", target / "docs" / "roi.svg")
    _write(target / "site.css", STYLE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (target / "index.md").write_text(re.sub(r"`notebooks/(\w+)\.ipynb`", r"[\1](notebooks/\1.md)", readme))
    shutil.copyfile(ROOT / "CHANGELOG.md", target / "changes.md")
    for name, source in {"mmm": "mmm/DESIGN.md", "plan": "mmm/plan/DESIGN.md", "causal": "causal/DESIGN.md"}.items():
        _write(target / "design" / f"{name}.md", (ROOT / source).read_text(encoding="utf-8"))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        _write(target / "notebooks" / f"{path.stem}.md", _notebook(path))
    for package in (*(f"mmm.{name}" for name in CHAPTERS), "causal", "reports"):
        _write(target / "reference" / f"{package}.md", f"# {package}\n\n::: {package}\n")
    _write(target / "operating" / "index.md", draw(target / "operating"))
    _write(target / "gallery" / "index.md", _gallery(target / "gallery", run))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _notebook(path: Path) -> str:
    import nbformat

    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(
        cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```" for cell in cells
    )


def _gallery(folder: Path, run: Path | None) -> str:
    """The run's documents to open, and its figures with the sentence that stands for each."""
    if run is None or not (run / "report").is_dir():
        return "# Gallery\n\n`make docs RUN=...` with a run folder that has a report shows its documents here.\n"
    folder.mkdir(parents=True, exist_ok=True)
    parts = ["# Gallery", "What a run leaves for its readers, drawn from the run that this site was built with."]
    there = [name for name in DOCUMENTS if (run / "report" / name).is_file()]
    for name in there:
        shutil.copyfile(run / "report" / name, folder / name)
    parts.append("\n".join(f"- [{name}]({name})" for name in there))
    for path in sorted((run / "report" / "figures").glob("*.svg")):
        shutil.copyfile(path, folder / path.name)
        said = path.with_suffix(".txt").read_text(encoding="utf-8").strip()
        parts.append(f"## {path.stem.replace('_', ' ').capitalize()}\n\n![{said}]({path.name})\n\n*{said}*")
    return "\n\n".join(parts)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
