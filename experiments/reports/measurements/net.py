"""One trained net, as measurements take it."""

from typing import NamedTuple

from experiments.core.config import Config
from experiments.core.tasks import Task
from jaxdl.train import Params


class Net(NamedTuple):
    """One seed of a finished run.

    Attributes:
        config: The settings of the run.
        task: With the model and the data.
        params: After the training.
        untrained: Before it.
    """

    config: Config
    task: Task
    params: Params
    untrained: Params
