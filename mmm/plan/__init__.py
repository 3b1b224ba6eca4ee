"""What should be spent? From a fit's response curves to a budget with a certificate, a risk and a price.

Read `budget` first (the certified split), then `outlook` (what multiples of the reference earn, draw by draw),
`bounds` (who may move how far), `choice` (the scenarios), `finance` (the same in cents), and
`scenario`, which puts them together; `stage` is what a study asks for of all this. Regions and periods are decided in
`geo` and `flighting`; the latter rests on `joint` (what a calendar earns, and at most could) and `ascent` (how the best
one is found and certified).
"""

from mmm.plan.budget import Solution, solve_separable
from mmm.plan.scenario import Plan, allocate, plan_from
from mmm.plan.stage import plan_tables

__all__ = ["Plan", "Solution", "allocate", "plan_from", "plan_tables", "solve_separable"]
