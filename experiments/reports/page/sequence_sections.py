"""Comparisons of recall nets and adders that the reports only talk about."""

import itertools
from collections.abc import Mapping
from typing import NamedTuple

from experiments.core.schemas.final_tests import AdderTest
from experiments.core.schemas.proofs import SeedVerdict
from experiments.core.schemas.rows import RowResults
from experiments.reports.catalogue import (
    BATCH_SIZES,
    CELLS,
    PROOF_PREFIX,
    PROVED_ADDERS,
    machine_id,
)
from experiments.reports.evidence import (
    Evidence,
    by_cell,
    falsified_seeds,
    final_accuracy,
    percent,
    summary_lines,
)
from experiments.reports.intervals import difference
from experiments.reports.page.blocks import Chapter
from experiments.reports.page.sequence_claims import LOSS_PAIRS_OF_E, LossPair
from jaxdl.figures import comparisons, curves
from jaxdl.figures.comparisons import Panel, SummaryLine
from jaxdl.verify.machines import MACHINES

ADDER_SCORES = ('bit_accuracy', 'exact_match')
# Adders that were trained with both losses.
LOSS_PAIRS = {
    'D-add-h5': LossPair(cross_entropy='D-add-bce-h5', mse='D-add-mse-h5'),
    **{f'E-add-{net}': pair for net, pair in LOSS_PAIRS_OF_E.items()},
}
ADDERS_BY_LENGTH = ('E-add-ce-h3-L3', 'E-add-ce-h5-L7', 'D-add-mse-h5', 'D-add-mse-h5-L5')
RECALL_SIZES = (2, 5, 10)
# The nets whose samples are shown, the best choice first.
RECALL_EXAMPLES = ('E-recall-gru10', 'E-recall-lstm10', 'E-recall-gru5')


class LossTests(NamedTuple):
    """The final tests of the same adder, trained with both losses."""

    mse: AdderTest
    bce: AdderTest


def losses(chapter: Chapter, evidence: Evidence) -> None:
    """Adders trained with the squared error (MSE) and with the cross entropy (BCE)."""
    tests = {}
    for adder, pair in LOSS_PAIRS.items():
        if len(evidence.finished(pair)) == 2:
            mse, bce = evidence.results[pair.mse], evidence.results[pair.cross_entropy]
            tests[adder] = LossTests(mse.final_test, bce.final_test)
    if not tests:
        return
    panels = {}
    for score in ADDER_SCORES:
        label = score.replace('_', ' ')
        panels[label] = Panel('adder', label, _loss_lines(tests, score), is_share=True)
    chapter.figure(
        'losses',
        comparisons.means_with_intervals(
            'Adders, 100 strings of each length from 1 to 20', panels, log_x=False
        ),
        'The same adders with both losses, mean and 95 % interval over seeds: where intervals '
        'overlap, no loss is seen to be better.',
    )
    table = []
    for adder, (mse, bce) in tests.items():
        table.append(
            [
                adder,
                percent(mse.exact_match),
                percent(bce.exact_match),
                percent(difference(bce.exact_match, mse.exact_match)),
                percent(difference(bce.bit_accuracy, mse.bit_accuracy), 2),
            ]
        )
    chapter.table(
        [
            'adder',
            'MSE, whole sums, %',
            'BCE, whole sums, %',
            'BCE minus MSE, whole sums, %',
            'BCE minus MSE, bits, %',
        ],
        table,
    )


def _loss_lines(tests: Mapping[str, LossTests], score: str) -> dict[str, SummaryLine]:
    mse_scores, bce_scores = [], []
    for pair in tests.values():
        mse_scores.append(getattr(pair.mse, score))
        bce_scores.append(getattr(pair.bce, score))
    adders = list(tests)
    return {'MSE': SummaryLine(adders, mse_scores), 'BCE': SummaryLine(adders, bce_scores)}


