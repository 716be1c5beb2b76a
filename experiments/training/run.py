"""run(config), and population(configs): the only place where data, model, training and checkpoints meet."""

import importlib.metadata
import platform
import signal
from contextlib import ExitStack, contextmanager

import jax
import jax.numpy as jnp
from tqdm import tqdm

from experiments.training import epoch_metrics as records, initial_state as starts, workdir
from experiments.core.command import ASKED_TO_STOP
from experiments.training.programs import Clock, check_memory, mesh_of, programs
from experiments.core.tasks import TASKS
from jaxdl import __version__, checkpoint, parallel
from jaxdl.figures import base as plots

GO_ON = 'the same command on all hosts goes on from the last finished epoch'
SNAPSHOTS = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]  # epochs


def run(config, resume=True, say=print, seconds=()):
    """Trains, tests and writes the run of a Config, or goes on with it, or shows it if it is finished.

    say takes lines of text for the user; seconds is what the caller has spent already, by name.
    Of several hosts all must call this, with one folder that all see; the first one prints and writes.
    Returns (folder, results). Raises UserError for what the user can put right, and
    KeyboardInterrupt at the end of the epoch in which a signal came.
    """
    return population([config], resume, say, seconds)[0]


def population(configs, resume=True, say=print, seconds=()):
    """run of several Configs that differ in NUMBERS and in workdir alone, as one population: each has the folder that a run of it alone has.

    Those that are finished are left out of it, and those that were stopped at different epochs go on apart. Returns [(folder, results)].
    """
    with parallel.together(GO_ON):
        say = say if parallel.first() else lambda line: None
        folders = [workdir.check(config, resume) for config in configs]
        found = [workdir.results_of(folder) for folder in folders]
        todo = [
            i
            for i, results in enumerate(found)
            if not (parallel.any_process(bool(results)) and resume)
        ]
        for i in set(range(len(configs))) - set(todo):
            say(
                f'{folders[i]} holds this run, finished; the same command with --noresume replaces it'
            )
        at = [workdir.newest(folder) if resume else 0 for folder in folders]
        for together in [
            [i for i in todo if at[i] == epoch] for epoch in sorted({at[i] for i in todo})
        ]:
            trained = _train_and_test(
                [configs[i] for i in together],
                [folders[i] for i in together],
                resume,
                Clock(seconds),
                say,
            )
            for i, results in zip(together, trained):
                found[i] = results
                if parallel.first():
                    workdir.write_json(folders[i] / 'results.json', results)
        return list(zip(folders, found))


def _train_and_test(configs, folders, resume, clock, say):
    """The content of results.json of each."""
    config, mesh = configs[0], mesh_of(*configs)
    with clock('data'):
        task = TASKS[config.task](config, say)
        data = parallel.replicate(task.data, mesh)
    if parallel.first():
        for folder, one in zip(folders, configs):
            workdir.begin(folder, one, resume)
    parallel.wait('the folders are begun')
    functions = programs(config, task, clock, mesh, configs[1:])
    with ExitStack() as stack:
        logs = [stack.enter_context(workdir.Log(folder)) for folder in folders]
        states = _train(configs, task, functions, data, mesh, logs, clock, say)
        return [
            _test(
                one,
                task,
                functions[-1],
                parallel.part(states.params, i * one.seeds, one.seeds, mesh),
                mesh,
                log,
                clock,
            )
            for i, (one, log) in enumerate(zip(configs, logs))
        ]


def _test(config, task, evaluate, params, mesh, log, clock):
    """The content of results.json, of params (S, ...)."""

    def own(params, examples):
        return jax.tree.map(lambda x: x[: config.seeds], evaluate(params, examples))

    with clock('evaluate'):
        tested, figures = task.test(own, parallel.pad(params, config.seeds, mesh))
    last = log.records[-1]
    with clock('write'):
        names = sorted(last['train'], key='loss'.__ne__)
        curves = plots.curves(
            f'{config.task}, {config.describe()}', log.records, names, task.steps_per_epoch
        )
        log.draw({'curves': curves, **figures, **plots.layers(config.describe(), log.records)})
    return {
        'version': __version__,
        'versions': versions(),
        'config': config.identity(),
        'device': describe_devices(mesh),
        'parameters': count_parameters(params),
        **last,
        'seconds': dict(clock),
        'tested': tested,
    }


