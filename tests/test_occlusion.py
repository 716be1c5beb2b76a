"""Occlusion against captum, and both measures against their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cnn_examples import assert_close, captum_example, random_example

from jaxdl.visualize import deconvnet, occlusion

pytestmark = pytest.mark.usefixtures('quick_compilation')


@pytest.mark.parametrize('channels', [1, 3])
def test_occlusion_against_captum(channels, x64):
    model, params, arrays = captum_example(channels)
    masks = occlusion.windows(12, 3, 3)
    occlude = jax.jit(occlusion.occlude, static_argnums=0)
    for i, image in enumerate(arrays['images']):
        label = arrays['labels'][i]
        result = occlude(model, params, image, masks, label, 0.25)
        differences = arrays['logits'][i, label] - result.logit
        # captum repeats the difference at every pixel of a window.
        expected = arrays['occlusion'][i, ::3, ::3, 0]
        assert_close(differences.reshape(4, 4), expected, 1e-6)


@pytest.mark.quick
def test_windows_by_hand():
    masks = occlusion.windows(6, 4, 2)
    assert masks.shape == (4, 6, 6)
    assert (masks.sum((1, 2)) == 16).all()
    assert masks[1, :4, 2:].all()
    assert masks[2, 2:, :4].all()


def test_occlusion_by_hand(x64):
    model, params, images = random_example(1)
    masks = occlusion.windows(16, 5, 3)
    result = occlusion.occlude(model, params, images[0], masks, label=7, fill=0.5)

    _, layers = jax.jit(model.apply)(params, images[:1])
    norms = np.sqrt((np.asarray(layers['conv2']) ** 2).sum((1, 2)))
    strongest = norms[0].argmax()
    assert result.map == strongest

    covered = np.array(images[0])
    covered[masks[6]] = 0.5
    logits, layers = jax.jit(model.apply)(params, covered[None])
    assert result.answer[6] == logits[0].argmax()
    np.testing.assert_allclose(result.activity[6], layers['conv2'][0, ..., strongest].sum())
    np.testing.assert_allclose(result.probability[6], jax.nn.softmax(logits[0])[7])

    signal = deconvnet.strongest_map
    (projection,) = deconvnet.project(model, params, images[:1], 'conv2', signal)
    assert_close(result.projection, projection)


def test_inconsistency_is_the_mean_hamming_distance_of_signs(x64):
    model, params, images = random_example(1, n=3)
    masks = np.zeros((3, 16, 16), bool)
    masks[:, 2:9, 3:8] = True
    measures = occlusion.inconsistency(model, params, images, masks, 0.1)

    _, before = jax.jit(model.apply)(params, images)
    _, after = jax.jit(model.apply)(params, jnp.where(masks[..., None], 0.1, images))
    signs = np.sign(np.asarray(before['dense'] - after['dense']))
    distances = []
    for i in range(3):
        for j in range(3):
            if i != j:
                distances.append(np.mean(signs[i] != signs[j]))
    np.testing.assert_allclose(measures['dense'], np.mean(distances))


def test_inconsistency_of_one_image_with_itself_is_zero(x64):
    model, params, images = random_example(1, n=3)
    masks = np.zeros((3, 16, 16), bool)
    masks[:, 2:9, 3:8] = True
    same_images = jnp.stack([images[0]] * 3)
    measures = occlusion.inconsistency(model, params, same_images, masks, 0.1)
    assert measures['pool2'] == 0
    assert measures['dense'] == 0
