"""What did each channel do? Every answer is a difference between two expectations, taken draw by draw.

Read `contrast` first (the one counterfactual), then `contribution`, `returns`, `curves`, `prior` (the same questions
asked before the data), and `tables` for the run folder.
"""

from mmm.insight.contrast import adstocked_exposure, contrast, effectiveness
from mmm.insight.contribution import contribution, decompose
from mmm.insight.curves import response_curves
from mmm.insight.prior import learning, prior_draws, prior_table
from mmm.insight.returns import half_life, mroi, roi

__all__ = [
    "adstocked_exposure", "contrast", "contribution", "decompose", "effectiveness", "half_life", "learning",
    "mroi", "prior_draws", "prior_table", "response_curves", "roi",
]  # fmt: skip
