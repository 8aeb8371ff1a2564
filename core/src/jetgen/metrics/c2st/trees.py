"""Boosted trees on the numbers of whole clouds. From few clouds they learn what a network needs many for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jetgen.metrics.c2st.calibration import area_under_curve
from jetgen.metrics.c2st.profiles import Trees
from jetgen.metrics.c2st.splitting import Sample, Samples
from jetgen.metrics.c2st.verdict import Logits

__all__ = ["combined", "tree_outputs"]

_EVERY = 10  # rounds between two looks at the selection clouds


def tree_outputs(columns: Sequence[NDArray[np.float32]], samples: Samples, trees: Trees) -> Logits:
    """The logits of trees that have learnt.

    The number of leaves and of rounds with the largest area under the curve on the selection clouds is kept.

    Arguments:
        columns: float32 (N, D) of each sample, the numbers of each cloud.
        samples: those of :meth:`.splitting.Folds.samples`.
        trees: their sizes.
    """
    # It takes more than a second to import.
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    learn, select, _ = samples
    best, found = -1.0, Logits(np.zeros(len(columns[1])), np.zeros(len(columns[2])))
    # One thread: two save a third of a second where both cores are free, and take three times as long where one is not.
    with threadpool_limits(1, "openmp"):
        for leaves in trees.leaves:
            model = HistGradientBoostingClassifier(
                learning_rate=trees.rate,
                max_iter=trees.rounds,
                max_leaf_nodes=leaves,
                max_bins=trees.bins,
                l2_regularization=1.0,
                early_stopping=False,
                random_state=0,  # of the rows that make the bins, if they are more than 200,000
            ).fit(columns[0], learn.labels, learn.weights)
            rounds = zip(*(model.staged_decision_function(each) for each in columns[1:]), strict=True)
            for number, (of_select, of_report) in enumerate(rounds, start=1):
                if number % _EVERY and number < trees.rounds:
                    continue
                area = area_under_curve(of_select, select.labels, select.weights)
                if area > best:
                    best, found = area, Logits(of_select.copy(), of_report.copy())
    return found


def combined(select: Sample, *found: Logits) -> Logits:
    """The logits of several classifiers as one: each sees what the others miss.

    Logistic regression on the selection clouds gives the share of each.
    """
    from sklearn.linear_model import LogisticRegression

    of_select = np.stack([each.select for each in found], axis=1)
    of_report = np.stack([each.report for each in found], axis=1)
    spread = np.maximum(of_select.std(axis=0), 1e-9)
    joint = LogisticRegression().fit(of_select / spread, select.labels, select.weights)
    return Logits(*(joint.decision_function(each / spread) for each in (of_select, of_report)))
