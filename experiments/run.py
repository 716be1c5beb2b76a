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
from experiments.tasks import TASKS
from jaxdl import __version__, checkpoint, plots
from jaxdl.train import START, address, init_state, make_epoch, make_evaluate, make_optimizer, make_step
from jaxdl.visualize.activations import dead, summary

TRIAL = 3  # epochs that each of several starts is given
SNAPSHOTS = [digit * 10 ** power for power in range(6) for digit in (1, 2, 5)]  # epochs
PROBED = 100  # held-out examples on which the statistics of the layers are taken


class Clock(dict):
    """Seconds by what they were spent on; a nested span is not counted in the outer one."""

    @contextmanager
    def __call__(self, what):
        start, known = time.perf_counter(), sum(self.values())
        yield
        nested = sum(self.values()) - known
        self[what] = self.get(what, 0.) + time.perf_counter() - start - nested

    def compile(self, function, **options):
        """jax.jit(function, **options), with the seconds of compilation told apart."""
        programs = {}

        def call(*args):
            shapes = tuple((x.shape, x.dtype) for x in jax.tree.leaves(args))
            if shapes not in programs:
                with self('compile'):
                    programs[shapes] = jax.jit(function, **options).lower(*args).compile()
            return programs[shapes](*args)
        return call


def run(config, resume=True, say=print, seconds=()):
    """Trains, tests and writes the run of a Config, or goes on with it, or shows it if it is finished.

    say takes lines of text for the user; seconds is what the caller has spent already, by name.
    Returns (folder, results). Raises UserError for what the user can put right, and
    KeyboardInterrupt at the end of the epoch in which a signal came.
    """
    folder = workdir.check(config, resume)
    results = workdir.results_of(folder)
    if results and resume:
        say(f'{folder} holds this run, finished; the same command with --noresume replaces it')
        return folder, results
    clock = Clock(seconds)
    with clock('data'):
        task = TASKS[config.task](config, say)
    workdir.begin(folder, config, resume)
    evaluate = make_evaluate(task.model, task.scores, task.prepare, clock.compile,
                             seeds_at_once=8 if task.vectorized else 1)
    with workdir.Log(folder) as log:
        params = _train(config, task, evaluate, log, clock, say)
        with clock('evaluate'):
            tested, figures = task.test(evaluate, params)
        last = log.records[-1]
        with clock('write'):
            names = sorted(last['train'], key='loss'.__ne__)
            curves = plots.curves(f'{config.task}, {config.describe()}', log.records, names, task.steps_per_epoch)
            log.draw({'curves': curves, **figures, **plots.layers(config.describe(), log.records)})
    results = {'version': __version__, 'config': config.identity(), 'device': describe_devices(),
               'parameters': count_parameters(params), 'seconds': clock, **last, 'tested': tested}
    workdir.write_json(folder / 'results.json', results)
    return folder, results


def describe_devices():
    devices = jax.devices()
    return f'{len(devices)} x {devices[0].device_kind} ({devices[0].platform})'


def count_parameters(params):
    """Parameters of one model, of a population's params (S, ...)."""
    return sum(leaf[0].size for leaf in jax.tree.leaves(params))


def programs(config, task, clock):
    """(keys, init, epoch): keys (S,) of the seeds; init(keys, data) -> states; epoch(steps) -> the program of that many steps."""
    optimizer = make_optimizer(config.optimizer, config.learning_rate, config.momentum, config.rmsprop_decay,
                               config.weight_decay)
    step = make_step(task.model, optimizer, task.scores, config.l2)

    def init(keys, data):
        batch = task.batches(data, keys[0], 0)(0)
        return jax.vmap(lambda key: init_state(task.model, optimizer, key, batch.inputs, batch.lengths))(keys)

    examples = next(iter(task.held_out.values()))
    inputs, _, lengths = jax.tree.map(lambda x: x[:PROBED], examples)

    def probe(params):
        _, layers = task.model.apply(params, task.prepare(inputs), lengths)
        return ({name: {**summary(values), 'dead': dead(values)} for name, values in layers.items()}
                | {name: summary(values) for name, values in params['params'].items()})

    def epoch(steps):
        return clock.compile(make_epoch(step, task.batches, steps, probe, config.statistics_every, task.vectorized),
                             donate_argnums=0)
    return jax.vmap(jax.random.key)(config.seed + jnp.arange(config.seeds)), init, epoch