def versions():
    """Of Python and of the packages that decide about numbers."""
    return {
        'python': platform.python_version(),
        **{
            name: importlib.metadata.version(name)
            for name in ('jax', 'jaxlib', 'flax', 'optax', 'numpy')
        },
    }


def describe_devices(mesh):
    sizes = ''.join(f', {size} over {name}' for name, size in mesh.shape.items() if size > 1)
    return (
        f'{mesh.size} x {mesh.devices.flat[0].device_kind} ({mesh.devices.flat[0].platform}{sizes})'
    )


def count_parameters(params):
    """Parameters of one model, of a population's params (S, ...)."""
    return sum(leaf.size // len(leaf) for leaf in jax.tree.leaves(params))


def _train(configs, task, functions, data, mesh, logs, clock, say):
    """The states (P, ...) after the last epoch, trained from the newest checkpoint or from the start."""
    config, (members, init, epoch_program, evaluate) = configs[0], functions
    total = config.steps or config.epochs * task.steps_per_epoch
    full, rest = divmod(total, task.steps_per_epoch)
    lengths = [task.steps_per_epoch] * full + [rest] * (rest > 0)
    epoch_of = {steps: epoch_program(steps) for steps in set(lengths)}
    check_memory(config, task, mesh, epoch_of[lengths[0]], init, members, data, configs[1:])
    with ExitStack() as stack:
        with clock('write'):
            managers = [
                stack.enter_context(
                    checkpoint.open_manager(
                        log.folder / 'checkpoints', SNAPSHOTS if config.snapshots else ()
                    )
                )
                for log in logs
            ]
        stack.enter_context(parallel.together(GO_ON))
        done, states = starts.start(
            config, init, epoch_of[lengths[0]], members, data, mesh, managers, clock, say
        )
        say(
            f'{describe_devices(mesh)}; {count_parameters(states.params):,} parameters; '
            f'seeds {config.seed}..{config.seed + config.seeds - 1}'
            + f' of each of {len(configs)} settings' * (len(configs) > 1)
            + (f'; going on after epoch {done}' if done else '')
        )
        with clock('write'):
            for log in logs:
                log.start(done)
        with (
            tqdm(
                total=total, initial=sum(lengths[:done]), unit='step', disable=not parallel.first()
            ) as bar,
            _stop_at_epoch_end(bar),
        ):
            for epoch, steps in enumerate(lengths[done:], done):
                spent = clock.get('train', 0.0)
                with clock('train'):
                    states, *found = epoch_of[steps](states, members, data, jnp.int32(epoch))
                    found = jax.device_get(found)
                with clock('evaluate'):
                    held_out = {
                        split: evaluate(states.params, examples)[0]
                        for split, examples in task.held_out.items()
                    }
                seconds = (clock['train'] - spent) / len(configs)
                for i, one in enumerate(configs):
                    mine = slice(i * one.seeds, (i + 1) * one.seeds)
                    own, scores = jax.tree.map(lambda x: x[mine], (found, held_out))
                    with clock('write'):
                        judge = _write(
                            one, epoch, sum(lengths[:epoch]), own, scores, seconds, logs[i]
                        )
                        checkpoint.save(
                            managers[i],
                            epoch + 1,
                            parallel.part(states, mine.start, one.seeds, mesh),
                            one.identity(),
                            judge['loss']['mean'],
                        )
                bar.set_postfix({name: records.show(summary) for name, summary in judge.items()})
                bar.update(steps)
                if parallel.any_process(ASKED_TO_STOP.is_set()):
                    raise KeyboardInterrupt
    return states


def _write(config, epoch, start, found, scores, seconds, log):
    """Writes an epoch's records; returns the summaries that say how good it was. Raises Diverged."""
    means, probed, finite = found
    records.check_finite(config, epoch, start, means['loss'], finite, scores)
    lines = records.of_epoch(epoch + 1, start, means, scores, seconds)
    log.write(records.statistics(epoch + 1, start, config.statistics_every, probed) + lines)
    return lines[-1].get('validation', lines[-1]['train'])


@contextmanager
def _stop_at_epoch_end(bar):
    """The first Ctrl-C or SIGTERM only sets ASKED_TO_STOP, so that no file is left half-written; the second stops at once."""

    def ask(signum, frame):
        if ASKED_TO_STOP.is_set():
            raise KeyboardInterrupt
        ASKED_TO_STOP.set()
        bar.set_description('stopping after this epoch')

    handlers = {signum: signal.signal(signum, ask) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in handlers.items():
            signal.signal(signum, handler)
