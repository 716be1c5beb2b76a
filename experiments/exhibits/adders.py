"""Takes adders out of the folders of runs: one that is proved, and one that is falsified."""

import json
from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np

from experiments.core.config import Config
from experiments.core.schemas.exhibits import AdderNet, Cell, InvariantSet, Plane
from experiments.exhibits.from_runs import first_net, name_of, pack_all, require_plain_recurrence
from experiments.proofs.claimed_net import claimed_weights
from experiments.training.held_proofs import read_held_proofs
from jaxdl import UserError
from jaxdl.figures import planes
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.certificate import read
from jaxdl.verify.counterexamples import Counterexample
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
        The first seed whose proof is shown (see _proved_net) and the first one that is shown
        wrong as it was trained; the first seed of all if there is neither.

    Raises:
        UserError: The folder holds no such run, or nets that the page cannot compute.
    """
    run = first_net(folder, 'binary_add')
    config = run.config
    require_plain_recurrence(folder, config)
    params = run.population.params_at(run.population.epochs[-1])['params']
    nets = []
    proved = _proved_net(folder, config)
    if proved is not None:
        nets.append(proved)
    counterexamples = falsify(config.cell, ADDER, params, jax.random.key(config.seed))
    for place, counterexample in enumerate(counterexamples):
        if counterexample is not None:
            nets.append(_net_as_trained(config, params, place, counterexample))
            break
    return nets or [_net_as_trained(config, params, 0, None)]


def _proved_net(folder: Path, config: Config) -> AdderNet | None:
    """The first net of a run whose certificate holds, if there is one.

    Its sets must close in every step, and it must cover float32: the page says so of it.
    """
    proofs = read_held_proofs(folder, config)
    if proofs is None:
        return None
    for seed, verdict in proofs.seeds.items():
        if verdict.slack is not None and verdict.steps == 1 and verdict.covers_float32:
            words = 'proved as trained' if verdict.verdict == 'proved' else 'fine-tuned and proved'
            name = f'{name_of(config, int(seed))}, {words}'
            return _net_of_certificate(name, folder / 'proofs' / f'seed{seed}.json')
    return None


def _net_of_certificate(name: str, file: Path) -> AdderNet:
    claim = read(file)
    weights = claimed_weights(claim)
    for array in weights.values():
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
        weights=pack_all(weights),
        plane=_to_plane(projection),
        sets=sets,
        certificate=json.loads(file.read_text(encoding='utf-8')),
    )


def _net_as_trained(
    config: Config,
    params: Mapping[str, jax.Array],
    place: int,
    counterexample: Counterexample | None,
) -> AdderNet:
    """The net at a place of a run's params (S, ...), with its counterexample if it has one."""
    weights = {name: np.asarray(array[place]) for name, array in params.items()}
    pairs = []
    if counterexample is not None:
        pairs = [ADDER.symbols[symbol] for symbol in counterexample.symbols]
    return AdderNet(
        name=f'{name_of(config, config.seed + place)}, as trained',
        verdict='unknown' if counterexample is None else 'falsified',
        cell=config.cell,
        weights=pack_all(weights),
        plane=_to_plane(_projection(config.cell, weights)),
        counterexample=pairs,
    )


def _projection(cell: Cell, weights: Mapping[str, np.ndarray]) -> planes.Projection:
    """The plane in which the hidden states of a net on random sums vary most."""
    units = weights['weight_hh_l0'].shape[1]
    pairs = np.random.default_rng(0).integers(0, 2, (SUMS, STEPS, 2))
    states = np.asarray(simulate(cell, weights, pairs).states)[..., :units]
    return planes.principal_directions(states.reshape(-1, units))


def _to_plane(projection: planes.Projection) -> Plane:
    return Plane(projection.origin.tolist(), projection.directions.T.tolist())
