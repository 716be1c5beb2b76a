"""run(config): the only place where data, model, training and checkpoints meet."""
import functools
import signal
import time
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from experiments import records, workdir
from experiments.cli import ASKED_TO_STOP
from experiments.programs import Clock, check_memory, like, mesh_of, programs
from experiments.tasks import TASKS
from jaxdl import __version__, checkpoint, parallel, plots
from jaxdl.train import START, address

GO_ON = 'the same command on all hosts goes on from the last finished epoch'
TRIAL = 3  # epochs that each of several starts is given
SNAPSHOTS = [digit * 10 ** power for power in range(6) for digit in (1, 2, 5)]  # epochs


def run(config, resume=True, say=print, seconds=()):
    """Trains, tests and writes the run of a Config, or goes on with it, or shows it if it is finished.

    say takes lines of text for the user; seconds is what the caller has spent already, by name.
    Of several hosts all must call this, with one folder that all see; the first one prints and writes.
    Returns (folder, results). Raises UserError for what the user can put right, and
    KeyboardInterrupt at the end of the epoch in which a signal came.
    """
    with parallel.together(GO_ON):
        mesh = mesh_of(config)
        say = say if parallel.first() else lambda line: None
        folder = workdir.check(config, resume)
        results = workdir.results_of(folder)
        if parallel.any_process(bool(results)) and resume:
            say(f'{folder} holds this run, finished; the same command with --noresume replaces it')
            return folder, results
        clock = Clock(seconds)
        with clock('data'):
            task = TASKS[config.task](config, say)
            data = parallel.replicate(task.data, mesh)
        if parallel.first():
            workdir.begin(folder, config, resume)
        parallel.wait('the folder is begun')
        results = _train_and_test(config, task, data, mesh, folder, clock, say)
        if parallel.first():
            workdir.write_json(folder / 'results.json', results)
        return folder, results


def _train_and_test(config, task, data, mesh, folder, clock, say):
    """The content of results.json."""
    functions = programs(config, task, clock, mesh)
    with workdir.Log(folder) as log:
        params = _train(config, task, functions, data, mesh, log, clock, say)
        with clock('evaluate'):
            tested, figures = task.test(functions[-1], params)
        last = log.records[-1]
        with clock('write'):
            names = sorted(last['train'], key='loss'.__ne__)
            curves = plots.curves(f'{config.task}, {config.describe()}', log.records, names, task.steps_per_epoch)
            log.draw({'curves': curves, **figures, **plots.layers(config.describe(), log.records)})
    return {'version': __version__, 'config': config.identity(), 'device': describe_devices(mesh),
            'parameters': count_parameters(params), **last, 'seconds': clock, 'tested': tested}


def describe_devices(mesh):
    sizes = ''.join(f', {size} over {name}' for name, size in mesh.shape.items() if size > 1)
    return f'{mesh.size} x {mesh.devices.flat[0].device_kind} ({mesh.devices.flat[0].platform}{sizes})'


def count_parameters(params):
    """Parameters of one model, of a population's params (S, ...)."""
    return sum(leaf.size // len(leaf) for leaf in jax.tree.leaves(params))


def _train(config, task, functions, data, mesh, log, clock, say):
    """The parameters (P, ...) after the last epoch, trained from the newest checkpoint or from the start."""
    keys, init, epoch_program, evaluate = functions
    total = config.steps or config.epochs * task.steps_per_epoch
    full, rest = divmod(total, task.steps_per_epoch)
    lengths = [task.steps_per_epoch] * full + [rest] * (rest > 0)
    epoch_of = {steps: epoch_program(steps) for steps in set(lengths)}
    check_memory(config, task, mesh, epoch_of[lengths[0]], init, keys, data)
    with clock('write'):
        manager = checkpoint.open_manager(log.folder / 'checkpoints', SNAPSHOTS if config.snapshots else ())
    with manager, parallel.together(GO_ON):
        done, states = _start(config, init, functools.partial(_chosen, epoch_of[lengths[0]]), keys, data, mesh, manager, clock, say)
        say(f'{describe_devices(mesh)}; {count_parameters(states.params):,} parameters; '
            f'seeds {config.seed}..{config.seed + config.seeds - 1}' + (f'; going on after epoch {done}' if done else ''))
        with clock('write'):
            log.start(done)
        with tqdm(total=total, initial=sum(lengths[:done]), unit='step', disable=not parallel.first()) as bar, _stop_at_epoch_end(bar):
            for epoch, steps in enumerate(lengths[done:], done):
                spent = clock.get('train', 0.)
                with clock('train'):
                    states, *found = epoch_of[steps](states, keys, data, jnp.int32(epoch))
                    means, probed, finite = jax.tree.map(lambda x: x[:config.seeds], jax.device_get(found))
                with clock('evaluate'):
                    held_out = {split: evaluate(states.params, examples)[0] for split, examples in task.held_out.items()}
                records.check_finite(config, epoch, sum(lengths[:epoch]), means['loss'], finite, held_out)
                with clock('write'):
                    lines = records.of_epoch(epoch + 1, sum(lengths[:epoch]), means, held_out, clock['train'] - spent)
                    log.write(records.statistics(epoch + 1, sum(lengths[:epoch]), config.statistics_every, probed) + lines)
                    judge = lines[-1].get('validation', lines[-1]['train'])
                    checkpoint.save(manager, epoch + 1, parallel.trim(states, config.seeds, mesh), config.identity(), judge['loss']['mean'])
                bar.set_postfix({name: records.show(summary) for name, summary in judge.items()})
                bar.update(steps)
                if parallel.any_process(ASKED_TO_STOP.is_set()):
                    raise KeyboardInterrupt
    return states.params


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


def _start(config, init, chosen, keys, data, mesh, manager, clock, say):
    """(epochs done, states): from the newest checkpoint that can be read, or from the start."""
    if manager.latest_step() is None:
        return 0, init(keys, data) if config.starts == 1 else chosen(init, config.starts, keys, data, clock)
    saved = like(init, keys, data, config.seeds, parallel.population_sharding(config.seeds, mesh))
    done, states, damaged = checkpoint.restore(manager, saved, parallel.any_process)
    if damaged:
        say(f'checkpoint {", ".join(map(str, damaged))} is damaged and cannot be read: using that of epoch {done}')
    return done, parallel.pad(states, config.seeds, mesh)


def _chosen(epoch, init, starts, keys, data, clock):
    """For each seed the state of least loss in the last third of its last epoch, of so many starts after TRIAL epochs of each."""
    best, least = None, np.full(len(keys), np.inf)
    own_keys = jax.jit(jax.vmap(lambda key, start: address(key, START, start), (0, None)), out_shardings=keys.sharding)
    select = jax.jit(_select, out_shardings=keys.sharding)
    with (tqdm(total=starts * TRIAL, unit='epoch', desc='choosing among starts', disable=not parallel.first()) as bar, clock('train')):
        for start in range(starts):
            own = own_keys(keys, start)
            states = init(own, data)
            for number in range(TRIAL):
                states, means, *_ = epoch(states, own, data, jnp.int32(number))
                bar.update()
            loss = np.array(means['loss'])
            loss = loss[:, -(loss.shape[1] // 3 + 1):].mean(1)
            better = loss < least  # a loss that is no number never is
            best = states if best is None else select(better, states, best)
            least = np.where(better, loss, least)
    return best


def _select(choice, new, old):
    """Of each seed the new arrays where choice (S,) is true."""
    return jax.tree.map(lambda a, b: jnp.where(choice.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, old)
