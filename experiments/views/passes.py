"""The passes of experiments.visualize that look at images as they are.

Each pass takes (net, asked) and gives (arrays for the npz, {name: Figure}, a line of text).
"""

from typing import NamedTuple

import jax
import numpy as np

from jaxdl.figures import grids as pictures
from jaxdl.models.activations import RULES
from jaxdl.visualize import activations, deconvnet, filters, maximize, top

LAYERS = ('conv1', 'conv2')
COUNT = 9  # images of a map


class Asked(NamedTuple):
    """What the user asked for."""

    pixels: np.ndarray  # (n, H, W, C) uint8, the images to look at
    labels: np.ndarray  # (n,) their classes; the net's answer for a user's own image
    names: list  # (n,) of each image
    classes: list  # name of each class
    units: dict  # {layer: [numbers]}, empty if not said
    rule: str
    parametrization: str
    whole_maps: bool  # maximize maps, not their middle units
    shared_scale: bool
    window: int  # side of the occluding square in pixels
    fill: float  # its value, 0 black to 1 white


def title(net, what):
    return (
        f'{what}\n{net.config.describe().split(", ", 1)[0]}, {net.config.net()}, epoch {net.epoch}'
    )


def _everything(net):
    """The whole test set as the model takes it."""
    return np.asarray(jax.jit(net.prepare)(net.inputs))


def shown(pixels):
    return np.asarray(pixels, float) / 255


def show_filters(net, asked):
    weights = np.asarray(net.params['params']['conv1_weight'])
    duplicates, dead = filters.duplicates(weights), filters.dead(weights)
    images = filters.pictures(weights, asked.shared_scale)
    scale = 'one scale for all' if asked.shared_scale else 'each by its own largest weight'
    figure = pictures.numbered(
        title(net, f'The {len(weights)} filters of conv1, {scale}; mid-grey is 0'), images
    )
    return (
        {
            'weights': weights,
            'pictures': images,
            'dead': dead,
            'duplicates': np.array(duplicates).reshape(-1, 3),
        },
        {'conv1': figure},
        f'{len(dead)} dead filters (norm below 1 % of the largest), {len(duplicates)} pairs alike or opposite (|cosine| above .95)',
    )


def show_activations(net, asked):
    found = activations.over_data(net.model, net.params, _everything(net))
    figures = {
        'histograms': pictures.histograms(
            title(net, f'Activations on {len(net.inputs):,} test images'), found
        )
    }
    out = jax.jit(net.model.apply)(net.params, net.prepare(asked.pixels[:1]))[1]
    for layer in LAYERS:
        maps = np.asarray(out[layer])[0].transpose(2, 0, 1)[..., None]
        figures[f'maps-{layer}'] = pictures.numbered(
            title(
                net, f'Feature maps of {layer} for {asked.names[0]}, each by its own largest value'
            ),
            filters.centred(maps),
        )
    arrays = {
        f'{layer}/{name}': value for layer, row in found.items() for name, value in row.items()
    }
    text = '; '.join(
        f'{layer} mean {found[layer]["mean"]:.4g} variance {found[layer]["variance"]:.4g}'
        for layer in (*LAYERS, 'dense')
    )
    return arrays | {f'maps/{layer}': out[layer] for layer in LAYERS}, figures, text


def show_deconvnet(net, asked):
    images = net.prepare(asked.pixels)
    project = jax.jit(deconvnet.project, static_argnums=(0, 3, 4, 5))
    arrays = {}
    for layer in ('pool1', 'pool2'):
        for name, signal in (
            ('all maps', deconvnet.all_maps),
            ('strongest map', deconvnet.strongest_map),
            ('strongest unit', deconvnet.strongest_unit),
        ):
            arrays[f'{layer}\n{name}'] = project(
                net.model, net.params, images, layer, signal, asked.rule
            )
    for layer, numbers in asked.units.items():
        for number in numbers:
            arrays[f'{layer}\nno. {number}'] = project(
                net.model, net.params, images, layer, deconvnet.one_map(number), asked.rule
            )
    of_class = deconvnet.classes(asked.labels)
    for rule in RULES:
        arrays[f'class\n{rule}'] = project(net.model, net.params, images, 'head', of_class, rule)
    tiles = np.stack([shown(asked.pixels), *map(filters.centred, arrays.values())], axis=1)
    figures = {
        'images': pictures.table(
            title(
                net,
                f'Projections to the pixels by the rule {asked.rule}, each scaled by its largest value',
            ),
            tiles,
            asked.names,
            ['image', *arrays],
        )
    }
    for layer in ('pool1', 'pool2'):
        maps, found = jax.jit(deconvnet.strongest_maps, static_argnums=(0, 3, 4, 5))(
            net.model, net.params, images, layer, COUNT, asked.rule
        )
        arrays |= {f'{layer}\nnine maps': found, f'{layer}\nnine maps numbers': maps}
        nine = np.stack([filters.centred(image) for image in np.asarray(found)])
        figures[f'nine-maps-{layer}'] = pictures.table(
            title(net, f'The nine strongest maps of {layer} of each image, projected one by one'),
            np.concatenate([shown(asked.pixels)[:, None], nine], axis=1),
            asked.names,
            ['image', *(f'no. {i + 1}' for i in range(COUNT))],
        )
    return (
        {name.replace('\n', '/').replace(' ', '_'): array for name, array in arrays.items()},
        figures,
        f'{len(images)} images, rule {asked.rule}',
    )


