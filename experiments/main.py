"""Trains and tests one run: python -m experiments.main --task=binary_add --hidden=5."""

import dataclasses
import time
from collections.abc import Sequence

from experiments.core import defaults
from experiments.core.backend_settings import configure_backend
from experiments.core.command import run_command
from experiments.core.config import CHOICES, Config
from experiments.core.flag_groups import GROUPS
from experiments.core.flags import CACHE_FLAG, WHERE_AND_HOW, Flag, help_text, parse_flags
from experiments.core.own_machines import read_machine
from experiments.reports import presets

COMMAND_FLAGS = {
    'preset': Flag(
        '', 'id of a reported row, such as E-lstm128, whose settings become the defaults'
    ),
    'resume': Flag(True, 'go on with the run in workdir; --noresume replaces it'),
    'distributed': Flag(
        False,
        'one of several hosts that run this same command, with a --workdir that all see',
        group=WHERE_AND_HOW,
    ),
    **CACHE_FLAG,
    'help': Flag(False, 'show this, with the defaults of the --task or --preset given'),
}
STOPPED = 'stopped; the same command (without --noresume) goes on from the last finished epoch'
MEMORY = 'not enough memory; lower --seeds, --batch_size or --hidden'


def main(argv: Sequence[str]) -> None:
    """Trains the run that the flags describe, or goes on with it, and shows its results.

    Raises:
        UserError: What the user can put right.
    """
    started = time.perf_counter()
    settings = parse_flags(argv, {**config_flags(Config()), **COMMAND_FLAGS})
    options = {}
    for name, flag in COMMAND_FLAGS.items():
        options[name] = settings.pop(name, flag.default)
    # What is left in settings are fields of Config.
    base = base_config(options['preset'], settings)
    if options['help']:
        print(help_text({**config_flags(base), **COMMAND_FLAGS}, __doc__))
        return
    if 'machine' in settings:
        # A run keeps the machine itself, not the name of its file.
        settings['machine'] = read_machine(settings['machine'])
    config = dataclasses.replace(base, **settings)
    # JAX is imported only now, so that bad flags fail sooner.
    configure_backend(config, options['compilation_cache'])
    from experiments.training.held_proofs import read_held_proofs
    from experiments.training.results_text import results_text
    from experiments.training.run import run
    from jaxdl import parallel

    parallel.initialize_devices(config.mesh_axes(), options['distributed'])
    seconds = {'import': time.perf_counter() - started}
    folder, results = run(config, options['resume'], seconds=seconds)
    if parallel.is_first_process():
        print(results_text(folder, results, read_held_proofs(folder, config)))


def config_flags(base: Config) -> dict[str, Flag]:
    """A flag for every field of Config, with the values of `base` as defaults."""
    flags = {}
    help_of = {field.name: field.metadata['help'] for field in dataclasses.fields(Config)}
    for group, names in GROUPS.items():
        for name in names:
            help = help_of[name]
            if name in CHOICES:
                help += f' ({" | ".join(filter(None, CHOICES[name]))})'
            flags[name] = Flag(getattr(base, name), help, group=group)
    return flags


def base_config(preset: str, settings: dict[str, object]) -> Config:
    """The Config whose values are the defaults of the flags: that of a preset or of a task."""
    task = settings.get('task')
    if preset:
        return presets.preset(preset, task)
    return defaults.base(task, settings.get('dataset'))


if __name__ == '__main__':
    run_command(main, stopped=STOPPED, memory=MEMORY)
