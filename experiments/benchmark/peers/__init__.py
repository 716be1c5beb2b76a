"""The same nets and training steps as a user of another library writes them, to run beside ours on the same examples.

A peer is peer(config, params, arrays) -> epoch, or None for a net that it does not have here; it raises ImportError if its library
is not installed. params are ours of one seed, as NumPy, and are where the peer starts. arrays are (inputs, targets, lengths) as
NumPy: images uint8 (N, T, D) or (N, H, W, C), labels (N,), None; or x float32 (N, T, D), labels (N,) or bits (N, T), lengths (N,).
epoch(order) trains on the examples order (n,), n a multiple of the batch size, by Adam on the cross entropy, and returns the loss
(steps,) of each batch before its update. It goes on where the last call left off. Threads and torch's device are the caller's.

Keras and flax have one bias where torch and we add up two. Adam moves two alike, so theirs, the sum, is moved twice as far.
"""

from experiments.benchmark.peers.flax_loop import flax_loop
from experiments.benchmark.peers.keras_jax import keras_jax
from experiments.benchmark.peers.pytorch import pytorch

PEERS = {'PyTorch': pytorch, 'Keras 3 on JAX': keras_jax, 'flax nn.RNN': flax_loop}