def _train(config, task, evaluate, log, clock, say):
    """The parameters (S, ...) after the last epoch, trained from the newest checkpoint or from the start."""
    keys, init, epoch_program = programs(config, task, clock)
    total = config.steps or config.epochs * task.steps_per_epoch
    full, rest = divmod(total, task.steps_per_epoch)
    lengths = [task.steps_per_epoch] * full + [rest] * (rest > 0)
    epoch_of = {steps: epoch_program(steps) for steps in set(lengths)}
    with clock('write'):
        manager = checkpoint.open_manager(log.folder / 'checkpoints', SNAPSHOTS if config.snapshots else ())
    with manager:
        done, states = _start(config, init, functools.partial(_chosen, epoch_of[lengths[0]]), keys, task.data, manager, clock, say)
        say(f'{describe_devices()}; {count_parameters(states.params):,} parameters; '
            f'seeds {config.seed}..{config.seed + config.seeds - 1}' + (f'; going on after epoch {done}' if done else ''))
        with clock('write'):
            log.start(done)
        with tqdm(total=total, initial=sum(lengths[:done]), unit='step') as bar, _stop_at_epoch_end(bar):
            for epoch, steps in enumerate(lengths[done:], done):
                with clock('train'):
                    states, *found = epoch_of[steps](states, keys, task.data, jnp.int32(epoch))
                    means, probed = jax.device_get(found)
                with clock('evaluate'):
                    held_out = {split: evaluate(states.params, examples)[0] for split, examples in task.held_out.items()}
                records.check_finite(config, epoch, sum(lengths[:epoch]), means['loss'], states.params, held_out)
                with clock('write'):
                    lines = records.of_epoch(epoch + 1, sum(lengths[:epoch]), means, held_out)
                    log.write(records.statistics(epoch + 1, sum(lengths[:epoch]), config.statistics_every, probed) + lines)
                    judge = lines[-1].get('validation', lines[-1]['train'])
                    checkpoint.save(manager, epoch + 1, states, config.identity(), judge['loss']['mean'])
                bar.set_postfix({name: records.show(summary) for name, summary in judge.items()})
                bar.update(steps)
                if ASKED_TO_STOP.is_set():
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


def _start(config, init, chosen, keys, data, manager, clock, say):
    """(epochs done, states): from the newest checkpoint that can be read, or from the start."""
    if manager.latest_step() is None:
        init = clock.compile(init)
        return 0, init(keys, data) if config.starts == 1 else chosen(init, config.starts, keys, data, clock)
    done, states, damaged = checkpoint.restore(manager, jax.eval_shape(init, keys, data))
    if damaged:
        say(f'checkpoint {", ".join(map(str, damaged))} is damaged and cannot be read: using that of epoch {done}')
    return done, states


def _chosen(epoch, init, starts, keys, data, clock):
    """For each seed the state of least loss in the last third of its last epoch, of so many starts after TRIAL epochs of each."""
    best, least = None, np.full(len(keys), np.inf)
    with tqdm(total=starts * TRIAL, unit='epoch', desc='choosing among starts') as bar, clock('train'):
        for start in range(starts):
            own = jax.vmap(lambda key: address(key, START, start))(keys)
            states = init(own, data)
            for number in range(TRIAL):
                states, means, _ = epoch(states, own, data, jnp.int32(number))
                bar.update()
            loss = np.array(means['loss'])
            loss = loss[:, -(loss.shape[1] // 3 + 1):].mean(1)
            better = loss < least  # a loss that is no number never is
            best = states if best is None else jax.tree.map(
                lambda new, old: jnp.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old), states, best)
            least = np.where(better, loss, least)
    return best
