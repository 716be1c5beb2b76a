"""Claims of the reports about recall nets and adders, each beside what our runs say."""

from typing import NamedTuple

import numpy as np

from experiments.core.schemas.final_tests import AdderTest
from experiments.reports.claims.report_e_adders import ADDERS_OF_E
from experiments.reports.evidence import Evidence, falsified_seeds, percent
from experiments.reports.intervals import difference, excludes_zero
from experiments.reports.page.blocks import Chapter
from jaxdl.figures import comparisons
from jaxdl.metrics import Summary

TWO_UNITS = ('D-recall-h2', 'E-recall-rnn2', 'E-recall-lstm2', 'E-recall-gru2')
ADDERS_OF_D = ('D-add-mse-h1', 'D-add-mse-h3', 'D-add-mse-h5', 'D-add-bce-h5', 'D-add-mse-h5-L5')


class LossPair(NamedTuple):
    """The ids of the same adder, trained with the cross entropy and with the squared error."""

    cross_entropy: str
    mse: str


# The same three adders of report E with each of its two losses.
LOSS_PAIRS_OF_E = {
    'h3-L3': LossPair('E-add-ce-h3-L3', 'E-add-mse-h3-L3'),
    'h5-L3': LossPair('E-add-ce-h5-L3', 'E-add-mse-h5-L3'),
    'h5-L7': LossPair('E-add-ce-h5-L7', 'E-add-mse-h5-L7'),
}
# Adders by units and by batch size.
BATCH_OF_ONE = ('D-add-mse-h1', 'D-add-mse-h3', 'D-add-mse-h5', 'batch-8', 'batch-32')


def two_units(chapter: Chapter, evidence: Evidence) -> None:
    """Report D: recall with two units, seed by seed."""
    scores = {}
    for name in evidence.finished(TWO_UNITS):
        scores[name] = evidence.results[name].final_test.accuracy.seeds
    reported = {'D-recall-h2': evidence.reported['D-recall-h2'].reported_test_acc}
    chapter.figure(
        'claim-two-units',
        comparisons.seed_scores(
            'Recall with two units: each seed', 'test accuracy', scores, reported
        ),
        'Recall with two units. Each dot is a seed, the star is what D reports',
    )
    best = [f'{name} {100 * max(seeds):.1f} %' for name, seeds in scores.items()]
    chapter.text(
        f'The best seeds: {", ".join(best)}. A state of two real numbers is not a state of two '
        'bits. How far training gets depends on the cell, the rate and the seed; D trained this '
        'row at a tenth of the rate of its neighbours.'
    )


def batch_of_one(chapter: Chapter, evidence: Evidence) -> None:
    """Report D: adders by units, and by batch size."""
    lines = []
    for name in evidence.finished(BATCH_OF_ONE):
        results = evidence.results[name]
        test = results.final_test
        reported = ''
        # The adders batch-* are ours alone.
        if name in evidence.reported:
            reported = evidence.reported[name].reported_test_acc
        perfect_seeds = test.exact_match.seeds.count(1)
        lines.append(
            [
                name,
                results.config['batch_size'],
                reported,
                percent(test.bit_accuracy),
                percent(test.exact_match),
                f'{perfect_seeds} of {results.config["seeds"]}',
            ]
        )
    chapter.table(
        [
            'net',
            'batch',
            'reported',
            'bits right, %',
            'whole sums right, %',
            'seeds with every sum right',
        ],
        lines,
    )


def luck_of_adders(chapter: Chapter, evidence: Evidence) -> None:
    """Report E: its adders over seeds, and its two losses against each other."""
    names = evidence.finished(ADDERS_OF_E)
    scores, reported, lines = {}, {}, []
    for name in names:
        test = evidence.results[name].final_test
        scores[name] = test.exact_match.seeds
        reported[name] = evidence.reported[name].reported_test_acc
        lines.append(
            [
                name,
                reported[name],
                percent(test.exact_match),
                f'{100 * min(scores[name]):.1f}',
                f'{100 * max(scores[name]):.1f}',
                percent(test.bit_accuracy),
            ]
        )
    chapter.figure(
        'claim-adders',
        comparisons.seed_scores(
            'E: whole sums right, lengths 1 to 20, each dot a seed',
            'exact match',
            scores,
            reported,
        ),
        "Report E's six adders over seeds: each reported number is a single draw",
    )
    chapter.table(
        ['row', 'reported', 'whole sums right, %', 'from', 'to', 'bits right, %'],
        lines,
    )
    items = []
    for net, pair in LOSS_PAIRS_OF_E.items():
        if len(evidence.finished(pair)) == 2:
            items.append(_compare_losses(net, evidence, pair))
    if items:
        chapter.items(items)


def _compare_losses(net: str, evidence: Evidence, pair: LossPair) -> str:
    """Whether one loss is better on the same adder, in a line."""
    first = evidence.results[pair.cross_entropy].final_test.exact_match
    second = evidence.results[pair.mse].final_test.exact_match
    gap = difference(first, second)
    explanation = (
        'more than chance explains' if excludes_zero(gap) else 'which chance could explain'
    )
    return (
        f'cross entropy minus MSE, {net}: {percent(gap)} points, {explanation}; with a single run '
        'of each, the loss with the lower mean would come out ahead in '
        f'{100 * _upset_share(first, second):.0f} % of the pairs of seeds'
    )


def _upset_share(first: Summary, second: Summary) -> float:
    """The share of pairs of seeds in which the net of the lower mean has the higher score."""
    # Every seed of one loss against every seed of the other.
    lower, higher = sorted((np.array(first.seeds), np.array(second.seeds)), key=np.mean)
    return (lower[:, None] > higher[None, :]).mean()


def beyond_training(chapter: Chapter, evidence: Evidence) -> None:
    """All adders: on sums far longer than in training, and on sums that are not random."""
    lines = []
    for name in evidence.finished((*ADDERS_OF_D, *ADDERS_OF_E)):
        results = evidence.results[name]
        test = results.final_test
        lines.append(
            [
                name,
                _exact_match(test, 'random', 20),
                _exact_match(test, 'random', 1000),
                _exact_match(test, 'carry', 1000),
                _exact_match(test, 'constants', 1000),
                f'{falsified_seeds(results)} of {results.config["seeds"]}',
            ]
        )
    chapter.table(
        [
            'row',
            'random, 20 bits',
            'random, 1000',
            'long carry, 1000',
            'constants, 1000',
            'seeds with a counterexample',
        ],
        lines,
    )
    chapter.text(
        'Scores are whole sums right in %. A net that is right on every random string may still '
        'fail where a carry runs far or where the input does not change. The proofs below are '
        'about nets that never fail.'
    )


def _exact_match(test: AdderTest, kind: str, length: int) -> str:
    """The share of whole sums of one kind and length that are right, in percent."""
    table = test.by_length[kind]
    summary = table.exact_match
    i = table.lengths.index(length)
    ci95 = None if summary.ci95 is None else summary.ci95[i]
    return percent(Summary(summary.mean[i], ci95))