def batch_sizes(chapter: Chapter, evidence: Evidence) -> None:
    """The adder of report D by batch size."""
    names = {1: 'D-add-mse-h5'}  # report D trains it on one string a step
    for size in BATCH_SIZES:
        names[size] = f'batch-{size}'
    tests = {}
    for size, name in names.items():
        if name in evidence.results:
            tests[size] = evidence.results[name].final_test
    panels = {}
    for score in ADDER_SCORES:
        line = SummaryLine(list(tests), [getattr(test, score) for test in tests.values()])
        label = score.replace('_', ' ')
        panels[label] = Panel('batch', label, {'LSTM-5, MSE': line}, is_share=True)
    chapter.figure(
        'batch',
        comparisons.means_with_intervals('The adder of D, five epochs of 10,000 strings', panels),
        'The adder of report D by batch size: with larger batches, hence fewer steps, fewer sums '
        'are right.',
    )


def recall_sizes(chapter: Chapter, evidence: Evidence) -> None:
    """Accuracy of recall by hidden size and cell, and the differences between cells."""

    def id_of(cell, size):
        return f'E-recall-{cell}{size}'

    accuracies = by_cell(evidence, RECALL_SIZES, id_of, final_accuracy)
    chapter.figure(
        'recall',
        comparisons.means_with_intervals(
            'Recall of the third digit, 30 epochs of 10,000',
            {'accuracy': Panel('units', 'test accuracy', summary_lines(accuracies), is_share=True)},
        ),
        'Accuracy of recall by units and cell: compare what two, five and ten units reach.',
    )
    items = []
    for size in RECALL_SIZES:
        gaps = []
        cells = [cell for cell in sorted(accuracies) if size in accuracies[cell]]
        for first, second in itertools.combinations(cells, 2):
            gap = difference(accuracies[first][size], accuracies[second][size])
            gaps.append(f'{first}{size} minus {second}{size} {percent(gap)} points')
        if gaps:
            items.append(f'{size} units: {"; ".join(gaps)}')
    if items:
        chapter.items(items)


def recall_samples(chapter: Chapter, evidence: Evidence) -> None:
    """Accuracy of a recall net by length, and sample sequences."""
    names = evidence.finished(RECALL_EXAMPLES)
    if not names:
        return
    name = names[0]
    results = evidence.results[name]
    chapter.figure(
        'recall-length',
        curves.accuracy_by_length(
            f'{name}, {results.config["seeds"]} seeds',
            'digits in the sequence',
            results.final_test.by_length,
        ),
        f'{name}: accuracy at each length of the sequence, mean and 95 % interval over seeds.',
    )
    chapter.text(
        f'Sample sequences, in which digit {results.config["k"]} is asked for, and the answers '
        f'of the first seed of {name}, which has '
        f'{100 * results.final_test.accuracy.seeds[0]:.1f} % right:'
    )
    chapter.table(['sequence', 'truth', 'answer', ''], results.final_test.samples)


def adders_by_length(chapter: Chapter, evidence: Evidence) -> None:
    """Accuracy of adders at each length, and sample additions."""
    names = evidence.finished(ADDERS_BY_LENGTH)
    for name in names:
        results = evidence.results[name]
        chapter.figure(
            f'length-{name}',
            curves.accuracy_by_length(
                f'{name}, {results.config["seeds"]} seeds',
                'bits of a summand',
                results.final_test.by_length,
                results.config['max_length'],
            ),
            f'{name}: accuracy at each length, on random and on structured sums',
        )
    if names:
        chapter.text(f'Sample additions of the first seed of {names[-1]}:')
        samples = evidence.results[names[-1]].final_test.samples
        chapter.table(['bits', 'sum', 'answer', ''], samples)


def proofs(chapter: Chapter, evidence: Evidence) -> None:
    """How many adders were proved right at every length."""
    chapter.text(
        'A net is proved right by an inductive invariant: sets of its states for each carry, which '
        'every input maps into the sets of the right next carry, with the right answer. Proofs are '
        'checked in exact arithmetic (see `docs/proofs.md`). Float32 rounding is covered where '
        'products are taken in full float32, as a CPU always does, and not in TF32 or bfloat16.'
    )
    chapter.text(
        'A proof is first looked for with the weights as they were trained. The nets without one '
        'are fine-tuned: in each search up to 2,000 steps of Adam move the weights together with '
        'the sets, by the share of their norm that the table gives. Nets as they were trained are '
        'tried on fixed sums by the final test, and on far longer ones by `prove`. The closure gap '
        'is the room between the worst image and the border of its set, in lengths of the '
        'generators of the set, negative where it sticks out; the largest of all searches.'
    )
    lines = []
    for net in PROVED_ADDERS:
        results = evidence.results.get(PROOF_PREFIX + net)
        if results is not None:
            settings = results.config
            lines.append(
                [net, settings['state_noise'], settings['weight_decay'], *_proof_cells(results)]
            )
    chapter.table(
        [
            'net',
            'state noise in training',
            'weight decay',
            'falsified by the final test',
            'falsified by `prove`',
            'proved as trained',
            'proved, with those fine-tuned',
            'of these with float32 rounding',
            'weights moved by',
            'slack',
            'closure gaps of the others',
        ],
        lines,
    )


