"""The passes of experiments.visualize: each takes (net, asked) and gives (arrays for the npz, figures, a line of text)."""
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.trained import Trained
from jaxdl import pictures
from jaxdl.visualize import activations, deconvnet, filters, invariance, maximize, occlusion, top

LAYERS = ('conv1', 'conv2')
RULES = ('deconvnet', 'guided', 'gradient')
COUNT = 9  # images of a map


class Asked(NamedTuple):
    """What the user asked for."""
    pixels: np.ndarray         # (n, H, W, C) uint8, the images to look at
    labels: np.ndarray         # (n,) their classes; the net's answer for a user's own image
    names: list                # (n,) of each image
    classes: list              # name of each class
    units: dict                # {layer: [numbers]}, empty if not said
    rule: str
    parametrization: str
    whole_maps: bool           # maximize maps, not their middle units
    shared_scale: bool
    window: int                # side of the occluding square in pixels
    fill: float                # its value, 0 black to 1 white


def _title(net, what):
    return f'{what}\n{net.config.describe().split(", ", 1)[0]}, {net.config.net()}, epoch {net.epoch}'


def _everything(net):
    """The whole test set as the model takes it."""
    return np.asarray(jax.jit(net.prepare)(net.inputs))


def _shown(pixels):
    return np.asarray(pixels, float) / 255


def show_filters(net, asked):
    weights = np.asarray(net.params['params']['conv1_weight'])
    duplicates, dead = filters.duplicates(weights), filters.dead(weights)
    images = filters.pictures(weights, asked.shared_scale)
    scale = 'one scale for all' if asked.shared_scale else 'each by its own largest weight'
    figure = pictures.numbered(_title(net, f'The {len(weights)} filters of conv1, {scale}; mid-grey is 0'), images)
    return ({'weights': weights, 'pictures': images, 'dead': dead, 'duplicates': np.array(duplicates).reshape(-1, 3)}, {'conv1': figure},
            f'{len(dead)} dead filters (norm below 1 % of the largest), {len(duplicates)} pairs alike or opposite (|cosine| above .95)')


def show_activations(net, asked):
    found = activations.over_data(net.model, net.params, _everything(net))
    figures = {'histograms': pictures.histograms(_title(net, f'Activations on {len(net.inputs):,} test images'), found)}
    out = jax.jit(net.model.apply)(net.params, net.prepare(asked.pixels[:1]))[1]
    for layer in LAYERS:
        maps = np.asarray(out[layer])[0].transpose(2, 0, 1)[..., None]
        figures[f'maps-{layer}'] = pictures.numbered(
            _title(net, f'Feature maps of {layer} for {asked.names[0]}, each by its own largest value'), filters.centred(maps))
    arrays = {f'{layer}/{name}': value for layer, row in found.items() for name, value in row.items()}
    text = '; '.join(f'{layer} mean {found[layer]["mean"]:.4g} variance {found[layer]["variance"]:.4g}' for layer in (*LAYERS, 'dense'))
    return arrays | {f'maps/{layer}': out[layer] for layer in LAYERS}, figures, text


def show_deconvnet(net, asked):
    images = net.prepare(asked.pixels)
    project = jax.jit(deconvnet.project, static_argnums=(0, 3, 4, 5))
    arrays = {}
    for layer in ('pool1', 'pool2'):
        for name, signal in (('all maps', deconvnet.all_maps), ('strongest map', deconvnet.strongest_map),
                             ('strongest unit', deconvnet.strongest_unit)):
            arrays[f'{layer}\n{name}'] = project(net.model, net.params, images, layer, signal, asked.rule)
    for layer in LAYERS:
        for number in asked.units.get(layer, ()):
            arrays[f'{layer}\nmap {number}'] = project(net.model, net.params, images, layer, deconvnet.one_map(number), asked.rule)
    of_class = deconvnet.classes(asked.labels)
    for rule in RULES:
        arrays[f'class\n{rule}'] = project(net.model, net.params, images, 'head', of_class, rule)
    tiles = np.stack([_shown(asked.pixels), *map(filters.centred, arrays.values())], axis=1)
    figures = {'images': pictures.table(_title(net, f'Projections to the pixels by the rule {asked.rule}, each scaled by its largest value'),
                                        tiles, asked.names, ['image', *arrays])}
    for layer in ('pool1', 'pool2'):
        maps, found = jax.jit(deconvnet.strongest_maps, static_argnums=(0, 3, 4, 5))(net.model, net.params, images, layer, COUNT, asked.rule)
        arrays |= {f'{layer}\nnine maps': found, f'{layer}\nnine maps numbers': maps}
        nine = np.stack([filters.centred(image) for image in np.asarray(found)])
        figures[f'nine-maps-{layer}'] = pictures.table(_title(net, f'The nine strongest maps of {layer} of each image, projected one by one'),
                                                       np.concatenate([_shown(asked.pixels)[:, None], nine], axis=1), asked.names,
                                                       ['image', *(f'no. {i + 1}' for i in range(COUNT))])
    return ({name.replace('\n', '/').replace(' ', '_'): array for name, array in arrays.items()}, figures,
            f'{len(images)} images, rule {asked.rule}')


