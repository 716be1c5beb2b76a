"""What the flags --images and --unit mean, for a net that is never run."""

import jax
import numpy as np
import pytest

from experiments.training.finished_run import FinishedRun
from experiments.views import request
from jaxdl import UserError
from jaxdl.models.cnn import CNN

pytestmark = pytest.mark.quick

CLASS_NAMES = ('airplane', 'automobile', 'bird', 'cat')


@pytest.fixture(scope='module')
def run():
    """A net of four classes, and six grey images of them."""
    model = CNN(outputs=4, shape=(8, 8, 1), maps=(3, 5), hidden=7)
    pixels = np.arange(6 * 64).reshape(6, 8, 8, 1).astype(np.uint8)
    return FinishedRun(
        config=None,
        model=model,
        params=jax.jit(model.init)(jax.random.key(0), pixels.astype(np.float32)),
        prepare=None,
        inputs=pixels,
        labels=np.array([2, 0, 2, 1, 0, 3]),
        epoch=0,
        snapshots={},
    )


def test_without_images_the_first_of_each_class(run):
    images = request.parse_images('', run, CLASS_NAMES)
    assert [image.name for image in images] == [
        'airplane, no. 1',
        'automobile, no. 3',
        'bird, no. 0',
        'cat, no. 5',
    ]
    assert [image.label for image in images] == [0, 1, 2, 3]
    np.testing.assert_array_equal(images[3].pixels, run.inputs[5])


def test_images_by_number(run):
    images = request.parse_images('4,2', run, CLASS_NAMES)
    assert [image.name for image in images] == ['airplane, no. 4', 'bird, no. 2']
    with pytest.raises(UserError, match='6 images, numbered from 0'):
        request.parse_images('6', run, CLASS_NAMES)


def test_units_by_number_and_by_class(run):
    assert request.parse_units('', run, CLASS_NAMES) == {}
    units = request.parse_units('conv2:4,head:cat,conv2:1,dense:6', run, CLASS_NAMES)
    assert units == {'conv2': [4, 1], 'head': [3], 'dense': [6]}


@pytest.mark.parametrize('text', ['conv2:5', 'conv3:0', 'head:mouse', 'conv1', 'conv1:-1'])
def test_units_that_are_not_there(text, run):
    with pytest.raises(UserError, match=r'is unknown; units are conv1:0\.\.2, conv2:0\.\.4'):
        request.parse_units(text, run, CLASS_NAMES)
