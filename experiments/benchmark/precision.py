"""What coarser products do to a net, simulated: a GPU's TF32 and a TPU's bfloat16.

Both round the operands of every product of float32 numbers, and add up in float32. A CPU has no
such products, so the operands are rounded here before the product is taken. Nets are trained and
tested so, and nets that were trained in float32 are tested so.

`python -m experiments.benchmark.precision` prints the table.
"""

import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, jaxpr_as_fun
from jax.extend.core.primitives import conv_general_dilated_p, dot_general_p

from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS
from experiments.core.schemas.final_tests import AdderTest, FinalTest
from experiments.core.tasks import make_task, say_nothing
from experiments.training import finished_run
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs
from experiments.training.run import run
from jaxdl import backend
from jaxdl.metrics import Summary
from jaxdl.models import recurrence
from jaxdl.verify import search
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.bound_propagation import AffineForm, step
from jaxdl.verify.certify import certify
from jaxdl.verify.falsify import falsify
from jaxdl.verify.reached import reached
from jaxdl.verify.set_graph import set_graph
from jaxdl.verify.simulation import simulate

PRODUCTS = (dot_general_p, conv_general_dilated_p)
EXPONENT_BITS = 8  # of float32, TF32 and bfloat16
MANTISSA_BITS = {'float32': 23, 'TF32': 10, 'bfloat16': 7}
ADDER_SEEDS = 32
ADDER_CONFIG = replace(TASK_DEFAULTS['binary_add'], seeds=ADDER_SEEDS)
# Short, so that all takes some minutes on two cores.
CONFIGS = {
    'adder, LSTM-5': ADDER_CONFIG,
    'MNIST rows, LSTM-128': replace(
        TASK_DEFAULTS['mnist_rnn'], epochs=2, seeds=3, train_size=20_000
    ),
    'CIFAR-10, LeNet': replace(
        TASK_DEFAULTS['cifar_cnn'],
        epochs=3,
        seeds=2,
        train_size=10_000,
        statistics_every=0,
        snapshots=False,
    ),
}
NO_SUMS = 'adder, LSTM-5, all products'  # none is written out as a sum
PROVABLE = replace(ADDER_CONFIG, state_noise=0.1)


@dataclass(frozen=True)
class PrecisionRow:
    """A net whose products are rounded in one way.

    Attributes:
        net: Its name.
        products: 'float32', 'TF32' or 'bfloat16'.
        trained: The score, from 0 to 1, of nets that are trained and tested so: the accuracy on
            test images, or the share of sums that are right.
        tested: The score of the nets that were trained in float32, tested so.
        trained_wrong: Of the nets that are trained so, how many get a sum of up to 1,000 bits
            wrong; None for images.
        tested_wrong: Of the nets that were trained in float32.
    """

    net: str
    products: str
    trained: Summary
    tested: Summary
    trained_wrong: int | None = None
    tested_wrong: int | None = None


@dataclass(frozen=True)
class ProofRow:
    """Adders that are proved, under products rounded in one way.

    Attributes:
        products: 'float32', 'TF32' or 'bfloat16'.
        nets: How many are proved.
        step_error: The largest error of a number of the state in one step, over all of them.
        covered: Of how many nets the error of a step is below the slack of the proof.
        falsified: How many get a sequence wrong.
    """

    products: str
    nets: int
    step_error: float
    covered: int
    falsified: int


@contextmanager
def rounded_products(mantissa_bits: int) -> Iterator[None]:
    """Functions that are jitted meanwhile round the operands of their products.

    Those of modules that were jitted at import are left alone; none of ours has a product.
    """
    jit = jax.jit

    def rounding_jit(function, **options):
        @functools.wraps(function)
        def rounded(*args, **kwargs):
            trace = jax.make_jaxpr(function, return_shape=True)
            program, results = trace(*args, **kwargs)
            compute = jaxpr_as_fun(_with_rounding(program, mantissa_bits))
            leaves = compute(*jax.tree.leaves((args, kwargs)))
            return jax.tree.unflatten(jax.tree.structure(results), leaves)

        return jit(rounded, **options)

    with mock.patch.object(jax, 'jit', rounding_jit):
        yield


