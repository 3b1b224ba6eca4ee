"""How does a run folder become documents?

    render(run)      # run/report: notebooks/*.ipynb, figures/*.svg, facts.json, model_card.pdf, board.pdf,
                     # board.html, budget.pdf, scenarios.xlsx

The notebooks are executed first: they are the audit trail, and they draw the figures. Then facts are read off the
tables, and every document is made of the same facts. Nothing but the run folder is read, nothing depends on the clock
or on the folder's name, and every file appears whole or not at all.

To add a document, gather its page in `reports.pages`, add a maker to `MAKERS`, and name its template in the study.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from mmm.files import read_table, staged, write_atomic
from reports import facts as subjects
from reports import figures, html, notebooks, pages, pdf, workbook
from reports.facts import pace as within_quarter
from reports.facts import plain
from reports.source import Source, read

Progress = Callable[[float, str], None]


def render(run: Path, progress: Progress | None = None) -> list[Path]:
    """Makes every document of the run and returns the files written.

    They are made in a folder of their own and take their places together: whatever fails, the last whole report stays.
    `progress` is called with the share that is done and what is happening. Raises `InputError` where the run has no
    fit, and `NotebookFailed` where a cell raised (its executed copy is left in `report/failed`, marked).
    """
    tell = progress or (lambda share, message: None)
    run = run.absolute()
    source = read(run)
    wanted = {"board_report": "board", "budget_scenarios": "budget"}
    chosen = [name for name in notebooks.REPORTED if wanted[name] in source.study.report.templates]
    tell(0.0, "executing " + ", ".join(chosen))
    with staged(run / "report") as new:
        written = notebooks.execute_all(chosen, run, new)
        written += [
            path for figure in figures.saved(new).values() for path in (figure.svg, figure.svg.with_suffix(".txt"))
        ]
        tell(0.85, "writing documents")
        written += documents(new, source, [path.name for path in written if path.suffix == ".ipynb"])
    tell(1.0, "report done")
    return [run / "report" / path.relative_to(new) for path in written]


def pace(run: Path) -> Path:
    """One page about the plan inside its quarter, from what `mmm pace` wrote: `pace.pdf`."""
    source = read(run)
    found = json.loads((run / "pace.json").read_text(encoding="utf-8"))
    known = within_quarter.numbers(read_table(run / "pace.csv"), found, source.study)
    page = pages.quarter(source, subjects.numbers(source), known)
    return write_atomic(run / "pace.pdf", pdf.compile_pdf("pace", page))


def documents(folder: Path, source: Source, executed: list[str]) -> list[Path]:
    """Facts, model card and the documents that the study asks for, from tables and from the figures in `folder`."""
    facts = subjects.numbers(source)
    drawn = figures.saved(folder)
    text = json.dumps(plain(facts), indent=1, sort_keys=True, ensure_ascii=False)
    about = pages.card(source, facts, executed)
    written = [
        write_atomic(folder / "facts.json", text + "\n"),
        write_atomic(folder / "model_card.pdf", pdf.compile_pdf("card", about)),
    ]
    if "board" in source.study.report.templates:
        page = pages.board(source, facts, drawn, executed)
        written += [
            write_atomic(folder / "board.pdf", pdf.compile_pdf("board", page)),
            write_atomic(folder / "board.html", html.board_html(page)),
        ]
    if "slides" in source.study.report.templates:
        from reports.slides import slides_pptx

        page = pages.board(source, facts, drawn, executed)
        written.append(write_atomic(folder / "slides.pptx", slides_pptx(source, facts, page)))
    if "budget" in source.study.report.templates:
        page = pages.budget(source, facts, drawn)
        written += [
            write_atomic(folder / "budget.pdf", pdf.compile_pdf("budget", page)),
            write_atomic(folder / "scenarios.xlsx", workbook.scenarios_xlsx(source, facts)),
        ]
    return written
