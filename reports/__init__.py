"""How does a run become documents that a board, a finance team and an analyst can read?

`reports.render.render(run)` executes the notebooks, turns the run's tables into facts and sentences, and sets them as
PDF, HTML and XLSX. It reads the run folder and nothing else, so that the same run gives the same bytes anywhere.
"""
