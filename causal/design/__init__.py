"""How should a geo experiment be set up, so that its answer can be believed? Chapters in reading order.

    from causal.design import analyse, design, lift_rows, read_design, write_design

    found = design(panel, "tv", periods=4, cells={"go-dark": 0.0}, fit=fit, seed=1)
    print(found.table, found.refused)
    write_design(found, "tv-spring.json")            # before the test
    answers = analyse(panel_after, read_design("tv-spring.json"))

`history` (the geos' past), `selection` (who is treated), `power` (the A/A gate, power and minimum detectable effect),
`expectation` (what the mix model expects), `plan` (all of it in one call), `file` (kept with its digest, and analysed).
"""

from causal.design.file import analyse as analyse
from causal.design.file import lift_rows as lift_rows
from causal.design.file import read_design as read_design
from causal.design.file import write_design as write_design
from causal.design.plan import Cell as Cell
from causal.design.plan import Design as Design
from causal.design.plan import design as design
