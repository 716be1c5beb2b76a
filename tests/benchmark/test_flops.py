"""Operations of a training step, against counts by hand."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from experiments.benchmark.flops import training_step_flops
from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS
from experiments.core.tasks import make_task


@pytest.mark.quick
def test_flops_of_an_adder():
    """An LSTM-5: 21 steps of 2 x 20, 5 x 20 and 5 x 1 multiplications."""
    config = TASK_DEFAULTS['binary_add']
    assert config.batch_size == 64
    model = make_task(config, print).model
    inputs = np.zeros((1, 21, 2), np.float32)
    shapes = jax.eval_shape(model.init, jax.random.key(0), inputs, np.array([21]))
    weights = shapes['params']
    first_layer = 2 * 2 * 20  # without the gradient of its input
    multiply_adds = 21 * (first_layer + 3 * 5 * 20 + 3 * 5 * 1)
    assert training_step_flops(config, weights, (21, 2)) == 2 * 64 * multiply_adds


def test_a_net_that_answers_once_uses_its_head_once():
    weights = {'weight_hh_l0': np.zeros((5, 5)), 'head_weight': np.zeros((10, 5))}
    config = Config(task='recall', cell='rnn', batch_size=1, min_length=3)
    assert training_step_flops(config, weights, (7, 10)) == 2 * 3 * (7 * 25 + 50)


def test_flops_of_a_cnn():
    """conv2 works on a quarter of the pixels, the dense layer on each image once."""
    weights = {
        'conv1_weight': np.zeros((3, 1, 5, 5)),
        'conv2_weight': np.zeros((4, 3, 5, 5)),
        'dense_weight': np.zeros((6, 16)),
    }
    config = replace(TASK_DEFAULTS['mnist_cnn'], batch_size=2)
    multiply_adds = 2 * 64 * 75 + 3 * 16 * 300 + 3 * 96
    assert training_step_flops(config, weights, (8, 8, 1)) == 2 * 2 * multiply_adds
