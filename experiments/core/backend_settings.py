"""How JAX is set up for a run. This module does not import JAX."""

from experiments.core.config import Config
from jaxdl import backend

# Up to these sizes XLA:CPU makes one kernel of a step's loop over time (see
# jaxdl/models/recurrence.py).
SMALL_NET_UNITS = 10
SMALL_BATCH = 8


def configure_backend(config: Config, compilation_cache: bool = False) -> None:
    """Sets up JAX for the training of a run. It must come before JAX computes anything.

    Args:
        config: The run's settings.
        compilation_cache: Whether compiled programs are kept.
    """
    backend.configure(has_small_steps(config), config.precision, compilation_cache)


def has_small_steps(config: Config) -> bool:
    """Whether training steps are so small that loop kernels pay."""
    is_small_net = config.net() != 'cnn' and config.hidden <= SMALL_NET_UNITS
    return config.batch_size <= SMALL_BATCH or is_small_net