def _projected(net, params, images, layer, count, rule):
    """(Top, Fields, projections (K, count, S, S, C)) of all maps of a layer over a data set."""
    found = top.strongest(net.model, params, images, layer, count)
    fields = top.receptive_fields(net.model, images, layer, found)
    maps = np.repeat(np.arange(len(found.values)), count)
    projections = jax.jit(top.project, static_argnums=(0, 4))(net.model, params, fields, maps, rule)
    return found, fields, np.asarray(projections).reshape(len(found.values), count, *projections.shape[1:])


def show_top9(net, asked):
    images, raw = _everything(net), np.asarray(net.inputs)
    count = min(COUNT, len(images))
    arrays, figures = {}, {}
    for layer in LAYERS:
        found, fields, projections = _projected(net, net.params, images, layer, count, asked.rule)
        patches = _shown(top.receptive_fields(net.model, raw, layer, found).patches).reshape(projections.shape)
        tiles = filters.centred(projections.reshape(-1, *projections.shape[2:])).reshape(projections.shape)
        patches[found.values <= 0] = .5  # of no unit: the map is not active in so many images
        dead = np.flatnonzero(found.values[:, 0] <= 0)
        figures[layer] = pictures.blocks(
            _title(net, f'{layer}: the {count} of {len(images):,} test images that excite each map most ({len(dead)} maps are never active)'),
            {f'projection of that one activation ({asked.rule})': tiles, 'the patch that the unit sees': patches})
        arrays |= {f'{layer}/{name}': value for name, value in {**found._asdict(), 'projections': projections, 'patches': patches}.items()}
    return arrays, figures, f'all maps of {" and ".join(LAYERS)} over {len(images):,} images, rule {asked.rule}'


def show_maximize(net, asked):
    sizes = {'conv1': len(net.params['params']['conv1_bias']), 'conv2': len(net.params['params']['conv2_bias']), 'head': len(asked.classes)}
    chosen = asked.units or {layer: list(range(min(size, 32))) for layer, size in sizes.items()}
    colour = maximize.colour_matrix(net.inputs[:1000])
    sphere = asked.parametrization == 'sphere'
    arrays, figures, gains = {}, {}, []
    for layer, numbers in chosen.items():
        values = f'{layer}_pre' if layer in (*LAYERS, 'dense') else layer  # a rectified unit that starts at 0 has no gradient
        objective = (maximize.maps if asked.whole_maps and layer in LAYERS else maximize.units)(values, numbers)
        found = jax.jit(lambda params: maximize.maximize(
            net.model, params, objective, jax.random.key(0), len(numbers), maximize.PARAMETRIZATIONS[asked.parametrization],
            (lambda x: x) if sphere else lambda image: net.prepare(255 * image), colour))(net.params)
        found = jax.tree.map(np.asarray, found)
        shown = filters.centred(found['image']) if sphere else found['image']
        names = asked.classes if layer == 'head' else range(10 ** 6)
        labels = [f'{names[number]}: {before:.2g} to {after:.2g}\nmoved {moved:.2g}' for number, before, after, moved in
                  zip(numbers, found['before'], found['after'], found['transformed'])]
        figures[layer] = pictures.numbered(
            _title(net, f'{layer}: the image that most excites {"each map" if asked.whole_maps else "each unit"} ({asked.parametrization}); '
                        'value before, after, under small transforms'), shown, 8, labels, size=1.1)
        arrays |= {f'{layer}/{name}': value for name, value in {**found, 'units': np.array(numbers)}.items()}
        gains.append(f'{layer} {found["before"].mean():.3g} to {found["after"].mean():.3g}')
    return arrays, figures, 'mean activation ' + ', '.join(gains)


def show_occlusion(net, asked):
    side = asked.pixels.shape[1]
    masks = occlusion.windows(side, asked.window)
    fill = net.prepare(np.full((1, 1, 1, asked.pixels.shape[-1]), 255 * asked.fill))[0, 0, 0]
    occlude = jax.jit(occlusion.occlude, static_argnums=0)
    found = [jax.device_get(occlude(net.model, net.params, image, masks, label, fill))
             for image, label in zip(net.prepare(asked.pixels), asked.labels)]
    across = side - asked.window + 1
    rows = [(name, [(_shown(pixels), 'image'), (row['activity'].reshape(across, across), 'values'),
                    (filters.centred(row['projection'][None])[0], 'image'),
                    (row['probability'].reshape(across, across), 'values'), (row['answer'].reshape(across, across), 'classes')])
            for name, pixels, row in zip(asked.names, asked.pixels, found)]
    figure = pictures.maps(_title(net, f'A {asked.window}x{asked.window} square of {asked.fill:g} on the scale 0 (black) to 1 (white) covers each place'),
                           rows, ['image', 'activity of the strongest\nconv2 map', 'projection of that map', 'probability of its class', 'most probable class'], asked.classes)
    arrays = {name: np.stack([row[name] for row in found]) for name in found[0]}
    changed = np.mean(arrays['answer'] != asked.labels[:, None])
    return arrays, {'images': figure}, f'{len(masks)} places in each of {len(found)} images; {changed:.0%} of the answers are not the class; fill {fill} in the scale of the net'


