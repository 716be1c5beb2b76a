"""The results of a made-up adder, for tests."""

from experiments.core.schemas.final_tests import AdderTest, LengthTable
from experiments.core.schemas.proofs import SeedVerdict
from experiments.core.schemas.results import RunResults
from jaxdl.metrics import Summary, SummaryList

SCORES = {
    'loss': Summary(0.5, 0.1, [0.4, 0.6]),
    'bit_accuracy': Summary(1.0, 0.0, [1.0, 1.0]),
    'exact_match': Summary(1.0, 0.0, [1.0, 1.0]),
}


def adder_results():
    table = LengthTable(
        [1, 2], exact_match=SummaryList([1.0, 0.5], [0.0, 0.1], [[1.0, 0.4], [1.0, 0.6]])
    )
    return RunResults(
        version='0',
        versions={'python': '3'},
        config={'task': 'binary_add', 'seeds': 2, 'restarts': 1},
        device='1 x cpu (cpu)',
        parameters=3,
        epoch=2,
        step=4,
        seconds={'train': 1.5},
        train=SCORES,
        first_batch=SCORES,
        final_test=AdderTest(
            bit_accuracy=SCORES['bit_accuracy'],
            exact_match=SCORES['exact_match'],
            by_length={'random': table},
            samples=[[1, '0 + 1 = 1', 1, 'right']],
            verdicts={'0': SeedVerdict('falsified', '1 + 1 = 0')},
        ),
    )
