"""The passes of experiments.visualize that change the image: occlusion, invariance, correspondence. See passes.py."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.views.passes import shown, title
from jaxdl import UserError
from jaxdl.figures import grids as pictures
from jaxdl.visualize import filters, invariance, occlusion


def show_occlusion(net, asked):
    side = asked.pixels.shape[1]
    masks = occlusion.windows(side, asked.window)
    fill = net.prepare(np.full((1, 1, 1, asked.pixels.shape[-1]), 255 * asked.fill))[0, 0, 0]
    occlude = jax.jit(occlusion.occlude, static_argnums=0)
    found = [
        jax.device_get(occlude(net.model, net.params, image, masks, label, fill))
        for image, label in zip(net.prepare(asked.pixels), asked.labels)
    ]
    across = side - asked.window + 1
    rows = [
        (
            name,
            [
                (shown(pixels), 'image'),
                (row['activity'].reshape(across, across), 'values'),
                (filters.centred(row['projection'][None])[0], 'image'),
                (row['probability'].reshape(across, across), 'values'),
                (row['answer'].reshape(across, across), 'classes'),
            ],
        )
        for name, pixels, row in zip(asked.names, asked.pixels, found)
    ]
    figure = pictures.maps(
        title(
            net,
            f'A {asked.window}x{asked.window} square of {asked.fill:g} on the scale 0 (black) to 1 (white) covers each place',
        ),
        rows,
        [
            'image',
            'activity of the strongest\nconv2 map',
            'projection of that map',
            'probability of its class',
            'most probable class',
        ],
        asked.classes,
    )
    arrays = {name: np.stack([row[name] for row in found]) for name in found[0]}
    changed = np.mean(arrays['answer'] != asked.labels[:, None])
    return (
        arrays,
        {'images': figure},
        f'{len(masks)} places in each of {len(found)} images; {changed:.0%} of the answers are not the class; fill {fill} in the scale of the net',
    )


def show_invariance(net, asked):
    images = net.prepare(asked.pixels)
    black = net.prepare(np.zeros((1, 1, 1, images.shape[-1])))[0, 0, 0]
    steps = {
        'translation': (np.arange(-8, 9.0), 'pixels to the right', lambda x: {'shift': (0.0, x)}),
        'rotation': (np.arange(0.0, 361, 10), 'degrees', lambda x: {'angle': np.deg2rad(x)}),
        'scale': (np.linspace(0.6, 1.8, 13), 'factor', lambda x: {'scale': x}),
    }
    arrays, panels = {}, {}
    for kind, (values, xlabel, options) in steps.items():
        versions = jnp.stack([invariance.warp(images, **options(x), fill=black) for x in values])
        found = jax.jit(invariance.invariance, static_argnums=0)(
            net.model, net.params, images, asked.labels, versions
        )
        for name, array in jax.device_get(found).items():
            panels[
                kind,
                'probability of its class' if name == 'probability' else f'{name}: distance / norm',
            ] = values, array, f'{kind}, {xlabel}'
            arrays[f'{kind}/{name}'] = array
        arrays[f'{kind}/values'] = values
    return (
        arrays,
        {
            'images': pictures.lines(
                title(
                    net, f'Features and answers of {len(images)} images, moved, turned and scaled'
                ),
                panels,
            )
        },
        '',
    )


def show_correspondence(net, asked):
    """The same part of five images of a class covered, against parts at random, over all classes."""
    side, size = net.inputs.shape[1], net.inputs.shape[1] // 3
    starts = [0, (side - size) // 2, side - size]
    parts = occlusion.windows(side, size).reshape(side - size + 1, side - size + 1, side, side)
    each = min(5, np.bincount(net.labels)[np.unique(net.labels)].min())
    if each < 2:
        raise UserError('correspondence needs two test images of each class at least')
    groups = [np.flatnonzero(net.labels == label)[:each] for label in np.unique(net.labels)]
    images = net.prepare(np.asarray(net.inputs)[np.stack(groups)])
    rng = np.random.default_rng(0)
    same = [
        np.broadcast_to(parts[i, j], (len(groups), each, side, side))
        for i in starts
        for j in starts
    ]
    random = [
        parts.reshape(-1, side, side)[rng.integers(len(parts) ** 2, size=(len(groups), each))]
        for _ in range(9)
    ]
    fill = net.prepare(np.full((1, 1, 1, images.shape[-1]), 255 * asked.fill))[0, 0, 0]
    measure = jax.jit(
        jax.vmap(
            lambda images, masks: occlusion.consistency(net.model, net.params, images, masks, fill)
        )
    )
    found = {
        name: jax.tree.map(
            lambda *x: np.stack(x, 1),
            *[jax.device_get(measure(images, masks)) for masks in options],
        )
        for name, options in (('same', same), ('random', random))
    }
    layers = list(found['same'])
    rows = [
        (
            layer,
            [
                (found['same'][layer].mean(0).reshape(3, 3), 'values'),
                (found['random'][layer].mean(1)[:, None], 'values'),
                (found['same'][layer], 'values'),
            ],
        )
        for layer in layers
    ]
    figure = pictures.maps(
        title(
            net,
            'Share of features whose change differs in sign\nbetween images of a class: low is consistent',
        ),
        rows,
        [
            'the same ninth covered,\nmean over classes',
            'random parts,\nby class',
            'the same ninth,\nclass by part',
        ],
        asked.classes,
    )
    text = '; '.join(
        f'{layer}: same parts {found["same"][layer].mean():.3f}, random parts {found["random"][layer].mean():.3f}'
        for layer in layers
    )
    return (
        {f'{name}/{layer}': values for name, row in found.items() for layer, values in row.items()},
        {'parts': figure},
        text,
    )
