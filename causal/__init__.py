"""Did the channel cause the sales, by how much, and how far may we trust the answer?

    verdicts = causal.validate(fit)      # one row a channel and gate: tables/verdicts.csv
    effects = causal.effects(fit)        # the backdoor estimate beside the model's own: tables/causal.csv
    causal.examine(fit)                  # both, each channel asked once
    causal.graphs(fit)["tv"]             # what was assumed, as text
    causal.validate(fit, beliefs=causal.Beliefs(latent_demand=True))     # believing something else than the study does

Experiments: `design` (before them), `estimators` (after them), `registry` and `conflict` (many of them together), and
`next_experiment` (which one next).

Read `estimand` (what is asked), `beliefs` and `graph` (what is assumed), `regression` (how it is estimated), `gates`
and `robustness` (how it is attacked), and `verdict` (what is said). `DESIGN.md` holds the map and the decisions.
"""

from causal.beliefs import Beliefs as Beliefs
from causal.verdict import arrows as arrows
from causal.verdict import effects as effects
from causal.verdict import examine as examine
from causal.verdict import graphs as graphs
from causal.verdict import validate as validate
