"""Takes adders out of the folders of runs: one that is proved, and one that is falsified."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from experiments.core.config import Config
from experiments.core.schemas.exhibits import AdderNet, Cell, InvariantSet, Plane, pack
from experiments.exhibits.from_runs import first_net, name_of, pack_all, require_plain_recurrence
from experiments.training.held_proofs import read_held_proofs
from jaxdl import UserError
from jaxdl.figures import planes
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.certificate import Claim, read
from jaxdl.verify.falsify import falsify
from jaxdl.verify.simulation import simulate

# Random sums whose states give the plane: enough to see where a net goes.
SUMS = 40
STEPS = 60


def adder_nets(folder: Path) -> list[AdderNet]:
    """Nets of a run of binary_add.

    Args:
        folder: Of the run.

    Returns:
        The first seed whose proof is shown (see _proved_nets) and the first one that is shown
        wrong as it was trained; the first seed of all if there is neither.

    Raises:
        UserError: The folder holds no such run, or nets that the page cannot compute.
    """
    net = first_net(folder, 'binary_add')
    config = net.config
    require_plain_recurrence(folder, config)
    params = net.population.params_at(net.population.epochs[-1])['params']
    nets = _proved_nets(folder, config) + _falsified_nets(config, params)
    if not nets:
        name = f'{name_of(config, config.seed)}, as trained'
        nets.append(
            AdderNet(
                name=name,
                verdict='unknown',
                cell=config.cell,
                weights=pack_all(net.weights),
                plane=_to_plane(_projection(config.cell, net.weights)),
            )
        )
    return nets


def _proved_nets(folder: Path, config: Config) -> list[AdderNet]:
    """The first net of a run whose certificate holds, if there is one.

    Its sets must close in every step, and it must cover float32: the page says so of it.
    """
    proofs = read_held_proofs(folder, config)
    if proofs is None:
        return []
    for seed, verdict in proofs.seeds.items():
        if verdict.slack is not None and verdict.steps == 1 and verdict.covers_float32:
            file = folder / 'proofs' / f'seed{seed}.json'
            words = 'fine-tuned and proved' if verdict.change else 'proved as trained'
            name = f'{name_of(config, int(seed))}, {words}'
            return [_proved_net(name, read(file), json.loads(file.read_text(encoding='utf-8')))]
    return []


def _proved_net(name: str, claim: Claim, certificate: Mapping[str, Any]) -> AdderNet:
    weights = {}
    for key, numbers in claim.weights.items():
        array = np.array(numbers)
        # A claim has biases as columns.
        weights[key] = array[:, 0] if 'bias' in key else array
        if (array.astype(np.float32) != array).any():
            raise UserError(f'{name}: the proof is about weights that are not in single precision')
    units = weights['weight_hh_l0'].shape[1]
    projection = _projection(claim.cell, weights)
    sets = []
    for state_set in claim.sets:
        # The plane is one of h; a set of h and c is seen from above.
        centre = np.array(state_set.centre)[:units]
        generators = np.array(state_set.generators)[:units]
        outline = planes.projected_outline(centre, generators, projection)
        corners = [(x, y) for x, y in outline.tolist()]
        sets.append(InvariantSet(state_set.automaton_state, corners))
    return AdderNet(
        name=name,
        verdict='proved',
        cell=claim.cell,
        weights={key: pack(array) for key, array in weights.items()},
        plane=_to_plane(projection),
        sets=sets,
        certificate=dict(certificate),
    )


def _falsified_nets(config: Config, params: Mapping[str, jax.Array]) -> list[AdderNet]:
    """The first net of a run, as trained, of which an error is found; none if there is no such."""
    found = falsify(config.cell, ADDER, params, jax.random.key(config.seed))
    for place, counterexample in enumerate(found):
        if counterexample is not None:
            weights = {name: np.asarray(array[place]) for name, array in params.items()}
            pairs = [ADDER.symbols[symbol] for symbol in counterexample.symbols]
            net = AdderNet(
                name=f'{name_of(config, config.seed + place)}, as trained',
                verdict='falsified',
                cell=config.cell,
                weights=pack_all(weights),
                plane=_to_plane(_projection(config.cell, weights)),
                counterexample=pairs,
            )
            return [net]
    return []


def _projection(cell: Cell, weights: Mapping[str, np.ndarray]) -> planes.Projection:
    """The plane in which the hidden states of a net on random sums vary most."""
    units = weights['weight_hh_l0'].shape[1]
    pairs = np.random.default_rng(0).integers(0, 2, (SUMS, STEPS, 2))
    states = np.asarray(simulate(cell, weights, pairs).states)[..., :units]
    return planes.principal_directions(states.reshape(-1, units))


def _to_plane(projection: planes.Projection) -> Plane:
    return Plane(projection.origin.tolist(), projection.directions.T.tolist())