def automata(chapter: Chapter, evidence: Evidence) -> None:
    """How many nets that follow other automata were proved right, by machine and cell."""
    lines = []
    for name, machine in MACHINES.items():
        found = {}
        for cell in CELLS:
            results = evidence.results.get(machine_id(name, cell))
            if results is not None:
                found[cell] = results
        if found:
            units = sorted({results.config['hidden'] for results in found.values()})
            cells = [_short_proof_text(found.get(cell)) for cell in CELLS]
            states = len(machine.automaton.next_state)
            lines.append([f'`{name}`', states, ', '.join(map(str, units)), *cells])
    if not lines:
        return
    chapter.text(
        'The same for other automata (`docs/automata.md`): how many nets of each cell are proved '
        'right at every length as they were trained, and with those that were fine-tuned; how many '
        'of these proofs cover float32 rounding, and how many nets as trained are falsified by '
        '`prove`. Of the nets without a proof the largest closure gap of any search is given: the '
        'room between the worst image and the border of its set, in lengths of the generators of '
        'the set, negative where it sticks out. An empty cell was not run.'
    )
    chapter.table(['machine', 'states', 'units', *CELLS], lines)


class FoundByProve(NamedTuple):
    """What `prove` found of the nets of a run.

    Attributes:
        nets: How many there are.
        falsified: How many are falsified as they were trained.
        as_trained: How many are proved as they were trained.
        proved: The verdicts on those with a proof.
        covered: How many proofs cover the rounding of float32.
        closure_gaps: Of the nets without a proof, as far as known.
    """

    nets: int
    falsified: int
    as_trained: int
    proved: list[SeedVerdict]
    covered: int
    closure_gaps: list[float]


def _found_by_prove(results: RowResults) -> FoundByProve:
    falsified, as_trained, covered = 0, 0, 0
    proved = []
    closure_gaps = []
    for verdict in results.proofs.seeds.values():
        falsified += verdict.verdict == 'falsified'
        as_trained += verdict.verdict == 'proved'
        if verdict.slack is not None:
            proved.append(verdict)
            covered += bool(verdict.covers_float32)
        elif verdict.closure_gap is not None:
            closure_gaps.append(verdict.closure_gap)
    return FoundByProve(
        len(results.proofs.seeds), falsified, as_trained, proved, covered, closure_gaps
    )


def _short_proof_text(results: RowResults | None) -> str:
    if results is None:
        return ''
    found = _found_by_prove(results)
    text = (
        f'{found.as_trained} as trained, {len(found.proved)} of {found.nets} in all, '
        f'{found.covered} with float32; {found.falsified} falsified'
    )
    if found.closure_gaps:
        text += f'; closure gaps {_closure_gap_text(found)}'
    return text


def _proof_cells(results: RowResults) -> list[int | str]:
    """What is known of the nets of a run, as trained and fine-tuned."""
    found = _found_by_prove(results)
    changes = [verdict.change for verdict in found.proved if verdict.change]
    slacks = [verdict.slack for verdict in found.proved]
    return [
        falsified_seeds(results),
        found.falsified,
        f'{found.as_trained} of {found.nets}',
        f'{len(found.proved)} of {found.nets}',
        found.covered,
        f'{100 * min(changes):.2g} to {100 * max(changes):.2g} %' if changes else '',
        f'{min(slacks):.1g} to {max(slacks):.1g}' if slacks else '',
        _closure_gap_text(found),
    ]


def _closure_gap_text(found: FoundByProve) -> str:
    gaps = found.closure_gaps
    return f'{min(gaps):.2g} to {max(gaps):.2g}' if gaps else ''
