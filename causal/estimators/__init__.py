"""What did a finished experiment cause? One answer, many estimators, each in a file of its own.

    from causal.estimators import synthetic_control, to_lift_rows

    found = synthetic_control.estimate(panel, ["hamburg", "bremen"], "2026-03-02", "2026-03-29", "2026-04-12")
    found.incremental, found.interval, found.p_value
    to_lift_rows(found, "tv", spend_delta=80_000, experiment="tv north", design="heavy-up")

Read `trial` (what was tried), `estimate` (what every answer holds), `conformal` (where p-values and intervals come
from) and `counterfactual` (how a rule becomes an estimate). Then the estimators: `synthetic_control` is the one to
begin with, and `ensemble` chooses by what held on the data's own past. To add one, write its rule and hand it to
`measure`.
"""

from causal.estimators.estimate import Estimate as Estimate
from causal.estimators.estimate import Window as Window
from causal.estimators.estimate import iroas as iroas
from causal.estimators.estimate import to_lift_rows as to_lift_rows
from causal.estimators.trial import Trial as Trial
from causal.estimators.trial import read_trial as read_trial
