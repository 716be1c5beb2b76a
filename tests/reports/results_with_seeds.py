"""Results of runs that were never made, for the tests of the verdicts."""

import numpy as np

from experiments.core.schemas.final_tests import ImageTest
from experiments.core.schemas.rows import RowResults
from jaxdl.metrics import Summary


def summary(*seeds):
    """Of the scores of seeds."""
    return Summary(float(np.mean(seeds)), 0.0, list(seeds))


def results_of(*seeds, task='mnist_rnn', final_test=None, **fields):
    """Results of a run whose seeds have these test accuracies."""
    return RowResults(
        version='',
        versions={},
        device='',
        parameters=0,
        epoch=fields.pop('epoch', 1),
        step=1,
        seconds={},
        train={'accuracy': summary(0.5, 0.6, 0.7), 'loss': summary(0.1, 0.2, 0.3)},
        final_test=final_test or ImageTest(summary(*seeds)),
        layer_statistics=[],
        curve=fields.pop('curve', []),
        config={'task': task, 'seeds': len(seeds), **fields.pop('config', {})},
        **fields,
    )
