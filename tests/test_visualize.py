"""What the visualization functions compute, against captum's arrays, explicit constructions and closed forms."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxdl.models.cnn import CNN
from jaxdl.visualize import activations, deconvnet, filters, invariance, maximize, occlusion, top

ARRAYS = np.load(Path(__file__).parent / 'reference/captum_cnn.npz')
UNITS = {'conv1': (1, 5, 4), 'conv2': (2, 3, 0)}


def small(channels):
    """(model, params, {name: array}) of captum's small LeNet."""
    found = {
        name.split('/', 1)[1]: array
        for name, array in ARRAYS.items()
        if name.startswith(f'{channels}/')
    }
    params = {
        name[6:]: jnp.array(array) for name, array in found.items() if name.startswith('param/')
    }
    return CNN(5, (12, 12, channels), (3, 4), 6), {'params': params}, found


def trained_like(channels=1, side=16, n=6, **fields):
    """A model with random weights and images in float64, a part of them flat so that pooling windows tie."""
    model = CNN(10, (side, side, channels), (4, 6), 8, **fields)
    images = np.random.default_rng(0).uniform(size=(n, side, side, channels))
    images[:, :5, 6:] = 0.3
    params = model.init(jax.random.key(1), images)
    return model, params, jnp.asarray(images)


def close(found, expected, part=1e-10):
    np.testing.assert_allclose(found, expected, rtol=0, atol=part * np.abs(expected).max())


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('rule', ['gradient', 'guided', 'deconvnet'])
def test_projections_against_captum(channels, rule, x64):
    model, params, found = small(channels)
    images = jnp.array(found['images'])
    close(model.apply(params, images)[0], found['logits'])
    close(
        deconvnet.project(model, params, images, 'head', deconvnet.classes(found['labels']), rule),
        found[f'class/{rule}'],
    )
    for layer, (number, row, column) in UNITS.items():

        def unit(values):
            return jnp.zeros_like(values).at[:, row, column, number].set(1)

        close(deconvnet.project(model, params, images, layer, unit, rule), found[f'{layer}/{rule}'])


