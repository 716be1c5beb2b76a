"""What single reports show beside curves: statistics over training, confusions, recalled digits."""

from collections.abc import Callable
from typing import Literal

from experiments.core.schemas.final_tests import ImageTest, RecallTest
from experiments.reports.claims.report_e import MNIST_OF_E
from experiments.reports.evidence import Evidence
from experiments.reports.page.blocks import Block, Details, Picture, Table, Text, text_row
from jaxdl.figures.confusion_and_text import confusion_matrix
from jaxdl.figures.layer_statistics import statistics_over_steps

LENET_OF_B = 'B-cifar-relu-adam'
LAYERS = ('conv1', 'conv2')
STATISTICS = {'mean': 'mean', 'std': 'standard deviation', 'max': 'largest value'}
STEP_OF_B = 1100  # before which, report B says, most of the change happens
RECALL_OF_D = ('D-recall-h5', 'D-recall-h10')
GOOD = 0.95  # the accuracy from which on a seed is no failing net


def lenet_statistics(evidence: Evidence) -> list[Block]:
    """Report B: the statistics of its LeNet's activations over training."""
    results = evidence.results.get(LENET_OF_B)
    if results is None or results.statistics_curve is None:
        return [Text(f'The statistics of `{LENET_OF_B}` over its iterations were not recorded.')]
    curve = results.statistics_curve
    panels = {}
    for name, label in STATISTICS.items():
        panels[label] = {layer: curve.layers[layer][name] for layer in LAYERS}
    return [
        Picture(
            'statistics-B',
            statistics_over_steps(
                f'{LENET_OF_B}: activations over training', curve.steps, panels, STEP_OF_B
            ),
            'Activations of both convolutions over the iterations. Report B says that the '
            f'deviation first falls, then slowly rises, and that most changes before {STEP_OF_B:,} '
            'iterations, where the dotted line is.',
            'Mean, standard deviation and largest activation of both convolutions by iteration',
        )
    ]


def confusions(evidence: Evidence) -> list[Block]:
    """Report E: the confusion matrices of its six nets on MNIST."""
    blocks: list[Block] = []
    not_recorded = []
    for name in MNIST_OF_E:
        results = evidence.results.get(name)
        if results is None or results.final_test.confusion is None:
            not_recorded.append(name)
            continue
        test: ImageTest = results.final_test
        seeds = results.config['seeds']
        blocks.append(
            Picture(
                f'confusion-{name}',
                confusion_matrix(f'{name}, images a seed, mean of {seeds}', test.confusion, seeds),
                f'`{name}`: which digits are taken for which. Rows are the truth; darker cells off '
                'the diagonal are the confusions that happen most.',
                f'Confusion matrix of {name}',
            )
        )
    if not_recorded:
        blocks.append(Text(f'Not run, or not recorded: {", ".join(not_recorded)}.'))
    return [Details('Confusion matrices of the six nets on MNIST', blocks)]


def recalled(evidence: Evidence) -> list[Block]:
    """Report D: sample sequences that its best recall nets answer."""
    blocks: list[Block] = []
    for name in RECALL_OF_D:
        results = evidence.results.get(name)
        if results is None:
            blocks.append(Text(f'`{name}` was not run.'))
            continue
        test: RecallTest = results.final_test
        accuracy = test.accuracy.seeds[0]
        kind: Literal['a failing', 'a good'] = 'a good' if accuracy >= GOOD else 'a failing'
        rows = [text_row(*sample) for sample in test.samples]
        blocks.append(
            Details(
                f'{len(rows)} sequences recalled by the first seed of {name}, {kind} net '
                f'({100 * accuracy:.1f} % right)',
                [Table(('sequence', 'truth', 'answer', 'verdict'), rows)],
            )
        )
    return blocks


# What each report shows beside its curves, by its letter.
FIGURES: dict[str, Callable[[Evidence], list[Block]]] = {
    'B': lenet_statistics,
    'D': recalled,
    'E': confusions,
}
