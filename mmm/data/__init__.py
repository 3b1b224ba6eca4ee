"""How do raw files become a panel that can be trusted?

Read the chapters in the order data pass through them: `ingest` (files become a table), `dates`, `numbers` and `grid`
(every cell judged), `panel` (the checked tree), `review` (is there enough in it to learn from?), `lift` (experiments
that come back in). `simulate` makes data of known truth, `guess` writes a first study from column names.
"""

from mmm.data.panel import load_panel, load_study_and_panel, panel_from_frame

__all__ = ["load_panel", "load_study_and_panel", "panel_from_frame"]
