"""Where training starts: from checkpoints, from the seeds, or from the best of several starts of each seed."""

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from experiments.core.config import TRIAL
from experiments.training.programs import like
from jaxdl import checkpoint, parallel
from jaxdl.train import START, Members, address


def start(config, init, epoch, members, data, mesh, managers, clock, say):
    """(epochs done, states): from the newest checkpoints, which are of one epoch, or the newest that all can read; or from the start."""
    done = managers[0].latest_step() or 0
    saved, states = (
        like(init, members, data, config.seeds, parallel.population_sharding(config.seeds, mesh)),
        None,
    )
    while done and states is None:
        found = [
            checkpoint.restore(manager, saved, parallel.any_process, done) for manager in managers
        ]
        for at, _, damaged in found:
            if damaged:
                say(
                    f'checkpoint {", ".join(map(str, damaged))} is damaged and cannot be read: using that of epoch {at}'
                )
        ends = {at for at, *_ in found}
        done = min(ends)
        if len(ends) == 1:
            states = jax.tree.map(
                lambda *parts: jnp.concatenate(parts) if len(parts) > 1 else parts[0],
                *[part for _, part, _ in found],
            )
    if states is None:
        return 0, init(members, data) if config.starts == 1 else _chosen(
            epoch, init, config.starts, members, data, clock
        )
    return done, parallel.pad(states, len(managers) * config.seeds, mesh)


def _chosen(epoch, init, starts, members, data, clock):
    """For each seed the state of least loss in the last third of its last epoch, of so many starts after TRIAL epochs of each."""
    keys, best, least = members.keys, None, np.full(len(members.keys), np.inf)
    own_keys = jax.jit(
        jax.vmap(lambda key, start: address(key, START, start), (0, None)),
        out_shardings=keys.sharding,
    )
    select = jax.jit(_select, out_shardings=keys.sharding)
    with (
        tqdm(
            total=starts * TRIAL,
            unit='epoch',
            desc='choosing among starts',
            disable=not parallel.first(),
        ) as bar,
        clock('train'),
    ):
        for start in range(starts):
            own = Members(own_keys(keys, start), members.numbers)
            states = init(own, data)
            for number in range(TRIAL):
                states, means, *_ = epoch(states, own, data, jnp.int32(number))
                bar.update()
            loss = np.array(means['loss'])
            loss = loss[:, -(loss.shape[1] // 3 + 1) :].mean(1)
            better = loss < least  # a loss that is no number never is
            best = states if best is None else select(better, states, best)
            least = np.where(better, loss, least)
    return best


def _select(choice, new, old):
    """Of each seed the new arrays where choice (S,) is true."""
    return jax.tree.map(
        lambda a, b: jnp.where(choice.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, old
    )
