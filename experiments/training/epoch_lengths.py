"""How many steps the epochs of a run have."""

from typing import NamedTuple

from experiments.core.config import Config
from experiments.core.tasks import Task


class EpochLengths(NamedTuple):
    """The number of steps in each epoch, of which there may be a thousand million.

    Attributes:
        total: The steps of all epochs.
        whole: The steps of an epoch. The last one is shorter where --steps ends within it.
    """

    total: int
    whole: int

    def epochs(self) -> int:
        """The number of epochs."""
        return -(-self.total // self.whole)

    def steps_before(self, epoch: int) -> int:
        """The steps of all epochs before one, counted from 0."""
        return min(epoch * self.whole, self.total)

    def steps_of(self, epoch: int) -> int:
        """The steps of an epoch, counted from 0."""
        return self.steps_before(epoch + 1) - self.steps_before(epoch)


def epoch_lengths(config: Config, task: Task) -> EpochLengths:
    """The number of steps in each epoch."""
    total = config.steps or config.epochs * task.steps_per_epoch
    return EpochLengths(total, task.steps_per_epoch)
