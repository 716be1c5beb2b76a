"""Which net of a run a certificate is about."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.training import finished_run
from jaxdl import UserError
from jaxdl.verify.certificate import Claim


def find_net(folder: Path, claim: Claim, tasks: Sequence[str]) -> str:
    """Finds the net whose weights are those of a claim, bit for bit.

    Args:
        folder: Of a run.
        claim: Of a certificate.
        tasks: The tasks that the run may have.

    Returns:
        The net, in words.

    Raises:
        UserError: There is no run, or no net of it has these weights.
    """
    population = finished_run.load_population(folder, tasks)
    for epoch in reversed(population.epochs):
        params = population.params_at(epoch)['params']
        for net in range(population.config.seeds):
            weights = {name: np.asarray(array[net]) for name, array in params.items()}
            if are_weights_of(claim, weights):
                return f'seed {population.config.seed + net} of {folder} after epoch {epoch}'
    raise UserError(
        f'the proof is about a net that is not in {folder}: no seed has its weights. Fine-tuned '
        'nets are a run of their own, the folder proofs/fine_tuned of the run'
    )


def are_weights_of(claim: Claim, weights: Mapping[str, np.ndarray]) -> bool:
    """Whether a claim is about the net with these weights, by name, bit for bit."""
    claimed = claimed_weights(claim)
    if weights.keys() != claimed.keys():
        return False
    for name, array in weights.items():
        # Their bytes: 0 equals -0, and a net with one is not the net with the other.
        if array.astype(float).tobytes() != claimed[name].tobytes():
            return False
    return True


def claimed_weights(claim: Claim) -> dict[str, np.ndarray]:
    """The weights of the net that a claim is about, by name, as the net has them."""
    weights = {}
    for name, numbers in claim.weights.items():
        array = np.array(numbers)
        # A claim has biases as columns.
        weights[name] = array[:, 0] if 'bias' in name else array
    return weights
