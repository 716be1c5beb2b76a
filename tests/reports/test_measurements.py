"""What is measured of nets, on nets and states that were made by hand, and how claims read it."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cnn_examples import random_example
from made_up_results import adder_run, evidence, image_run, scores

from experiments.core.config import Config
from experiments.core.schemas.rows import MeasurementRow
from experiments.reports import catalogue
from experiments.reports.claims.table import ANSWERS
from experiments.reports.measurements import image_nets, recurrent_nets
from experiments.reports.measurements.net import Net
from experiments.reports.measurements.rows import ROWS_OF_QUANTITIES, measurements
from experiments.reports.measurements.take import QUANTITIES
from jaxdl.models.rnn import RNN
from jaxdl.train import Examples

pytestmark = pytest.mark.usefixtures('quick_compilation')
RANDOM = np.random.default_rng(0)
ACCURACIES = [0.91, 0.92, 0.93]


@pytest.mark.quick
def test_every_measurement_is_of_a_run_and_can_be_taken():
    assert ROWS_OF_QUANTITIES.keys() == QUANTITIES.keys()
    for measurement in measurements().values():
        assert measurement.row in catalogue.runs()
    assert catalogue.select('measure-carry-*') == [
        'measure-carry-D-add-mse-h1',
        'measure-carry-D-add-mse-h3',
        'measure-carry-D-add-mse-h5',
    ]


def net_of(model, inputs=None, targets=None, params=None, config=None, untrained=None):
    """A Net with test examples, whose inputs go to the model as they are."""
    task = SimpleNamespace(
        model=model,
        held_out={'test': Examples(inputs, targets, None)},
        prepare=lambda inputs: inputs,
    )
    return Net(config or Config(), task, params, untrained)


def states_model(to_states):
    """A model whose states are a function of its inputs."""

    def apply(params, inputs, lengths=None):
        return None, {'layer0': to_states(inputs)}

    return SimpleNamespace(apply=apply)


def carries_of(inputs):
    """The carry after each step by integers, hidden in a sum with a bit, beside that bit."""
    states = np.zeros(inputs.shape, np.float32)
    for i, sequence in enumerate(inputs.astype(int)):
        carry = 0
        for t, (a, b) in enumerate(sequence):
            carry = int(a + b + carry >= 2)
            states[i, t] = carry + 0.3 * a, a
    return states


@pytest.mark.quick
def test_the_carry_is_read_from_states_that_hold_it():
    def to_states(inputs):
        shape = jax.ShapeDtypeStruct(inputs.shape, jnp.float32)
        return jax.pure_callback(lambda inputs: carries_of(np.asarray(inputs)), shape, inputs)

    net = net_of(states_model(to_states), config=Config(max_length=6))
    assert recurrent_nets.readable_carry(net)['explained'] == pytest.approx(1, abs=1e-3)


@pytest.mark.quick
def test_the_bits_alone_hold_half_of_the_carry():
    """Where they differ, half of the cases, it is the carry before, which is a fair coin."""
    net = net_of(states_model(lambda inputs: inputs), config=Config(max_length=20))
    # The first carry is never set, so that the coin is fair from the second bit on.
    assert recurrent_nets.readable_carry(net)['explained'] == pytest.approx(0.5, abs=0.03)


@pytest.mark.quick
def test_rows_are_read_from_states_that_hold_them():
    images = RANDOM.integers(256, size=(400, 4, 3)).astype(np.uint8)

    def share(rows):
        def to_states(inputs):
            flat = jnp.asarray(inputs, jnp.float32)[:, rows].reshape(len(inputs), -1) / 255
            return jnp.broadcast_to(flat[:, None], (len(flat), 4, flat.shape[-1]))

        net = net_of(states_model(to_states), images)
        return recurrent_nets.readable_early_rows(net)['explained']

    assert share(slice(0, 2)) == pytest.approx(1, abs=0.02)
    assert share(slice(0, 1)) == pytest.approx(0.5, abs=0.05)
    assert share(slice(2, 4)) == pytest.approx(0, abs=0.1)


def test_a_gate_that_is_closed_changes_answers():
    """The right answers are those of the whole net, so that it has all of them."""
    inputs = RANDOM.normal(size=(300, 8, 3)).astype(np.float32)
    model = RNN(outputs=10, hidden=4, cell='lstm')
    params = jax.jit(model.init)(jax.random.key(0), inputs)
    answers = jax.jit(model.apply)(params, inputs)[0].argmax(-1)
    net = net_of(model, inputs, answers, params, Config(hidden=4))
    values = recurrent_nets.accuracy_with_closed_gate(net)
    assert values['whole'] == 1
    assert 0.1 < values['closed'] < 1


def image_net(images, labels=None, weights=None):
    """A small CNN with random weights, or with these of conv1, before and after a training."""
    example = random_example()
    params = example.params
    trained = {**params['params']}
    if weights is not None:
        trained['conv1_weight'] = weights
    return net_of(example.model, images, labels, params={'params': trained}, untrained={**params})


def test_filters_that_are_edges_or_planes_are_counted():
    rows, columns = np.mgrid[:5, :5]
    spot = (rows == 2) & (columns == 2)
    weights = np.stack([rows > 1, columns > 2, rows + columns, spot])[:, None].astype(float)
    values = image_nets.filter_fits(image_net(None, weights=jnp.array(weights)))
    # An edge across a plane explains more than half of it too.
    assert values['edge, trained'] == 0.75
    assert values['plane, trained'] == 0.75
    assert values['plane, untrained'] == 0


@pytest.mark.quick
def test_purity_is_that_of_the_images_that_a_search_finds():
    images = RANDOM.uniform(size=(60, 16, 16, 1))
    labels = RANDOM.integers(3, size=60)
    net = image_net(images, labels)
    values = image_nets.class_purities(net)
    _, layers = jax.jit(net.task.model.apply)(net.params, images)
    for layer in ('conv1', 'conv2'):
        purities = []
        for number in range(layers[layer].shape[-1]):
            maxima = np.asarray(layers[layer][..., number]).max((1, 2))
            top = np.argsort(-maxima)[:9]
            if maxima[top].min() > 0:
                purities.append(np.bincount(labels[top]).max() / 9)
        assert values[layer] == pytest.approx(np.mean(purities))


def test_the_ascent_reaches_the_best_corner_of_conv1_and_passes_noise():
    # Its pictures are white at 255, as those of a file.
    net = image_net(RANDOM.uniform(size=(50, 16, 16, 1)).astype(np.float32))
    task = net.task
    task.prepare = lambda pixels: pixels / 255
    task.held_out = {'test': Examples(255 * task.held_out['test'].inputs, None, None)}
    values = image_nets.ascended_units(net)
    assert values['conv1, beyond test images'] == 1
    assert values['conv2, beyond test images'] == 1
    assert 0.97 < values['conv1, of the possible'] <= 1 + 1e-6


@pytest.mark.slow
def test_projections_are_compared_with_the_gradient_by_autodiff():
    images = np.asarray(random_example().images, np.float32)
    net = image_net(images)
    values = image_nets.projection_likenesses(net)

    def half_the_square_of_pool2(images):
        _, layers = net.task.model.apply(net.params, images)
        return jnp.sum(layers['pool2'] ** 2) / 2

    gradient = np.asarray(jax.jit(jax.grad(half_the_square_of_pool2))(images))
    ruled = net.task.model.clone(rule='deconvnet')

    def half_the_square_by_the_rule(images):
        _, layers = ruled.apply(net.params, images)
        return jnp.sum(layers['pool2'] ** 2) / 2

    projection = np.asarray(jax.jit(jax.grad(half_the_square_by_the_rule))(images))
    for name, other in (('gradient, turned', gradient), ('image, turned, sharp', images)):
        expected = []
        for first, second in zip(projection, other, strict=True):
            expected.append(np.corrcoef(first.ravel(), second.ravel())[0, 1])
        assert values[name] == pytest.approx(np.mean(expected), abs=1e-3)
    assert values['gradient, turned'] > values['gradient, unturned']


def measured(**values):
    return MeasurementRow('1', {}, scores(**values))


@pytest.mark.quick
def test_more_units_hold_more_of_the_carry():
    test = ANSWERS['D-c24-adder-information']
    rows = {f'D-add-mse-h{units}': adder_run(ACCURACIES) for units in (1, 3, 5)}

    def answer(*values):
        taken = {}
        for row, of_row in zip(rows, values, strict=True):
            taken[f'measure-carry-{row}'] = measured(explained=of_row)
        return test.answer(evidence(measured=taken, **rows)).kind

    low, middle, high = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]
    assert answer(low, middle, high) == 'holds'
    assert answer(high, middle, low) == 'does not hold'


@pytest.mark.quick
def test_purities_are_compared_net_by_net():
    test = ANSWERS['A-c06-edges-to-objects']
    rows = {'A-cifar-base': image_run(ACCURACIES)}

    def answer(conv1, conv2):
        taken = {'measure-purity-A-cifar-base': measured(conv1=conv1, conv2=conv2)}
        return test.answer(evidence(measured=taken, **rows))

    # Each net gains five points, though the nets differ by more.
    gaining = answer([0.55, 0.65, 0.75], [0.6, 0.7, 0.8])
    assert gaining.kind == 'undecided'  # whether conv2 is above one half
    assert 'Parts that are undecided: 1 of 2.' in gaining.reason
    assert answer([0.55, 0.65, 0.75], [0.7, 0.8, 0.91]).kind == 'holds'
    assert answer([0.7, 0.8, 0.91], [0.55, 0.65, 0.75]).kind == 'does not hold'


@pytest.mark.quick
def test_a_claim_waits_for_its_measurement():
    answer = ANSWERS['A-c06-edges-to-objects'].answer(
        evidence(**{'A-cifar-base': image_run(ACCURACIES)})
    )
    assert answer == ('waiting', '', 'not measured yet: measure-purity-A-cifar-base')
