"""The files of the commands `predict` and `transfer`."""

from typing import Any

import msgspec

from experiments.core.schemas.fields import Count, Scores


class Predictions(msgspec.Struct, frozen=True, omit_defaults=True, rename={'read_as': 'read as'}):
    """predict/predictions.json: what all seeds of a run together read on n images.

    Attributes:
        images: (n,) names of the files, or the true digits.
        read_as: (n,) the most probable digits.
        probability: (n,) their probabilities.
        accuracy: By the form of the images; empty where the true digits are not known.
    """

    images: list[str]
    read_as: list[Count]
    probability: list[float]
    accuracy: Scores


class TransferResults(msgspec.Struct, frozen=True, omit_defaults=True):
    """transfer/<dataset>/results.json: the nets that `transfer` has trained so far.

    Attributes:
        settings: Those that the accuracies depend on, with a digest of the run's parameters.
        accuracy: On the test set, by '<learner>/<images of each class>/<seed>'.
    """

    settings: dict[str, Any]
    accuracy: dict[str, float]