def test_the_reference_has_ties():
    model, params, found = small(1)
    out = model.apply(params, found['images'])[1]
    for layer in ('conv1', 'conv2'):
        windows = np.sort(
            np.asarray(out[layer])
            .reshape(3, out[layer].shape[1] // 2, 2, -1, 2, out[layer].shape[3])
            .transpose(0, 1, 3, 5, 2, 4)
            .reshape(-1, 4)
        )
        assert np.mean(windows[:, -1] == windows[:, -2]) > 0.05


@pytest.mark.parametrize('channels', [1, 3])
def test_occlusion_against_captum(channels, x64):
    model, params, found = small(channels)
    masks = occlusion.windows(12, 3, 3)
    for image, label, logits, expected in zip(
        found['images'], found['labels'], found['logits'], found['occlusion']
    ):
        result = jax.jit(occlusion.occlude, static_argnums=0)(
            model, params, image, masks, label, 0.25
        )
        differences = (logits[label] - result['logit']).reshape(4, 4)
        close(differences, expected[::3, ::3, 0], 1e-6)


def _correlated(x, w):
    """Cross-correlation of x (H, W, C) with w (K, C, 5, 5), zero padded, tap by tap."""
    height, width, _ = x.shape
    padded = np.pad(x, ((2, 2), (2, 2), (0, 0)))
    return sum(
        padded[i : i + height, j : j + width] @ w[:, :, i, j].T for i in range(5) for j in range(5)
    )


def _pooled(x):
    """Maxima (h, w, K) and switches: for each the row and column of the first one in its window."""
    height, width, maps = x.shape
    out, switches = (
        np.zeros((height // 2, width // 2, maps)),
        np.zeros((height // 2, width // 2, maps, 2), int),
    )
    for i, j, k in np.ndindex(*out.shape):
        window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k]
        row, column = np.unravel_index(window.argmax(), (2, 2))
        out[i, j, k], switches[i, j, k] = window[row, column], (2 * i + row, 2 * j + column)
    return out, switches


def _unpooled(signal, switches):
    out = np.zeros((2 * signal.shape[0], 2 * signal.shape[1], signal.shape[2]))
    for i, j, k in np.ndindex(*signal.shape):
        out[*switches[i, j, k], k] = signal[i, j, k]
    return out


def _explicit_deconvnet(params, image):
    """The paper's construction for all maps of pool2: unpool by switches, rectify, correlate with the turned filters."""
    w1, w2 = (np.asarray(params[f'conv{i}_weight']) for i in (1, 2))
    first, switches1 = _pooled(np.maximum(_correlated(image, w1) + params['conv1_bias'], 0))
    second, switches2 = _pooled(np.maximum(_correlated(first, w2) + params['conv2_bias'], 0))

    def transposed(w):
        return w[:, :, ::-1, ::-1].swapaxes(0, 1)

    signal = _correlated(np.maximum(_unpooled(second, switches2), 0), transposed(w2))
    return _correlated(np.maximum(_unpooled(signal, switches1), 0), transposed(w1))


@pytest.mark.parametrize('channels', [1, 3])
def test_deconvnet_against_the_explicit_construction(channels, x64):
    model, params, images = trained_like(channels)
    found = deconvnet.project(model, params, images, 'pool2')
    for image, projection in zip(images, found):
        close(projection, _explicit_deconvnet(params['params'], np.asarray(image)))


def test_signals_keep_what_they_say(x64):
    model, params, images = trained_like()
    values = np.asarray(model.apply(params, images)[1]['conv2'])
    kept = {
        name: np.asarray(signal(jnp.array(values)))
        for name, signal in {
            'map': deconvnet.one_map(3),
            'strongest_map': deconvnet.strongest_map,
            'unit': deconvnet.strongest_unit,
        }.items()
    }
    np.testing.assert_array_equal(kept['map'][..., 3], values[..., 3])
    assert not kept['map'][..., :3].any()
    for image, value in enumerate(values):
        best = np.sqrt((value**2).sum((0, 1))).argmax()
        np.testing.assert_array_equal(kept['strongest_map'][image][..., best], value[..., best])
        assert not np.delete(kept['strongest_map'][image], best, axis=-1).any()
        assert (
            kept['unit'][image].max() == value.max() and np.count_nonzero(kept['unit'][image]) == 1
        )
    maps, projections = deconvnet.strongest_maps(model, params, images, 'pool2', 3)
    norms = np.sqrt((np.asarray(model.apply(params, images)[1]['pool2']) ** 2).sum((1, 2)))
    np.testing.assert_array_equal(maps, np.argsort(-norms, axis=1)[:, :3])
    close(
        projections[:, 1],
        np.concatenate(
            [
                deconvnet.project(
                    model, params, images[i : i + 1], 'pool2', deconvnet.one_map(maps[i, 1])
                )
                for i in range(len(images))
            ]
        ),
    )


@pytest.mark.parametrize(
    'rule, layer, act',
    [
        ('deconvnet', 'conv1', 'relu'),
        ('deconvnet', 'conv2', 'relu'),
        ('guided', 'conv2', 'relu'),
        ('gradient', 'conv2', 'relu'),
        ('deconvnet', 'conv2', 'leaky_relu'),
        ('gradient', 'conv2', 'tanh'),
    ],
)
def test_projection_in_the_receptive_field_is_the_whole_one(rule, layer, act, x64):
    model, params, images = trained_like(3, 20, 3, activation=act)
    values = np.asarray(model.apply(params, images)[1][layer])
    side = values.shape[1]
    places = [(i, j) for i in (0, 1, 3, side // 2, side - 2, side - 1) for j in (0, 2, side - 1)]
    rows, columns = np.array(places).T
    index, maps = np.arange(len(places)) % 3, np.arange(len(places)) % values.shape[-1]
    units = top.Top(None, index, rows, columns)
    local = np.asarray(
        top.project(
            model, params, top.receptive_fields(model, np.asarray(images), layer, units), maps, rule
        )
    )
    size, stride, before = model.receptive_fields[layer]
    for image, row, column, number, patch in zip(index, rows, columns, maps, local):

        def unit(found):
            return (
                jnp.zeros_like(found).at[0, row, column, number].set(found[0, row, column, number])
            )

        whole = np.asarray(
            deconvnet.project(model, params, images[image][None], layer, unit, rule)
        )[0]
        at = row * stride - before + size, column * stride - before + size
        padded = np.pad(whole, ((size, size), (size, size), (0, 0)))
        field = padded[at[0] : at[0] + size, at[1] : at[1] + size]
        np.testing.assert_allclose(
            np.sum(patch**2), np.sum(whole**2), rtol=1e-9, atol=1e-30
        )  # nothing lies outside
        np.testing.assert_allclose(
            patch, field, rtol=0, atol=1e-10 * max(np.abs(whole).max(), 1e-30)
        )


def test_top_is_the_brute_force_one(x64):
    model, params, images = trained_like(1, 16, 30)
    for layer in ('conv1', 'conv2'):
        found = top.strongest(model, params, images, layer, 9, batch_size=7)
        values = np.asarray(model.apply(params, images)[1][layer])
        for number in range(values.shape[-1]):
            best = values[..., number].max((1, 2))
            order = sorted(range(30), key=lambda i: -best[i])[:9]
            np.testing.assert_array_equal(found.images[number], order)
            for value, image, row, column in zip(*(array[number] for array in found)):
                assert value == values[image, row, column, number] == best[image]


@pytest.mark.parametrize('layer', ['conv1', 'pool1', 'conv2', 'pool2'])
def test_receptive_fields_are_where_the_gradient_is(layer, x64):
    model, params, images = trained_like(1, 32, 40, activation='sigmoid')
    row, column = model.apply(params, images)[1][layer].shape[1] // 2, 3

    def unit(values):
        return jnp.zeros_like(values).at[:, row, column, 0].set(1)

    seen = np.abs(deconvnet.project(model, params, images, layer, unit, 'gradient')).max((0, 3)) > 0
    size, stride, before = model.receptive_fields[layer]
    expected = np.zeros((32, 32), bool)
    at = [max(place * stride - before, 0) for place in (row, column)]
    expected[at[0] : row * stride - before + size, at[1] : column * stride - before + size] = True
    np.testing.assert_array_equal(seen, expected)


def test_projection_is_an_adjoint(x64):
    """<A x, y> = <x, A' y> where the model is linear in the image: conv1 before its activation."""
    model, params, images = trained_like(3)
    bias = model.apply(params, jnp.zeros_like(images))[1]['conv1_pre']
    forward = model.apply(params, images)[1]['conv1_pre'] - bias
    y = jax.random.normal(jax.random.key(5), forward.shape, forward.dtype)
    backward = deconvnet.project(model, params, images, 'conv1_pre', lambda values: y, 'gradient')
    np.testing.assert_allclose(jnp.vdot(forward, y), jnp.vdot(images, backward), rtol=1e-12)


def test_the_maximizer_of_a_linear_unit_is_its_filter(x64):
    model, params, _ = trained_like(1)
    numbers = [0, 2, 3]
    weights = np.asarray(params['params']['conv1_weight'])[numbers, 0]
    found = jax.jit(
        lambda: maximize.maximize(
            model,
            params,
            maximize.units('conv1_pre', numbers, (8, 8)),
            jax.random.key(0),
            3,
            maximize.sphere,
            steps=1500,
            learning_rate=0.02,
            shift=0,
            angle=0,
            scale=0,
        )
    )()
    expected = np.zeros((3, 16, 16))
    expected[:, 6:11, 6:11] = weights / np.sqrt((weights**2).sum((1, 2), keepdims=True))
    np.testing.assert_allclose(found['image'][..., 0], expected, atol=1e-3)
    bias = np.asarray(params['params']['conv1_bias'])[numbers]
    np.testing.assert_allclose(found['after'] - bias, np.sqrt((weights**2).sum((1, 2))), rtol=1e-5)


@pytest.mark.parametrize('name', ['pixel', 'fourier'])
def test_maximization_excites_its_units(name):
    model, params, images = trained_like(3)
    matrix = maximize.colour_matrix(images)
    for objective in (
        maximize.units('conv2_pre', [1, 5]),
        maximize.maps('conv2_pre', [1, 5]),
        maximize.units('head', [1, 5]),
    ):
        found = maximize.maximize(
            model,
            params,
            objective,
            jax.random.key(0),
            2,
            maximize.PARAMETRIZATIONS[name],
            colour=matrix,
            steps=30,
        )
        assert (found['after'] > found['before']).all() and (
            found['transformed'] > found['before']
        ).all()
        assert (
            found['image'].shape == (2, 16, 16, 3)
            and 0 <= found['image'].min()
            and found['image'].max() <= 1
        )


def test_colours_are_correlated_as_those_of_the_images():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, 50, 50, 3)) @ np.array([[1.0, 0.5, 0.2], [0, 1, 0.9], [0, 0, 0.1]])
    matrix = maximize.colour_matrix(images)
    covariance = np.cov(images.reshape(-1, 3).T)
    np.testing.assert_allclose(
        matrix @ matrix.T / np.trace(matrix @ matrix.T),
        covariance / np.trace(covariance),
        atol=1e-12,
    )
    assert np.isclose(np.linalg.norm(matrix, axis=1).max(), 1)


def test_warp_against_scipy(x64):
    from scipy import ndimage

    image = np.random.default_rng(0).uniform(size=(1, 9, 9, 2))
    np.testing.assert_allclose(invariance.warp(image), image, atol=1e-12)
    np.testing.assert_allclose(
        invariance.warp(image, angle=np.pi / 2), np.rot90(image, axes=(1, 2)), atol=1e-12
    )
    moved = invariance.warp(image, shift=(2.0, -1.0), fill=0.5)
    np.testing.assert_allclose(moved[0, 2:, :-1], image[0, :-2, 1:], atol=1e-12)
    np.testing.assert_allclose(moved[0, :2], 0.5)
    np.testing.assert_allclose(
        invariance.warp(image, shift=(2.0, 0.0), fill=np.array([0.2, 0.7]))[0, 1], [[0.2, 0.7]] * 9
    )
    shifted = invariance.warp(image, shift=(0.3, 0.6))[0, 1:-1, 1:-1, 0]
    np.testing.assert_allclose(
        shifted, ndimage.shift(image[0, ..., 0], (0.3, 0.6), order=1)[1:-1, 1:-1], atol=1e-12
    )
    zoomed = invariance.warp(image, scale=2.0)[0, ..., 0]
    np.testing.assert_allclose(
        zoomed, ndimage.affine_transform(image[0, ..., 0], [0.5, 0.5], 2.0, order=1), atol=1e-12
    )


def test_invariance_is_distance_over_norm(x64):
    model, params, images = trained_like(1)
    versions = jnp.stack([images, invariance.warp(images, shift=(1.0, 0.0))])
    labels = np.arange(6)
    found = invariance.invariance(model, params, images, labels, versions)
    logits, out = model.apply(params, versions[1])
    a, b = (np.asarray(model.apply(params, x)[1]['pool2']).reshape(6, -1) for x in versions)
    np.testing.assert_allclose(found['pool2'][0], 0)
    np.testing.assert_allclose(
        found['pool2'][1], np.linalg.norm(a - b, axis=1) / np.linalg.norm(a, axis=1)
    )
    np.testing.assert_allclose(found['probability'][1], jax.nn.softmax(logits)[labels, labels])


def test_windows_and_occlusion_by_hand(x64):
    masks = occlusion.windows(6, 4, 2)
    assert masks.shape == (4, 6, 6) and (masks.sum((1, 2)) == 16).all()
    assert masks[1, :4, 2:].all() and masks[2, 2:, :4].all()
    model, params, images = trained_like(1)
    masks = occlusion.windows(16, 5, 3)
    found = occlusion.occlude(model, params, images[0], masks, 7, 0.5)
    covered = np.array(images[0])
    covered[masks[6]] = 0.5
    logits, out = model.apply(params, covered[None])
    strongest = np.sqrt((np.asarray(model.apply(params, images[:1])[1]['conv2']) ** 2).sum((1, 2)))[
        0
    ].argmax()
    assert found['map'] == strongest and found['answer'][6] == logits[0].argmax()
    np.testing.assert_allclose(found['activity'][6], out['conv2'][0, ..., strongest].sum())
    np.testing.assert_allclose(found['probability'][6], jax.nn.softmax(logits[0])[7])
    close(
        found['projection'],
        deconvnet.project(model, params, images[:1], 'conv2', deconvnet.strongest_map)[0],
    )


def test_consistency_is_the_mean_hamming_distance_of_signs(x64):
    model, params, images = trained_like(1)
    images = images[:3]
    masks = np.zeros((3, 16, 16), bool)
    masks[:, 2:9, 3:8] = True
    found = occlusion.consistency(model, params, images, masks, 0.1)
    change = [
        np.sign(
            np.asarray(
                model.apply(params, images)[1]['dense']
                - model.apply(params, jnp.where(masks[..., None], 0.1, images))[1]['dense']
            )
        )
    ]
    expected = np.mean(
        [np.mean(change[0][i] != change[0][j]) for i in range(3) for j in range(3) if i != j]
    )
    np.testing.assert_allclose(found['dense'], expected)
    same = occlusion.consistency(model, params, jnp.stack([images[0]] * 3), masks, 0.1)
    assert same['pool2'] == same['dense'] == 0


def test_statistics_of_a_data_set_are_numpys(x64):
    model, params, images = trained_like(1, 16, 30)
    found = activations.over_data(model, params, images, batch_size=8)
    for layer, values in model.apply(params, images)[1].items():
        values, row = np.asarray(values), found[layer]
        np.testing.assert_allclose(
            [row['mean'], row['variance'], row['sparsity']],
            [values.mean(), values.var(), (values == 0).mean()],
            atol=1e-12,
        )
        np.testing.assert_allclose(row['max'], values.reshape(-1, values.shape[-1]).max(0))
        expected, _ = np.histogram(
            values, activations.BINS, (np.float32(values.min()), np.float32(values.max()))
        )
        assert (
            row['histogram'].sum() == values.size and np.abs(row['histogram'] - expected).sum() <= 4
        )


def test_summary_and_dead_units(x64):
    values = np.random.default_rng(0).normal(size=(5, 3, 3, 4))
    values[..., 2] = 0
    found = activations.summary(jnp.array(values))
    assert activations.dead(jnp.array(values)) == 0.25 and found['min'] == values.min()
    np.testing.assert_array_equal(found['histogram'], np.histogram(values, activations.BINS)[0])


def test_filters():
    weights = np.random.default_rng(0).normal(size=(6, 3, 5, 5))
    weights[3] = -2 * weights[1]
    weights[4] *= 1e-4
    assert [pair[:2] for pair in filters.duplicates(weights)] == [(1, 3)]
    assert filters.dead(weights).tolist() == [4]
    pictures = filters.pictures(weights)
    assert pictures.shape == (6, 5, 5, 3)
    np.testing.assert_allclose(np.abs(pictures - 0.5).max((1, 2, 3)), 0.5)
    np.testing.assert_allclose(
        pictures[0, 2, 3], 0.5 + 0.5 * weights[0, :, 2, 3] / np.abs(weights[0]).max()
    )
    shared = filters.pictures(weights, shared=True)
    np.testing.assert_allclose(
        shared - 0.5, (weights / np.abs(weights).max() / 2).transpose(0, 2, 3, 1)
    )
