"""Claims of the reports that do not hold, or that mean something else than they say."""

from collections.abc import Callable
from typing import NamedTuple

from experiments.reports.evidence import Evidence
from experiments.reports.page import image_claims, sequence_claims
from experiments.reports.page.document import Page


class Claim(NamedTuple):
    """A claim of one or more reports.

    Attributes:
        title: The reports' letters, and what they claim.
        text: What is wrong with it.
        needed: The ids whose results are shown. Some of them may be missing.
        write: Writes to a page what our runs say.
    """

    title: str
    text: str
    needed: tuple[str, ...]
    write: Callable[[Page, Evidence], None]


CLAIMS = [
    Claim(
        title='D: 100 % on the MNIST test set',
        text='All reported accuracies are sixteenths. Of 10,000 images in batches of 64 the last '
        'batch has 16, and only that one was counted.',
        needed=image_claims.MNIST_OF_D,
        write=image_claims.last_batch,
    ),
    Claim(
        title='A: RNNs below 40 % on MNIST',
        text='The learning rate is too high for an RNN. Its accuracy after the last epoch is a '
        'matter of chance.',
        needed=('A-rnn128', 'A-rnn256'),
        write=image_claims.unstable_rate,
    ),
    Claim(
        title='A: tuning made CIFAR-10 better',
        text='Training accuracy was 100 % from the first "tuned" epoch on: the weights had been '
        'carried over.',
        needed=('A-cifar-base', 'A-cifar-tuned-ep1'),
        write=image_claims.carried_over,
    ),
    Claim(
        title='A: an RNN with SGD',
        text='The report does not say whether it used momentum or standardized its pixels. Plain '
        'SGD on standardized pixels comes near its number.',
        needed=('A-rnn256-sgd',),
        write=image_claims.plain_sgd,
    ),
    Claim(
        title='B: rankings of nets on 1,000 test images',
        text='The reported training accuracy is that of one batch of 50, with dropout on.',
        needed=image_claims.CIFAR_OF_B,
        write=image_claims.one_batch,
    ),
    Claim(
        title='B: the deconvnet',
        text='Filters were transposed, and the nine strongest maps of one image are shown in place '
        'of the nine strongest images of a map.',
        needed=(),
        write=image_claims.transposed,
    ),
    Claim(
        title='C: activations after ReLU',
        text='A negative mean cannot follow a ReLU. The net used tanh, and the quoted statistics '
        'are those of the net that was trained by gradient descent.',
        needed=image_claims.STATISTICS_OF_C,
        write=image_claims.tanh_statistics,
    ),
    Claim(
        title='D: two units only pass two bits',
        text='States are real numbers, not bits.',
        needed=sequence_claims.TWO_UNITS,
        write=sequence_claims.two_units,
    ),
    Claim(
        title='D: adders at 85, 95 and 100 %',
        text='This needs batch 1: with larger batches nets do not get there in the same number of '
        'epochs. With one unit our nets stay below the reported number.',
        needed=('D-add-mse-h1', 'D-add-mse-h5', 'batch-8', 'batch-32'),
        write=sequence_claims.batch_of_one,
    ),
    Claim(
        title='E: cross entropy beats MSE',
        text='The accuracies are of whole sums, not of bits, and of a single seed. Two of the '
        'lists have 19 and 21 values.',
        needed=sequence_claims.ADDERS_OF_E,
        write=sequence_claims.luck_of_adders,
    ),
    Claim(
        title='E: L2 trains faster, the GRU is slow',
        text='These are seconds of single runs, and accuracies that lie a few tenths of a point '
        'apart.',
        needed=('E-lstm128', 'E-lstm128-l2', 'E-gru128'),
        write=image_claims.timing,
    ),
    Claim(
        title='D and E: the net has learned to add',
        text='No report tests beyond 20 bits, or on sums that are not random.',
        needed=(*sequence_claims.ADDERS_OF_D, *sequence_claims.ADDERS_OF_E),
        write=sequence_claims.beyond_training,
    ),
]


def write(page: Page, evidence: Evidence) -> None:
    """Writes all claims to the page, and what has no results yet."""
    page.text('## Claims that do not hold, or mean something else')
    for claim in CLAIMS:
        page.text(f'### {claim.title}\n\n{claim.text}')
        for line in evidence.missing(claim.needed):
            page.text(line)
        # A claim that needs no results is only words.
        if evidence.finished(claim.needed) or not claim.needed:
            claim.write(page, evidence)
