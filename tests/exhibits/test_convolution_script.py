"""The playground's CNN against jaxdl.models.cnn and jaxdl.visualize, in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scripts import array_of, call, engine, shaped, shaped_all

from jaxdl.models.cnn import CNN
from jaxdl.visualize import deconvnet, occlusion

HEIGHT, WIDTH = 12, 16
PIXELS = {'mean': 0.3, 'deviation': 0.4}
BLACK = -0.75


class Example:
    """A net with random weights and two images, for JAX and for the scripts."""

    def __init__(self):
        self.model = CNN(shape=(HEIGHT, WIDTH, 1), maps=(3, 4), hidden=5)
        random = np.random.default_rng(0)
        levels = random.uniform(size=(2, HEIGHT, WIDTH, 1))
        # Black parts, in which pooling windows tie.
        levels[:, :5, 6:] = 0
        self.images = (levels - PIXELS['mean']) / PIXELS['deviation']
        shapes = jax.eval_shape(self.model.init, jax.random.key(0), self.images)['params']
        self.weights = {}
        for name, array in shapes.items():
            self.weights[name] = random.normal(0, 0.5, array.shape)
        self.params = {'params': self.weights}
        self.net = {'pixels': PIXELS, 'weights': shaped_all(self.weights)}

    def layers_by_jax(self, image):
        _, layers = jax.jit(self.model.apply)(self.params, image[None])
        return layers


@pytest.fixture
def example(x64):
    return Example()


@pytest.fixture(scope='module')
def script():
    return engine()


def assert_same(actual, expected):
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.quick
def test_all_layers(example, script):
    for image in example.images:
        expected = example.layers_by_jax(image)
        layers = call(script, 'applyCnn', example.net, shaped(image[..., 0]))
        for name in ('conv1', 'pool1', 'conv2', 'pool2'):
            # JAX has the maps in the last axis.
            assert_same(array_of(layers[name]), expected[name][0].transpose(2, 0, 1))
        assert_same(layers['dense'], expected['dense'][0])
        assert_same(layers['logits'], expected['head'][0])


@pytest.mark.quick
def test_the_switch_of_a_window_is_its_first_maximum(script):
    maps = np.zeros((1, 4, 4))
    maps[0, 1, 0] = maps[0, 0, 1] = 3
    maps[0, 3, 3] = 2
    pooled = call(script, 'maxPool', shaped(maps))
    assert pooled['values'] == [3, 0, 0, 2]
    assert pooled['switches'] == [1, 2, 8, 15]


def test_the_strongest_maps(example, script):
    for image in example.images:
        conv2 = example.layers_by_jax(image)['conv2']
        (norms,) = deconvnet.map_norms(conv2)
        expected = np.argsort(-np.asarray(norms))
        maps = shaped(np.asarray(conv2[0].transpose(2, 0, 1)))
        assert call(script, 'strongestMaps', maps, 3) == expected[:3].tolist()


def test_the_projection_of_each_map(example, script):
    image = example.images[0]
    inputs = shaped(image[..., 0])
    layers = call(script, 'applyCnn', example.net, inputs)
    as_typed_arrays(layers)

    @jax.jit
    def project(number):
        signal = deconvnet.one_map(number)
        return deconvnet.project(example.model, example.params, image[None], 'conv2', signal)

    for number in range(4):
        projection = call(script, 'projectMap', example.net, layers, number)
        assert_same(array_of(projection), project(number)[0, ..., 0])


def as_typed_arrays(layers):
    """Turns the lists of an answer, in place, to what goes back as typed arrays."""
    for layer in layers.values():
        if isinstance(layer, dict):
            layer['values'] = np.array(layer['values'])


@pytest.mark.quick
def test_corners_of_covers_are_those_of_the_windows(script):
    corners = call(script, 'coverCorners', 28, 7, 2)
    windows = occlusion.windows(28, 7, 2)
    assert len(corners) == len(windows)
    for corner, window in zip(corners, windows, strict=True):
        rows, columns = np.nonzero(window)
        assert corner == {'top': rows.min(), 'left': columns.min()}


def test_answers_under_covers(example, script):
    image = example.images[0]
    label, side = 7, 5
    corners = [{'top': 0, 'left': 0}, {'top': 6, 'left': 3}, {'top': 7, 'left': 11}]
    masks = np.zeros((len(corners), HEIGHT, WIDTH), bool)
    for mask, corner in zip(masks, corners, strict=True):
        mask[corner['top'] : corner['top'] + side, corner['left'] : corner['left'] + side] = True
    expected = jax.jit(occlusion.occlude, static_argnums=0)(
        example.model, example.params, jnp.asarray(image), masks, label, BLACK
    )
    inputs = shaped(image[..., 0])
    for number, corner in enumerate(corners):
        result = call(script, 'answerUnderCover', example.net, inputs, corner, side, label)
        assert result['answer'] == expected.answer[number]
        np.testing.assert_allclose(result['probability'], expected.probability[number], rtol=1e-6)
    assert len(set(expected.probability.tolist())) == len(corners)
