"""What stands behind some answers to claims: figures and tables that are worth seeing."""

from collections.abc import Callable
from typing import NamedTuple

from experiments.reports.claims.report_e_adders import ADDERS_OF_E
from experiments.reports.evidence import Evidence
from experiments.reports.page import image_claims, sequence_claims
from experiments.reports.page.blocks import Chapter, Section
from experiments.reports.page.claim_tables import claim_anchor


class Background(NamedTuple):
    """What stands behind the answer to a claim.

    Attributes:
        title: The reports' letters, and what they claim.
        claim_id: Of the claim whose answer it is about.
        text: What to see.
        needed: The ids whose results are shown. Some of them may be missing.
        write: Adds to a chapter what our runs say.
    """

    title: str
    claim_id: str
    text: str
    needed: tuple[str, ...]
    write: Callable[[Chapter, Evidence], None]


BACKGROUNDS = [
    Background(
        title='D: 100 % on the MNIST test set',
        claim_id='D-c01-test-100',
        text='All reported accuracies are sixteenths. Of 10,000 images in batches of 64 the last '
        'batch has 16, and only that one was counted.',
        needed=image_claims.MNIST_OF_D,
        write=image_claims.last_batch,
    ),
    Background(
        title='A: RNNs below 40 % on MNIST',
        claim_id='A-c09-rnn-low',
        text='The learning rate is too high for an RNN. Its accuracy after the last epoch is a '
        'matter of chance.',
        needed=('A-rnn128', 'A-rnn256'),
        write=image_claims.unstable_rate,
    ),
    Background(
        title='A: tuning made CIFAR-10 better',
        claim_id='A-c01-tuning',
        text='Training accuracy was 100 % from the first "tuned" epoch on: the weights had been '
        'carried over.',
        needed=('A-cifar-base', 'A-cifar-tuned-ep1'),
        write=image_claims.carried_over,
    ),
    Background(
        title='B: rankings of nets on 1,000 test images',
        claim_id='B-c01-activations',
        text='The reported training accuracy is that of one batch of 50, with dropout on.',
        needed=image_claims.CIFAR_OF_B,
        write=image_claims.one_batch,
    ),
    Background(
        title='B: the deconvnet',
        claim_id='B-c20-deconv-blur',
        text='Filters were transposed, and the nine strongest maps of one image are shown in place '
        'of the nine strongest images of a map.',
        needed=(),
        write=image_claims.transposed,
    ),
    Background(
        title='D: two units only pass two bits',
        claim_id='D-c15-two-bits',
        text='States are real numbers, not bits.',
        needed=sequence_claims.TWO_UNITS,
        write=sequence_claims.two_units,
    ),
    Background(
        title='D: adders at 85, 95 and 100 %',
        claim_id='D-c22-adder-units',
        text='This needs batch 1: with larger batches nets do not get there in the same number of '
        'epochs.',
        needed=sequence_claims.BATCH_OF_ONE,
        write=sequence_claims.batch_of_one,
    ),
    Background(
        title='E: cross entropy beats MSE',
        claim_id='E-c21-ce-mse',
        text='The accuracies are of whole sums, not of bits, and of a single seed. Two of the '
        'lists have 19 and 21 values.',
        needed=ADDERS_OF_E,
        write=sequence_claims.luck_of_adders,
    ),
    Background(
        title='D and E: the net has learned to add',
        claim_id='D-c23-adder-any-length',
        text='No report tests beyond 20 bits, or on sums that are not random.',
        needed=(*sequence_claims.ADDERS_OF_D, *ADDERS_OF_E),
        write=sequence_claims.beyond_training,
    ),
]


def backgrounds_section(evidence: Evidence) -> Section:
    """What stands behind some answers, and what has no results yet."""
    sections = []
    for background in BACKGROUNDS:
        chapter = Chapter()
        chapter.text(f'{background.text} [The answer](#{claim_anchor(background.claim_id)}).')
        for line in evidence.missing(background.needed):
            chapter.text(line)
        # A background that needs no results is only words.
        if evidence.finished(background.needed) or not background.needed:
            background.write(chapter, evidence)
        anchor = f'behind-{background.claim_id}'
        sections.append(Section(background.title, anchor, chapter.blocks))
    return Section('Behind some of the answers', 'behind', sections)
