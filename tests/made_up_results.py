"""Made-up results of runs, for the tests of what is concluded from them."""

from experiments.core.schemas.final_tests import AdderTest, ImageTest, LengthTable
from experiments.core.schemas.proofs import SeedVerdict
from experiments.core.schemas.records import EpochRecord
from experiments.core.schemas.rows import RowResults
from experiments.reports.evidence import Evidence
from jaxdl.metrics import Summary, SummaryList, summarize


def scores(**seeds):
    """Summaries by the name of a score, from the values of seeds."""
    return {name: summarize(values, keep_seeds=True) for name, values in seeds.items()}


def run(final_test, train, *, validation=None, test=None, curve=(), statistics=(), seconds=30.0):
    """The results of a run, of which only the given parts matter."""
    some_score = next(iter(train.values()))
    return RowResults(
        version='1',
        versions={},
        device='cpu',
        parameters=1,
        epoch=curve[-1].epoch if curve else 1,
        step=1,
        seconds={'train': seconds},
        train=train,
        validation=validation,
        test=test,
        final_test=final_test,
        layer_statistics=list(statistics),
        curve=list(curve),
        config={'task': 'mnist_rnn', 'seeds': len(some_score.seeds or [0])},
    )


def image_run(test, train=None, **others):
    """A net on images, from its test accuracies by seed, and its train accuracies."""
    final_test = ImageTest(
        accuracy=summarize(test, keep_seeds=True),
        loss=summarize([1 - accuracy for accuracy in test], keep_seeds=True),
    )
    train = test if train is None else train
    losses = [1 - accuracy for accuracy in train]
    return run(final_test, scores(accuracy=train, loss=losses), **others)


def adder_run(exact, by_length=None, falsified=0, **others):
    """An adder, from its whole sums by seed, and from {length: (mean, half-width)}."""
    by_length = by_length or {1: (exact[0], 0.0)}
    means = [mean for mean, _ in by_length.values()]
    half_widths = [half_width for _, half_width in by_length.values()]
    table = LengthTable(lengths=list(by_length), exact_match=SummaryList(means, half_widths))
    verdicts = {}
    for seed in range(len(exact)):
        verdict = 'falsified' if seed < falsified else 'unknown'
        verdicts[str(seed)] = SeedVerdict(verdict, None)
    final_test = AdderTest(
        bit_accuracy=summarize(exact, keep_seeds=True),
        exact_match=summarize(exact, keep_seeds=True),
        by_length={'random': table, 'carry': table},
        samples=[],
        verdicts=verdicts,
    )
    return run(final_test, scores(exact_match=exact), **others)


def epoch(number, train, test=None, seconds=None, half_width=None):
    """A record of an epoch: of seeds, or of a mean with the half-width of its band."""
    if half_width is None:
        train_scores = scores(accuracy=train)
    else:
        train_scores = {'accuracy': Summary(train, half_width)}
    return EpochRecord(
        epoch=number,
        step=100 * number,
        seconds=seconds,
        train=train_scores,
        test=None if test is None else scores(accuracy=test),
    )


def evidence(failures=None, pictures=None, measured=None, **results):
    """The Evidence of some runs. An underscore in a name stands for the dash of an id."""
    by_id = {name.replace('_', '-'): result for name, result in results.items()}
    return Evidence({}, list(by_id), by_id, failures or {}, pictures or {}, measured or {})
