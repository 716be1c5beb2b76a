"""The final test of a run: one schema for each kind of task."""

from typing import Annotated

import msgspec

from experiments.core.schemas.fields import Count, Scores, check_entries, present
from experiments.core.schemas.proofs import SeedVerdict
from jaxdl.metrics import Summary, SummaryList

Sample = Annotated[list[Count | str], msgspec.Meta(min_length=4, max_length=4)]
# Ten classes have ten rows of ten counts.
ConfusionRow = Annotated[list[Count], msgspec.Meta(min_length=10, max_length=10)]
ConfusionMatrix = Annotated[list[ConfusionRow], msgspec.Meta(min_length=10, max_length=10)]


class LengthTable(msgspec.Struct, frozen=True, omit_defaults=True):
    """Scores by the length of a sequence.

    Attributes:
        lengths: In rising order.
        accuracy, bit_accuracy, exact_match: The scores that the task has, of one entry per length.
    """

    lengths: list[Count]
    bit_accuracy: SummaryList | None = None
    exact_match: SummaryList | None = None
    accuracy: SummaryList | None = None

    def __post_init__(self) -> None:
        """Raises ValueError unless each score has an entry for each length."""
        for name, summary in self.scores.items():
            check_entries(name, summary, len(self.lengths))

    @property
    def scores(self) -> dict[str, SummaryList]:
        """The scores that the task has, by name."""
        return present(self, ('bit_accuracy', 'exact_match', 'accuracy'))


class AdderTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of an adder.

    Attributes:
        bit_accuracy, exact_match: On 100 random strings of each length from 1 to 20.
        by_length: By the kind of string: random, carry, ones, alternating, constants. The random
            strings have the values of each seed.
        samples: Sample additions of the first seed: [bits, 'a + b = sum', answer, verdict].
        verdicts: By seed.
    """

    bit_accuracy: Summary
    exact_match: Summary
    by_length: dict[str, LengthTable]
    samples: list[Sample]
    verdicts: dict[str, SeedVerdict]


class RecallTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of a recall net.

    Attributes:
        accuracy: On all test sequences.
        by_length: {'random': ...}, with the values of each seed.
        samples: Of the first seed: [sequence, truth, answer, verdict].
    """

    accuracy: Summary
    by_length: dict[str, LengthTable]
    samples: list[Sample]


class AutomatonTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of a net that follows an automaton.

    Attributes:
        accuracy, exact_match: On 100 random words of each length from 1 to 20.
        by_length: By the kind of word: random, constant, loop. The random ones have the values of
            each seed.
        samples: Words of the first seed: [word, answers, those of the net, verdict].
        verdicts: By seed.
    """

    accuracy: Summary
    exact_match: Summary
    by_length: dict[str, LengthTable]
    samples: list[Sample]
    verdicts: dict[str, SeedVerdict]


class LastBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last batch of the test set alone: what some reports took for the test accuracy."""

    images: Count
    accuracy: Summary


class ImageTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of a net that classifies images.

    Attributes:
        accuracy, loss: On the whole test set.
        last_batch: On its last batch alone.
        report: {class or average: {'precision', 'recall', 'f1-score'}}, with the values of each
            seed.
        confusion: [true class][predicted class], counts over all seeds.

    All but the accuracy may be None in files of earlier versions.
    """

    accuracy: Summary
    loss: Summary | None = None
    last_batch: LastBatch | None = None
    report: dict[str, Scores] | None = None
    confusion: ConfusionMatrix | None = None


FinalTest = AdderTest | RecallTest | AutomatonTest | ImageTest
TestWithVerdicts = AdderTest | AutomatonTest


def final_test_type(task: str) -> type[FinalTest]:
    """The schema of a task's final test."""
    types = {'binary_add': AdderTest, 'recall': RecallTest, 'automaton': AutomatonTest}
    return types.get(task, ImageTest)
