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
            if _are_weights_of(claim, weights):
                return f'seed {population.config.seed + net} of {folder} after epoch {epoch}'
    raise UserError(
        f'the proof is about a net that is not in {folder}: no seed has its weights. Fine-tuned '
        'nets are a run of their own, the folder proofs/fine_tuned of the run'
    )


def _are_weights_of(claim: Claim, weights: Mapping[str, np.ndarray]) -> bool:
    if weights.keys() != claim.weights.keys():
        return False
    for name, array in weights.items():
        claimed = np.array(claim.weights[name])
        if 'bias' in name:
            claimed = claimed[:, 0]  # a claim has them as columns
        # Their bytes: 0 equals -0, and a net with one is not the net with the other.
        if array.astype(float).tobytes() != claimed.tobytes():
            return False
    return True