def show_evolution(net, asked):
    images = _everything(net)
    arrays, figures = {}, {}
    epochs = [epoch for epoch in net.snapshots if epoch <= net.epoch]
    params = [net.snapshots[epoch]() for epoch in epochs]
    for layer in LAYERS:
        projections = np.stack([_projected(net, each, images, layer, 1, asked.rule)[2][:, 0] for each in params], axis=1)
        tiles = filters.centred(projections.reshape(-1, *projections.shape[2:])).reshape(projections.shape)
        figures[layer] = pictures.strips(_title(net, f'{layer}: projection of the strongest activation of each map over {len(images):,} test images, by epoch'),
                                         tiles, epochs)
        arrays[layer] = projections
    return {**arrays, 'epochs': np.array(epochs)}, figures, 'epochs ' + ', '.join(map(str, epochs))


def show_invariance(net, asked):
    images = net.prepare(asked.pixels)
    black = net.prepare(np.zeros((1, 1, 1, images.shape[-1])))[0, 0, 0].mean()
    steps = {'translation': (np.arange(-8, 9.), 'pixels to the right', lambda x: {'shift': (0., x)}),
             'rotation': (np.arange(0., 361, 10), 'degrees', lambda x: {'angle': np.deg2rad(x)}),
             'scale': (np.linspace(.6, 1.8, 13), 'factor', lambda x: {'scale': x})}
    arrays, panels = {}, {}
    for kind, (values, xlabel, options) in steps.items():
        versions = jnp.stack([invariance.warp(images, **options(x), fill=black) for x in values])
        found = jax.jit(invariance.invariance, static_argnums=0)(net.model, net.params, images, asked.labels, versions)
        for name, array in jax.device_get(found).items():
            panels[kind, 'probability of its class' if name == 'probability' else f'{name}: distance / norm'] = values, array, f'{kind}, {xlabel}'
            arrays[f'{kind}/{name}'] = array
        arrays[f'{kind}/values'] = values
    return arrays, {'images': pictures.lines(_title(net, f'Features and answers of {len(images)} images, moved, turned and scaled'), panels)}, ''


def show_correspondence(net, asked):
    """The same part of five images of a class covered, against parts at random, over all classes."""
    side, size = net.inputs.shape[1], net.inputs.shape[1] // 3
    starts = [0, (side - size) // 2, side - size]
    parts = occlusion.windows(side, size).reshape(side - size + 1, side - size + 1, side, side)
    groups = [np.flatnonzero(net.labels == label)[:5] for label in np.unique(net.labels)]
    images = net.prepare(np.asarray(net.inputs)[np.stack(groups)])
    rng = np.random.default_rng(0)
    same = [np.broadcast_to(parts[i, j], (len(groups), 5, side, side)) for i in starts for j in starts]
    random = [parts.reshape(-1, side, side)[rng.integers(len(parts) ** 2, size=(len(groups), 5))] for _ in range(9)]
    fill = net.prepare(np.full((1, 1, 1, images.shape[-1]), 255 * asked.fill))[0, 0, 0]
    measure = jax.jit(jax.vmap(lambda images, masks: occlusion.consistency(net.model, net.params, images, masks, fill)))
    found = {name: jax.tree.map(lambda *x: np.stack(x, 1), *[jax.device_get(measure(images, masks)) for masks in options])
             for name, options in (('same', same), ('random', random))}
    layers = list(found['same'])
    rows = [(layer, [(found['same'][layer].mean(0).reshape(3, 3), 'values'), (found['random'][layer].mean(1)[:, None], 'values'),
                     (found['same'][layer], 'values')]) for layer in layers]
    figure = pictures.maps(_title(net, 'Share of features whose change differs in sign\nbetween images of a class: low is consistent'), rows,
                           ['the same ninth covered,\nmean over classes', 'random parts,\nby class', 'the same ninth,\nclass by part'], asked.classes)
    text = '; '.join(f'{layer}: same parts {found["same"][layer].mean():.3f}, random parts {found["random"][layer].mean():.3f}' for layer in layers)
    return {f'{name}/{layer}': values for name, row in found.items() for layer, values in row.items()}, {'parts': figure}, text


PASSES = {'filters': show_filters, 'activations': show_activations, 'deconvnet': show_deconvnet, 'top9': show_top9,
          'maximize': show_maximize, 'occlusion': show_occlusion, 'evolution': show_evolution, 'invariance': show_invariance,
          'correspondence': show_correspondence}
