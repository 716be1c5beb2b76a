"""The pictures that reproduce has drawn of a run, with captions that say what to see."""

from pathlib import Path

from experiments.core import file_schema
from experiments.core.schemas.command_files import Predictions
from experiments.core.schemas.rows import PictureRow
from experiments.reports.catalogue import pictures
from experiments.reports.evidence import percent
from experiments.reports.page.blocks import Block, Picture, Text

# By the name of a picture. What it is of stands in front.
CAPTIONS = {
    'filters-conv1': 'the filters of the first convolution, grey at 0. Edges are light beside '
    'dark; what looks like noise has not learned.',
    'activations-histograms': 'a histogram of the values of each layer over the test set, on a '
    'logarithmic scale, with mean, variance and the share of dead units.',
    'activations-maps-conv1': 'the feature maps of the first convolution for one image: the same '
    'outlines, each by another filter.',
    'activations-maps-conv2': 'the feature maps of the second convolution for the same image: '
    'coarser, and many of them dark.',
    'maximize-conv1': 'the images that most excite the units of the first convolution: stripes '
    'and spots of the size of a filter.',
    'maximize-conv2': 'the images that most excite units of the second convolution: larger '
    'patterns; a unit whose value stays low is dead.',
    'maximize-head': 'the images that most excite each class: the net is sure of them, and no '
    'object is to be seen.',
    'deconvnet-images': 'images projected back to the pixels from all maps, the strongest map and '
    'the strongest unit of both layers, and the gradient of the class.',
    'deconvnet-nine-maps-pool1': 'the nine strongest maps of one image each, first layer: what '
    'the report shows as "top 9". Each finds edges of one direction.',
    'deconvnet-nine-maps-pool2': 'the nine strongest maps of one image each, second layer.',
    'transposed-pool1': 'projections of the first layer with the filters turned by 180 degrees, '
    'as the adjoint asks for, beside those with filters that are only transposed, as the report '
    'has them, with the correlation r of the two.',
    'transposed-pool2': 'the same for the second layer.',
    'top9-conv1': 'the nine test images that excite each map of the first layer most: projection '
    'and patch. The patches of a map agree in their edge.',
    'top9-conv2': 'the nine test images that excite each map of the second layer most. Grey '
    'blocks are maps that are active in fewer images.',
    'evolution-conv1': 'the strongest projection of each map of the first layer over the epochs: '
    'those that learn have settled after about ten.',
    'evolution-conv2': 'the same of the second layer.',
    'occlusion-images': 'a grey square covers each place of an image: activity of the strongest '
    'map, probability of the class, and the answer, where the square lies.',
    'invariance-images': 'how far features and answer move when an image is moved, turned or '
    'scaled: a thin line an image, the bold one is their mean.',
    'correspondence-parts': 'whether covering the same part of different images changes their '
    'features alike, against covering parts at random.',
    'predictions': "scikit-learn's digits, by other hands, and how the net reads them; wrong "
    'answers are red.',
    'samples': 'one test image of each class, then random ones, as the first seed reads them; '
    'wrong answers are red.',
}


def row_pictures(name: str, title: str, results_folder: Path) -> list[Block]:
    """The pictures of a row, with the scores that came with them; a line if there are none.

    Args:
        name: The row's id.
        title: What the pictures are of, at the beginning of a sentence.
        results_folder: Of <id>.json and <id>-*.jpg.
    """
    blocks: list[Block] = []
    row = file_schema.read_json(results_folder / f'{name}.json', PictureRow)
    if row is not None:
        for predictions in row.found:
            if predictions is not None:
                blocks.append(_handwriting(name, predictions))
    for file in sorted(results_folder.glob(f'{name}-*.jpg')):
        picture = file.stem.removeprefix(f'{name}-')
        caption = f'{title}: {CAPTIONS.get(picture, picture)}'
        blocks.append(Picture(file.stem, file, caption, alt=caption))
    if not blocks:
        blocks.append(
            Text(f'`{name}` (the net of `{pictures()[name].row}`) has not been drawn yet.')
        )
    return blocks


def _handwriting(name: str, predictions: Predictions) -> Text:
    """The accuracy on other people's digits, by how their images are prepared."""
    parts = []
    for preparation, accuracy in predictions.accuracy.items():
        parts.append(f'{preparation} {percent(accuracy)} %')
    return Text(
        f"`{name}`: accuracy on scikit-learn's digits, which other people wrote, by how the images "
        f'are prepared: {", ".join(parts)}.'
    )