def _projected(net, params, images, layer, count, rule):
    """(Top, Fields, projections (K, count, S, S, C)) of all maps of a layer over a data set."""
    found = top.strongest(net.model, params, images, layer, count)
    fields = top.receptive_fields(net.model, images, layer, found)
    maps = np.repeat(np.arange(len(found.values)), count)
    projections = jax.jit(top.project, static_argnums=(0, 4))(net.model, params, fields, maps, rule)
    return (
        found,
        fields,
        np.asarray(projections).reshape(len(found.values), count, *projections.shape[1:]),
    )


def show_top9(net, asked):
    images, raw = _everything(net), np.asarray(net.inputs)
    count = min(COUNT, len(images))
    arrays, figures = {}, {}
    for layer in LAYERS:
        found, fields, projections = _projected(net, net.params, images, layer, count, asked.rule)
        patches = shown(top.receptive_fields(net.model, raw, layer, found).patches).reshape(
            projections.shape
        )
        tiles = filters.centred(projections.reshape(-1, *projections.shape[2:])).reshape(
            projections.shape
        )
        inactive = found.values == 0  # no unit of the map is active in so many images
        seen = np.where(inactive[..., None, None, None], 0.5, patches)
        figures[layer] = pictures.blocks(
            title(
                net,
                f'{layer}: the {count} of {len(images):,} test images that excite each map most ({inactive.all(1).sum()} maps are never active)',
            ),
            {
                f'projection of that one activation ({asked.rule})': tiles,
                'the patch that the unit sees': seen,
            },
        )
        arrays |= {
            f'{layer}/{name}': value
            for name, value in {
                **found._asdict(),
                'projections': projections,
                'patches': patches,
            }.items()
        }
    return (
        arrays,
        figures,
        f'all maps of {" and ".join(LAYERS)} over {len(images):,} images, rule {asked.rule}',
    )


def show_maximize(net, asked):
    sizes = {
        'conv1': len(net.params['params']['conv1_bias']),
        'conv2': len(net.params['params']['conv2_bias']),
        'head': len(asked.classes),
    }
    chosen = asked.units or {layer: list(range(min(size, 32))) for layer, size in sizes.items()}
    colour = maximize.colour_matrix(net.inputs[:1000])
    sphere = asked.parametrization == 'sphere'
    arrays, figures, gains = {}, {}, []
    for layer, numbers in chosen.items():
        values = (
            f'{layer}_pre' if layer in (*LAYERS, 'dense') else layer
        )  # a rectified unit that starts at 0 has no gradient
        whole = asked.whole_maps and layer in LAYERS
        objective = (maximize.maps if whole else maximize.units)(values, numbers)
        found = jax.jit(
            lambda params: maximize.maximize(
                net.model,
                params,
                objective,
                jax.random.key(0),
                len(numbers),
                maximize.PARAMETRIZATIONS[asked.parametrization],
                (lambda x: x) if sphere else lambda image: net.prepare(255 * image),
                colour,
            )
        )(net.params)
        found = jax.tree.map(np.asarray, found)
        best = filters.centred(found['image']) if sphere else found['image']
        names = asked.classes if layer == 'head' else range(10**6)
        labels = [
            f'{names[number]}: {before:.2g} to {after:.2g}\nmoved {moved:.2g}'
            for number, before, after, moved in zip(
                numbers, found['before'], found['after'], found['transformed']
            )
        ]
        figures[layer] = pictures.numbered(
            title(
                net,
                f'{layer}: the image that most excites {"each map" if whole else "each unit"} ({asked.parametrization}); '
                'value ahead of the activation before, after, under small transforms',
            ),
            best,
            8,
            labels,
            size=1.1,
        )
        arrays |= {
            f'{layer}/{name}': value
            for name, value in {**found, 'units': np.array(numbers)}.items()
        }
        gains.append(f'{layer} {found["before"].mean():.3g} to {found["after"].mean():.3g}')
    return arrays, figures, 'mean value ahead of the activation: ' + ', '.join(gains)


def show_evolution(net, asked):
    images = _everything(net)
    arrays, figures = {}, {}
    epochs = [epoch for epoch in net.snapshots if epoch <= net.epoch]
    params = [net.snapshots[epoch]() for epoch in epochs]
    for layer in LAYERS:
        projections = np.stack(
            [_projected(net, each, images, layer, 1, asked.rule)[2][:, 0] for each in params],
            axis=1,
        )
        tiles = filters.centred(projections.reshape(-1, *projections.shape[2:])).reshape(
            projections.shape
        )
        figures[layer] = pictures.strips(
            title(
                net,
                f'{layer}: projection of the strongest activation of each map over {len(images):,} test images, by epoch',
            ),
            tiles,
            epochs,
        )
        arrays[layer] = projections
    return {**arrays, 'epochs': np.array(epochs)}, figures, 'epochs ' + ', '.join(map(str, epochs))
