"""How do raw files become a panel that can be trusted?

Read the chapters in the order data pass through them: `ingest` (files become a table; `csvfile` and `privacy` beside
it), `dates`, `numbers` and `grid` (every cell judged), `panel` (the checked tree), `review` with its `checks` (is there
enough in it to learn from?), `lift` (experiments that come back in). `simulate` makes data of known truth, `guess`
writes a first study from column names.

Decided on 2026-11-23:

- *Refuse or review.* What is wrong (a hole, text, a negative spend, a gap, a duplicate) is an error that names every
  cell; what is weak (two channels in step, one year of history) is a finding that travels into the report. Nothing is
  filled: packages that write 0 into holes turn a late export into a week without sales. We would change our mind for
  holes in the KPI only, where the likelihood can leave a cell out.
- *CSV as text.* DuckDB splits the file and casts nothing, because its own casting error names one cell and stops. The
  price is a cast of ours; the largest public panel (50 geos, 208 weeks, 43 columns) still loads in about two seconds.
- *A date order is never guessed.* 03/04/2025 throughout is an error even where weekly steps would decide, since a
  monthly export decides nothing and the reader should not have to know which case is theirs.
- *An outlier of spend is one beyond all others*, not one far from the median: bursts are how media are bought, and a
  robust z-score either flags every burst or, its scale inflated by them, misses a value with a slipped decimal.
- *The hash is of the panel, not of the file*: format, row order and rows after the window do not change it.
"""

from mmm.data.panel import load_panel, load_study_and_panel, panel_from_frame

__all__ = ["load_panel", "load_study_and_panel", "panel_from_frame"]