def _with_rounding(value: Any, mantissa_bits: int) -> Any:
    """A program, or a parameter of an operation, in which all products are rounded."""
    if isinstance(value, ClosedJaxpr):
        return value.replace(jaxpr=_with_rounding(value.jaxpr, mantissa_bits))
    if isinstance(value, Jaxpr):
        equations = [_round_equation(equation, mantissa_bits) for equation in value.eqns]
        return value.replace(eqns=equations)
    # The branches of a conditional. Named tuples hold no programs.
    if type(value) is tuple:
        return tuple(_with_rounding(part, mantissa_bits) for part in value)
    return value


def _round_equation(equation: JaxprEqn, mantissa_bits: int) -> JaxprEqn:
    if equation.primitive not in PRODUCTS:
        params = {}
        for name, value in equation.params.items():
            params[name] = _with_rounding(value, mantissa_bits)
        return equation.replace(params=params)

    def product(*operands):
        rounded = [lax.reduce_precision(x, EXPONENT_BITS, mantissa_bits) for x in operands]
        return equation.primitive.bind(*rounded, **equation.params)

    shapes = [jax.ShapeDtypeStruct(x.aval.shape, x.aval.dtype) for x in equation.invars]
    # A call of one function takes the place of the product.
    call = jax.make_jaxpr(_JIT(product))(*shapes).eqns[0]
    return call.replace(invars=equation.invars, outvars=equation.outvars)


_JIT = jax.jit  # as it is outside rounded_products


def measure_precision(
    data_dir: str,
    configs: dict[str, Config] | None = None,
    notify: Callable[[str], None] = print,
) -> list[PrecisionRow]:
    """Trains and tests nets with products of each precision.

    Args:
        data_dir: The folder of the image data.
        configs: Of the nets, by name; by default CONFIGS.
        notify: Takes a line of text for the user.
    """
    rows = []
    for name, config in (configs or CONFIGS).items():
        config = replace(config, data_dir=data_dir)
        rows += _measure_net(name, config, notify)
        if config.task == 'binary_add':
            # Products with small matrices are written out as sums, which no device rounds.
            with mock.patch.object(recurrence, 'LARGEST_EXPANDED_MATRIX', 0):
                rows += _measure_net(NO_SUMS, config, notify)
    return rows


def _measure_net(name, config, notify):
    rows = []
    float32_params = None
    for products in MANTISSA_BITS:
        with tempfile.TemporaryDirectory() as folder, _products(products):
            config = replace(config, workdir=str(Path(folder) / 'run'))
            trained = run(config, notify=say_nothing).results.final_test
            if float32_params is None:
                population = finished_run.load_population(
                    Path(config.workdir), (config.task,), config.data_dir, say_nothing
                )
                float32_params = population.params_at(population.epochs[-1])
            tested = _final_test(config, float32_params)
        row = PrecisionRow(
            name,
            products,
            _score(trained),
            _score(tested),
            _count_wrong(trained),
            _count_wrong(tested),
        )
        notify(f'{name}, {products}: done')
        rows.append(row)
    return rows


def _products(products):
    """The context in which products are taken so."""
    if products == 'float32':
        return nullcontext()
    return rounded_products(MANTISSA_BITS[products])


def _final_test(config: Config, params: Any) -> FinalTest:
    """The final test of nets (S, ...)."""
    task = make_task(config, say_nothing)
    programs = make_programs(config, task, make_mesh(config), Clock())
    return task.final_test(programs.evaluate, params).results


def _score(test: FinalTest) -> Summary:
    if isinstance(test, AdderTest):
        return test.exact_match
    return test.accuracy


def _count_wrong(test: FinalTest) -> int | None:
    if not isinstance(test, AdderTest):
        return None
    return sum(verdict.verdict == 'falsified' for verdict in test.verdicts.values())


