"""What a run trains with, in words and numbers: versions, devices, parameters, seeds."""

import importlib.metadata
import platform

import jax
from jax.sharding import Mesh

from experiments.training.compiled_programs import Setup
from experiments.training.initial_state import InitialState
from jaxdl.train import Params


def describe_training(setup: Setup, start: InitialState, runs: int = 1) -> str:
    """A line on what is trained: devices, parameters, seeds, and where it goes on."""
    config = setup.config
    seeds = f'seeds {config.seed}..{config.seed + config.seeds - 1}'
    if runs > 1:
        seeds += f' of each of {runs} settings'
    parts = [
        describe_devices(setup.mesh),
        f'{count_parameters(start.states.params):,} parameters',
        seeds,
    ]
    if start.epoch:
        parts.append(f'going on after epoch {start.epoch}')
    return '; '.join(parts)


def describe_devices(mesh: Mesh) -> str:
    """The devices in words: '2 x cpu (cpu, 2 over seeds)'."""
    device = mesh.devices.flat[0]
    parts = [device.platform]
    for name, size in mesh.shape.items():
        if size > 1:
            parts.append(f'{size} over {name}')
    return f'{mesh.size} x {device.device_kind} ({", ".join(parts)})'


def count_parameters(params: Params) -> int:
    """The parameters of one model, of a population's params (S, ...)."""
    return sum(leaf.size // len(leaf) for leaf in jax.tree.leaves(params))


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide about numbers."""
    numeric_versions = {'python': platform.python_version()}
    for package in ('jax', 'jaxlib', 'flax', 'optax', 'numpy'):
        numeric_versions[package] = importlib.metadata.version(package)
    return numeric_versions
