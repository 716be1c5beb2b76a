"""results.json: a finished run."""

from typing import Any

import msgspec

from experiments.core.schemas.fields import Count, LayerStatistics, Scores
from experiments.core.schemas.settings import Settings


class RunResults(msgspec.Struct, frozen=True, omit_defaults=True):
    """results.json: a finished run, about the parameters after its last epoch.

    Attributes:
        version: Of this program.
        versions: Of Python and of the packages that decide about numbers.
        config: The run's settings, without the places where it lies.
        device: In words.
        parameters: Of one model.
        epoch, step: The last ones.
        seconds: Of the session that finished the run, by what they were spent on.
        train, last_batch, test, validation: As in the last EpochRecord.
        first_batch: The scores of the first batch of the run, before any update.
        final_test: Of the type final_test_type(task).
        activations: Of a CNN, by layer: the values on the whole test set, with those of each seed.

    The first batch and the activations are None in files of earlier versions.
    """

    version: str
    versions: dict[str, str]
    config: Settings
    device: str
    parameters: Count
    epoch: Count
    step: Count
    seconds: dict[str, float]
    train: Scores
    first_batch: Scores | None = None
    last_batch: Scores | None = None
    test: Scores | None = None
    validation: Scores | None = None
    final_test: Any = None
    activations: dict[str, LayerStatistics] | None = None
