"""Which experiment should we run next? Chapters: `value` (the mathematics), `candidates` (what could be run),
`decision` (what would get better), `ranking` (all of it in one call).

    found = causal.next_experiment.next_experiments(fit, test_budget=50_000)
    print(found.table.head(), found.portfolio, found.perfect_information)
"""

from causal.next_experiment.ranking import NextExperiments as NextExperiments
from causal.next_experiment.ranking import next_experiments as next_experiments
