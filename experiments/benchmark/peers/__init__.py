"""The same nets and training steps as a user of another library writes them.

A peer starts from our initial parameters and trains on the same examples in the same order, so
that its losses are ours but for rounding. Each module has a function

    make_epoch(config, params, examples) -> train_epoch, or None for a net that it does not have

whose arguments and result `make_peer` describes. All train by Adam on the cross entropy.

Keras and flax have one bias where PyTorch and we add up two. Adam moves two equal biases alike, so
theirs, which is the sum, is moved twice as far.
"""

import importlib
from typing import Any

from experiments.benchmark.peers.common import TrainEpoch
from experiments.core.config import Config
from jaxdl.train import Examples

PEERS = {  # the module of each
    'PyTorch': 'pytorch',
    'Keras 3 on JAX': 'keras_jax',
    'flax nn.RNN': 'flax_loop',
}


def make_peer(
    name: str, config: Config, params: dict[str, Any], examples: Examples
) -> TrainEpoch | None:
    """A training of the net of a Config by another library.

    The number of threads, and the device that PyTorch computes on, are up to the caller.

    Args:
        name: A key of PEERS.
        config: The net and its training.
        params: Our parameters of one seed, as NumPy arrays, from which the peer starts.
        examples: NumPy arrays. Of images: inputs uint8 (N, T, D) or (N, H, W, C), targets int (N,),
            lengths None. Of sequences: inputs float32 (N, T, D), targets int (N,) or bits (N, T),
            lengths int (N,).

    Returns:
        train_epoch(order) -> losses. It trains on the examples `order` (n,), where n is a multiple
        of the batch size, and returns the loss (steps,) of each batch before its update. It goes
        on where the last call left off. None if the library does not have such a net.

    Raises:
        ImportError: The library is not installed.
    """
    module = importlib.import_module(f'experiments.benchmark.peers.{PEERS[name]}')
    return module.make_epoch(config, params, examples)
