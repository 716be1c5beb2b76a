"""The two figures of a population's proofs: a net's states with the sets that hold them, and accuracy at great lengths."""

import jax
import numpy as np

from jaxdl.figures import base as plots
from jaxdl.metrics import interval
from jaxdl.verify import falsify as refute, search

LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]


def sets(config, machine, seed, net, found, labels):
    """The states that a proved net reaches, in two principal directions, and its sets around them; arrows are an adder's steps."""
    numbers = np.asarray(jax.random.randint(jax.random.key(seed), (40, 60), 0, len(machine.inputs)))
    states = np.asarray(search.simulate(config.cell, net, np.array(machine.inputs)[numbers])[0])[
        ..., : config.hidden
    ]  # h
    memories = np.zeros((40, 61), int)
    for t in range(60):
        memories[:, t + 1] = np.array(machine.next)[memories[:, t], numbers[:, t]]
    if config.task == 'binary_add':
        names = ['carry 0', 'carry 1']
        arrows = {
            (memory, x): f'{a}+{b}' for memory in (0, 1) for x, (a, b) in enumerate(machine.inputs)
        }
    else:
        names = [f'{m} read' for m in range(config.k)] + [f'holds {d}' for d in range(10)]
        arrows = {}
    # the shadow on h of a set of h and c is that of its edges
    return plots.proved_sets(
        f'{config.cell} of {config.hidden} units, seed {seed}: states h, and the sets that hold them for ever',
        states,
        memories[:, 1:],
        numbers,
        found.centre[:, : config.hidden],
        found.edges[:, : config.hidden],
        labels.memory,
        names,
        arrows,
    )


def accuracy(config, machine, params, results, proved):
    """Share of long structured strings that proved nets have right, and the nets as trained, by what is known of those."""
    groups = {'proved nets': jax.tree.map(lambda *leaves: np.stack(leaves), *proved)}
    for verdict, name in (('refuted', 'refuted'), ('unknown', 'no error known')):
        rows = np.array(
            [i for i, row in enumerate(results.values()) if row['verdict'] == verdict], int
        )
        if len(rows):
            groups[f'as trained, {name}'] = jax.tree.map(lambda leaf: leaf[rows], params)
    table = {}
    for name, nets in groups.items():
        shares = refute.right_up_to(
            config.cell, machine, nets, jax.random.key(config.seed + 1), LENGTHS
        )
        table[f'{name} ({len(shares)})'] = {'lengths': LENGTHS, 'exact_match': interval(shares)}
    return plots.accuracy_by_length(
        f'{config.cell}, {config.hidden} units: strings of random runs',
        'steps',
        table,
        config.max_length,
    )