def measure_proofs(config: Config = PROVABLE, steps: int = search.STEPS) -> list[ProofRow]:
    """Proves adders in float32, and looks at them under products of each precision.

    Args:
        config: Of the adders, of one layer and direction.
        steps: Of the search, at most.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = replace(config, workdir=str(Path(folder) / 'run'))
        run(config, notify=say_nothing)
        population = finished_run.load_population(
            Path(config.workdir), (config.task,), notify=say_nothing
        )
        params = population.params_at(population.epochs[-1])['params']
    nets, slacks = _prove(config, params, steps)
    key = jax.random.key(config.seed)
    # All random sequences of an adder's symbols (512, 40, 2).
    symbols = jax.random.randint(key, (512, 40), 0, len(ADDER.symbols))
    vectors = jnp.array(ADDER.symbols, float)[symbols]
    exact = _steps(config.cell, nets, vectors)
    rows = []
    for products in MANTISSA_BITS:
        with _products(products):
            errors = np.abs(_steps(config.cell, nets, vectors) - exact).max((1, 2, 3))
            counterexamples = falsify(config.cell, ADDER, nets, key)
        falsified = sum(counterexample is not None for counterexample in counterexamples)
        covered = int((errors < slacks).sum())
        rows.append(ProofRow(products, len(slacks), float(errors.max()), covered, falsified))
    return rows


def _prove(config, params, steps):
    """(the parameters of the nets that are proved (S, ...), their slacks (S,))."""
    graph = set_graph(ADDER, history=1)

    def find(params, key):
        boxes = reached(config.cell, params, graph, ADDER, key)
        return search.search(config.cell, params, boxes, graph, ADDER, fine_tune=True, steps=steps)

    keys = jax.vmap(jax.random.key)(config.seed + np.arange(config.seeds))
    candidates = jax.device_get(jax.jit(jax.vmap(find))(params, keys))
    nets, slacks = [], []
    for place in range(config.seeds):
        candidate = jax.tree.map(lambda leaf, place=place: leaf[place], candidates)
        proof = certify(ADDER, config.cell, candidate, graph)
        if proof is not None:
            nets.append(proof.params)
            slacks.append(proof.result.slack)
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *nets), np.array(slacks)


def _steps(cell, nets, vectors):
    """The states after a step from those that nets reach in float32: (S, N, T, n)."""
    states = _JIT(jax.vmap(lambda net: simulate(cell, net, vectors).states))(nets)
    # The state before each step; at first it is zero.
    before = jnp.pad(states[:, :, :-1], ((0, 0), (0, 0), (1, 0), (0, 0)))

    def one_step(net, state, vector):
        point = AffineForm(state, jnp.zeros((len(state), 0)), jnp.zeros(len(state)))
        return step(cell, net, point, vector).centre

    over_steps = jax.vmap(one_step, (None, 0, 0))
    over_sequences = jax.vmap(over_steps, (None, 0, 0))
    over_nets = jax.vmap(over_sequences, (0, 0, None))
    return np.asarray(jax.jit(over_nets)(nets, before, vectors))


def precision_table(rows: Sequence[PrecisionRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        '| net | products | trained and tested so | nets with a wrong sum '
        '| trained in float32, tested so | nets with a wrong sum |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    for row in rows:
        cells = [
            row.net,
            row.products,
            _percent(row.trained),
            _count(row.trained_wrong),
            _percent(row.tested),
            _count(row.tested_wrong),
        ]
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def _percent(summary):
    if summary.ci95 is None:
        return f'{100 * summary.mean:.2f} %'
    return f'{100 * summary.mean:.2f} ± {100 * summary.ci95:.2f} %'


def _count(number):
    return '' if number is None else str(number)


def proof_table(rows: Sequence[ProofRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        '| products | proved adders | largest error of a step | below the slack | falsified |',
        '| --- | --- | --- | --- | --- |',
    ]
    for row in rows:
        lines.append(
            f'| {row.products} | {row.nets} | {row.step_error:.1e} | {row.covered} '
            f'| {row.falsified} |'
        )
    return '\n'.join(lines) + '\n'


def main() -> None:
    """Prints both tables."""
    backend.configure(small_loops=True, compilation_cache=True)
    print(proof_table(measure_proofs()))
    print(precision_table(measure_precision(Config.data_dir)))


if __name__ == '__main__':
    main()
