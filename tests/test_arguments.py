"""What public functions say to arguments of the wrong shape, type or name."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from jaxdl import UserError, backend, checkpoint, metrics, train
from jaxdl.arguments import require_range, require_shape
from jaxdl.data import images, sequences
from jaxdl.models.cnn import CNN
from jaxdl.models.rnn import RNN
from jaxdl.verify import automaton_arrays, certify, falsify, reached, search, set_graph, set_images
from jaxdl.verify.automaton import ADDER
from jaxdl.visualize import deconvnet, maximize, occlusion, top_units

KEY = jax.random.key(0)
SEQUENCES = jnp.zeros((4, 9, 2))
LENGTHS = jnp.full(4, 9)
BITS = jnp.zeros((4, 9))
IMAGES = np.zeros((5, 8, 8, 1), np.float32)
ADDING = RNN(outputs=1, hidden=3, every_step=True)
LENET = CNN(shape=(8, 8, 1), maps=(2, 3), hidden=4)
ADAM = train.make_optimizer(train.OptimizerSettings('adam', 0.01))


@functools.cache
def adder_params():
    return ADDING.init(KEY, SEQUENCES, LENGTHS)


@functools.cache
def lenet_params():
    return LENET.init(KEY, IMAGES)


def refused(call):
    """The message of the UserError that a call ends with."""
    with pytest.raises(UserError) as error:
        call()
    assert '\n' not in str(error.value)
    return str(error.value)


def run_net(inputs=SEQUENCES, lengths=LENGTHS, **fields):
    return lambda: RNN(**{'outputs': 1, 'hidden': 3, **fields}).init(KEY, inputs, lengths)


@pytest.mark.quick
@pytest.mark.parametrize(
    'call, message',
    [
        (run_net(SEQUENCES[0]), 'inputs must have the shape (N, T, D), not (9, 2)'),
        (run_net(SEQUENCES.astype(int)), 'inputs must be floating point numbers, not int32'),
        (run_net(lengths=LENGTHS[:2]), 'lengths must have the shape (4,), not (2,)'),
        (run_net(lengths=LENGTHS * 1.0), 'lengths must be integers, not float32'),
        (run_net(lengths=[9, 9, 9, 9]), 'lengths must be an array, not of type list'),
        (run_net(lengths=LENGTHS + 5), 'lengths must be from 1 to 9, not 14'),
        (run_net(lengths=LENGTHS * 0), 'lengths must be from 1 to 9, not 0'),
        (run_net(hidden=0), 'hidden=0 must be 1 at least'),
        (run_net(cell='ltsm'), "the cell 'ltsm' is unknown (did you mean lstm?); choose one of"),
        (run_net(activation='tahn'), "the activation 'tahn' is unknown (did you mean tanh?); "),
        (run_net(initializer='xavier'), "the initializer 'xavier' is unknown; choose one of torch"),
        (run_net(head_initializer='x'), "the initializer 'x' is unknown; choose one of torch"),
    ],
)
def test_recurrent_nets(call, message):
    assert refused(call).startswith(message)


@pytest.mark.quick
@pytest.mark.parametrize(
    'net, pictures, message',
    [
        (LENET, IMAGES[0], 'images must have the shape (N, 8, 8, 1), not (8, 8, 1)'),
        (LENET, IMAGES[:, :4], 'images must have the shape (N, 8, 8, 1), not (5, 4, 8, 1)'),
        (LENET, IMAGES.astype(np.uint8), 'images must be floating point numbers, not uint8'),
        (LENET.clone(shape=(8, 10, 1)), IMAGES, 'shape=(8, 10, 1): height and width must be'),
        (LENET.clone(activation='relo'), IMAGES, "the activation 'relo' is unknown (did you mean"),
        (LENET.clone(rule='guide'), IMAGES, "the backward rule 'guide' is unknown (did you mean"),
        (LENET.clone(initializer='he'), IMAGES, "the initializer 'he' is unknown; choose one of"),
    ],
)
def test_convolutional_nets(net, pictures, message):
    assert refused(lambda: net.init(KEY, pictures)).startswith(message)


class WithoutRule(nn.Module):
    @nn.compact
    def __call__(self, pictures):
        values = nn.Conv(3, (3, 3))(pictures)
        return values.mean((1, 2)), {'conv': values}


def look(layer='conv2', signal=deconvnet.all_maps, pictures=IMAGES, rule='deconvnet'):
    return deconvnet.project(LENET, lenet_params(), pictures, layer, signal, rule)


@pytest.mark.quick
@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: look('conv3'), "the layer 'conv3' is unknown (did you mean conv2 or conv1?); "),
        (
            lambda: look(pictures=IMAGES[0]),
            'images must have the shape (N, H, W, C), not (8, 8, 1)',
        ),
        (lambda: look(pictures=IMAGES.astype(np.uint8)), 'images must be floating point numbers'),
        (lambda: look(rule='guide'), "the backward rule 'guide' is unknown (did you mean guided?)"),
        (
            lambda: look(signal=deconvnet.one_map(3)),
            'the number of a map must be from 0 to 2, not 3',
        ),
        (
            lambda: look(signal=lambda values: values[:1]),
            'the signal must have the shape (5, 4, 4, 3), not (1, 4, 4, 3)',
        ),
        (
            lambda: look('head', deconvnet.one_hot_labels(np.zeros(2, int))),
            'the signal must have the shape (5, 10), not (2, 10)',
        ),
        (
            lambda: deconvnet.strongest_maps(LENET, lenet_params(), IMAGES, 'conv2'),
            'count must be from 1 to 3, not 9',
        ),
        (
            lambda: deconvnet.project(WithoutRule(), {}, IMAGES, 'conv'),
            'WithoutRule needs a field `rule: str`',
        ),
        (
            lambda: top_units.strongest_units(LENET, lenet_params(), IMAGES, 'conv2'),
            'count must be from 1 to 5, not 9',
        ),
        (
            lambda: top_units.strongest_units(LENET, lenet_params(), IMAGES, 'conv3', 2),
            "the layer 'conv3' is unknown (did you mean conv2 or conv1?); choose one of",
        ),
        (
            lambda: top_units.strongest_units(LENET, lenet_params(), IMAGES, 'dense', 2),
            "the values of the layer 'dense' must have the shape (N, h, w, K), not (5, 4)",
        ),
        (
            lambda: top_units.receptive_fields(LENET, IMAGES, 'conv3', None),
            "the layer 'conv3' is unknown (did you mean conv2 or conv1?); choose one of",
        ),
        (
            lambda: occlusion.occlude(LENET, None, IMAGES, occlusion.windows(8, 2), 0),
            'image must have the shape (H, W, C), not (5, 8, 8, 1)',
        ),
        (
            lambda: occlusion.occlude(LENET, None, IMAGES[0], occlusion.windows(6, 2), 0),
            'masks must have the shape (P, 8, 8), not (25, 6, 6)',
        ),
    ],
)
def test_looks_into_nets(call, message):
    assert refused(call).startswith(message)


@pytest.mark.quick
@pytest.mark.parametrize(
    'objective, message',
    [
        (maximize.units('conv3', [0]), "the layer 'conv3' is unknown (did you mean conv2 or"),
        (maximize.units('conv2', [3]), 'the number of a unit must be from 0 to 2, not 3'),
        (maximize.units('conv2', [0, 1]), 'the numbers of the units must have the shape (1,), not'),
        (maximize.maps('dense', [0]), "the values of the layer 'dense' must have the shape"),
    ],
)
def test_maximization(objective, message):
    def call():
        maximize.maximize(LENET, lenet_params(), objective, KEY, count=1, steps=1)

    assert refused(call).startswith(message)


@pytest.mark.quick
@pytest.mark.parametrize(
    'call, message',
    [
        (
            lambda: metrics.bit_sequence(BITS[..., None], BITS[0], LENGTHS),
            'targets must have the shape (N, T), not (9,)',
        ),
        (
            lambda: metrics.bit_sequence(BITS, BITS, LENGTHS),
            'logits must have the shape (4, 9, 1), not (4, 9)',
        ),
        (
            lambda: metrics.bit_sequence(BITS[..., None], BITS, None),
            'lengths must have the shape (4,), not None',
        ),
        (
            lambda: metrics.bit_sequence(BITS[..., None], BITS, LENGTHS, 'mae'),
            "the loss 'mae' is unknown; choose one of cross_entropy, mse",
        ),
        (
            lambda: metrics.classification(BITS, BITS.astype(int)),
            'labels must have the shape (4,), not (4, 9)',
        ),
        (
            lambda: metrics.classification(BITS, BITS[:, 0]),
            'labels must be integers, not float32',
        ),
        (
            lambda: metrics.classification(BITS, LENGTHS, loss='mse_'),
            "the loss 'mse_' is unknown (did you mean mse?); choose one of cross_entropy, mse",
        ),
        (
            lambda: metrics.answer_sequence(BITS, BITS, LENGTHS),
            'logits must have the shape (4, 9, K), not (4, 9)',
        ),
        (
            lambda: metrics.summarize(np.zeros((3, 2))),
            'values must have the shape (S,), not (3, 2)',
        ),
        (lambda: metrics.summarize([]), 'a summary needs the values of one seed at least'),
        (lambda: metrics.summarize_each([1.0]), 'values must have the shape (S, n), not (1,)'),
    ],
)
def test_scores(call, message):
    assert refused(call) == message


@pytest.mark.quick
@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: sequences.binary_add(KEY, LENGTHS, 8), 'lengths must be from 0 to 8, not 9'),
        (lambda: sequences.binary_add(KEY, 9, 9), 'lengths must have the shape (n,), not ()'),
        (lambda: sequences.binary_add(KEY, BITS[0], 9), 'lengths must be integers, not float32'),
        (lambda: sequences.recall(KEY, LENGTHS, 9, 10), 'k=10 must be from 1 to the number of'),
        (lambda: sequences.recall(KEY, LENGTHS - 8, 9, 2), 'lengths must be from 2 to 9, not 1'),
        (
            lambda: sequences.encode_sum(np.zeros((4, 9), int), np.zeros((4, 8), int), LENGTHS),
            'b must have the shape (4, 9), not (4, 8)',
        ),
        (
            lambda: sequences.encode_sum(np.full((4, 9), 2), np.zeros((4, 9), int), LENGTHS),
            'the bits of a must be from 0 to 1, not 2',
        ),
        (
            lambda: sequences.uniform_lengths(KEY, 4, 5, 3),
            'low=5 must not be greater than high=3',
        ),
        (lambda: images.load('minst', ''), "the data set 'minst' is unknown (did you mean mnist?)"),
        (
            lambda: backend.configure(precision='hig'),
            "the precision 'hig' is unknown (did you mean",
        ),
    ],
)
def test_data(call, message):
    assert refused(call).startswith(message)


def population_of(count):
    keys = jax.vmap(jax.random.key)(np.arange(count))
    states = jax.vmap(lambda key: train.init_state(ADDING, ADAM, key, SEQUENCES, LENGTHS))(keys)
    return states, train.Population(keys, {})


def batches(data, key, epoch):
    return lambda step: train.Batch(SEQUENCES, BITS, LENGTHS, jnp.ones(4))


@pytest.mark.quick
def test_training():
    step = train.make_step(ADDING, ADAM, metrics.bit_sequence)
    states, population = population_of(2)
    state = jax.tree.map(lambda leaf: leaf[0], states)
    batch = train.Batch(SEQUENCES, BITS, LENGTHS, weights=jnp.ones(3))
    assert refused(lambda: step(state, batch, KEY)) == (
        'the weights of a batch must have the shape (4,), not (3,)'
    )
    settings = train.OptimizerSettings('adamw', 0.1)
    assert "the optimizer 'adamw' is unknown (did you mean adam?)" in refused(
        lambda: train.make_optimizer(settings)
    )
    assert 'statistics_every=2 needs layer_statistics' in refused(
        lambda: train.make_epoch(step, batches, 3, statistics_every=2)
    )
    train_epoch = train.make_epoch(step, batches, 3)
    assert refused(lambda: train_epoch(state, population, None, 0)) == (
        "states.params['params']['bias_hh_l0'] must have a first axis of 2, not the shape (12,)"
    )
    one_key = population._replace(keys=KEY)
    assert refused(lambda: train_epoch(state, one_key, None, 0)) == (
        'population.keys must have the shape (S,), not ()'
    )
    one_rate = population._replace(hyperparameters={'l2': jnp.zeros(3)})
    assert refused(lambda: train_epoch(states, one_rate, None, 0)) == (
        "population.hyperparameters['l2'] must have a first axis of 2, not the shape (3,)"
    )


WRONG_TABLES = [
    ({'next_state': ((0, 0, 0), (0, 1, 1, 1))}, 'next_state[0] must have an entry for each of the'),
    ({'next_state': ((0, 0, 0, 2), (0, 1, 1, 1))}, 'next_state[0][3] is 2; states are 0 to 1'),
    ({'answer': ((0, 1, 1, 0),)}, 'next_state and answer must have a row for each state; they'),
    ({'answer': ((0, 1, 1, 0), (1, 0, 0))}, 'answer[1] must have an entry for each of the 4'),
    ({'answer': ((0, 1, 1, 2), (1, 0, 0, 1))}, 'answer[0][3] is 2; with outputs=1 answers are 0'),
    ({'answer': ((None,) * 4,) * 2}, 'the automaton asks for no answer: all its answers are None'),
    ({'symbols': ((0, 0), (0, 1), (1, 0), (0, 0))}, 'two symbols of the automaton have the same'),
    ({'symbols': ((0, 0), (0, 1), (1, 0), (1,))}, 'symbols[3] is (1,); symbols are vectors of 0'),
    ({'symbols': ((0, 0), (0, 1), (1, 0), (2, 0))}, 'symbols[3] is (2, 0); symbols are vectors'),
    ({'symbols': ()}, 'the automaton has no symbols'),
]


@pytest.mark.quick
@pytest.mark.parametrize('changes, message', WRONG_TABLES)
def test_automata_whose_tables_are_not_whole(changes, message):
    automaton = ADDER._replace(**changes)
    words = np.zeros((1, 2), int)
    for call in (
        lambda: set_graph.set_graph(automaton),
        lambda: automaton_arrays.run(automaton, words),
        lambda: set_images.make_set_images('lstm', 3, automaton, 1, 0.0),
        lambda: falsify.falsify('lstm', automaton, {}, KEY),
        lambda: certify.certify(automaton, 'lstm', None, None),
    ):
        assert refused(call).startswith(message)


@pytest.mark.quick
def test_nets_that_cannot_follow_an_automaton():
    graph = set_graph.set_graph(ADDER)
    params = adder_params()['params']

    def reach(cell, params):
        return lambda: reached.reached(cell, params, graph, ADDER, KEY)

    assert "the cell 'lsmt' is unknown (did you mean lstm?)" in refused(reach('lsmt', params))
    assert "the dict inside of flax's" in refused(reach('lstm', adder_params()))
    assert refused(reach('gru', params)) == (
        'weight_ih_l0 of a net of cell gru must have the shape (9, 2), not (12, 2)'
    )
    assert 'the params lack head_weight' in refused(reach('lstm', {}))
    two_layers = RNN(outputs=1, hidden=3, layers=2).init(KEY, SEQUENCES)['params']
    candidate = search.Candidate(two_layers, None)
    assert 'the params of a net of one layer are weight_ih_l0, ' in refused(
        lambda: certify.certify(ADDER, 'lstm', candidate, graph)
    )
    assert refused(lambda: falsify.falsify('lstm', ADDER, params, KEY)) == (
        'head_weight must have the shape (S, 1, H), not (1, 3)'
    )
    assert (
        refused(
            lambda: certify.certify(
                ADDER, 'lstm', search.Candidate(params, None), graph, slack=-1.0
            )
        )
        == 'slack=-1.0 must not be negative'
    )
    assert refused(lambda: automaton_arrays.run(ADDER, np.array([[0, 4]]))) == (
        'symbols must be from 0 to 3, not 4'
    )


@pytest.mark.quick
def test_a_checkpoint_of_another_state(tmp_path):
    state = {'weight': jnp.zeros((3, 2)), 'bias': jnp.zeros(3)}
    with checkpoint.closing(checkpoint.open_manager(tmp_path)) as manager:
        assert 'can be read: there is none' in refused(lambda: checkpoint.restore(manager, state))
        checkpoint.save(manager, 1, state, {}, loss=0.5)
        manager.wait_until_finished()
        wider = {**state, 'weight': jnp.zeros((3, 4))}
        assert 'weight is float32[3, 2] in it, and float32[3, 4] in what' in refused(
            lambda: checkpoint.restore(manager, wider)
        )
        without_bias = {'weight': state['weight']}
        assert 'bias is float32[3] in it, and None in what' in refused(
            lambda: checkpoint.restore(manager, without_bias)
        )
        halves = {**state, 'bias': jnp.zeros(3, jnp.float16)}
        assert 'bias is float32[3] in it, and float16[3] in what' in refused(
            lambda: checkpoint.read(manager, 1, halves)
        )
        assert 'checkpoint 7 in' in (problem := refused(lambda: checkpoint.read(manager, 7, state)))
        assert problem.endswith('does not exist; there are [1]')


@pytest.mark.quick
def test_numbers_are_not_looked_at_while_jax_traces():
    @jax.jit
    def add(lengths):
        require_range('lengths', lengths, 0, 3)
        return lengths + 1

    assert add(9) == 10


@pytest.mark.quick
def test_shapes():
    require_shape('x', np.zeros((2, 3)), 'N', 3)
    require_shape('x', [1, 2], 'N')
    assert refused(lambda: require_shape('x', None, 'N', 3)) == (
        'x must have the shape (N, 3), not None'
    )
