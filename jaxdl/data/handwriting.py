"""Photos and scans of single digits in the form of MNIST's images."""

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from jaxdl import UserError

SIDE, BOX = 28, 20  # of the image, and of the digit in it, in pixels
LEAST_CONTRAST = 40  # between paper and ink, of 255
LARGEST = 1600  # pixels a side: larger photos are shrunk
SPECK = 0.1  # of the largest stroke's pixels: smaller spots are dirt


def read(file):
    """An image file, turned upright as its EXIF says, transparency as white paper, as grey levels (H, W) uint8. Raises UserError if it cannot be read."""
    try:
        with Image.open(file) as image:
            image.draft('L', (LARGEST, LARGEST))
            image = ImageOps.exif_transpose(image)
            if image.has_transparency_data:
                image = Image.alpha_composite(
                    Image.new('RGBA', image.size, 'white'), image.convert('RGBA')
                )
            image = image.convert('L')
            image.thumbnail((LARGEST, LARGEST))
            return np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise UserError(f'{file} is no image file that can be read') from None


def to_mnist(grey, name='the image'):
    """Grey levels (H, W) uint8 of one digit as MNIST's form (28, 28) uint8: light on black, fit into 20 x 20, centred by mass.

    Dark ink on light paper or the reverse: the border shows the paper. As LeCun et al. 1998 describe for
    MNIST (Gradient-based learning applied to document recognition, section III.A). Raises UserError if nothing is on the paper.
    """
    ink = grey - _paper(grey)
    ink = np.maximum(ink if ink.max() > -ink.min() else -ink, 0)
    if ink.max() < LEAST_CONTRAST:
        raise UserError(f'{name} is blank: no ink stands out from the paper')
    threshold = _otsu(ink)
    spots, count = ndimage.label(ink > threshold, np.ones((3, 3)))
    sizes = ndimage.sum_labels(np.ones_like(ink), spots, range(1, count + 1))
    strokes = np.isin(spots, 1 + np.flatnonzero(sizes >= SPECK * sizes.max()))
    kept = ndimage.binary_propagation(
        strokes, np.ones((3, 3)), ink > threshold / 2
    )  # with their soft edges
    (top, bottom), (left, right) = ((line.min(), line.max() + 1) for line in np.nonzero(kept))
    ink = np.where(kept, ink, 0)[top:bottom, left:right] / np.percentile(ink[strokes], 80)
    digit = Image.fromarray(np.uint8(255 * ink.clip(0, 1)))
    scale = BOX / max(digit.size)
    digit = np.asarray(
        digit.resize([max(1, round(scale * size)) for size in digit.size], Image.Resampling.LANCZOS)
    )
    placed = np.zeros((SIDE, SIDE), np.uint8)
    corner = [
        int(np.clip(round((SIDE - 1) / 2 - centre), 0, SIDE - size))
        for centre, size in zip(ndimage.center_of_mass(digit), digit.shape)
    ]
    placed[corner[0] : corner[0] + digit.shape[0], corner[1] : corner[1] + digit.shape[1]] = digit
    return placed


def _paper(grey):
    """The grey level of the paper at each pixel of (H, W), in light that falls off evenly: a plane through the border, and its median."""
    height, width = grey.shape
    places = np.stack(
        [
            np.ones(grey.shape),
            *np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing='ij'),
        ],
        axis=-1,
    )
    edge = np.ones(grey.shape, bool)
    edge[1:-1, 1:-1] = False
    plane = places @ np.linalg.lstsq(places[edge], grey[edge].astype(float), rcond=None)[0]
    return plane + np.median(grey[edge] - plane[edge])


def _otsu(values):
    """The threshold that splits values (...) from 0 to 255 into two classes of least variance (Otsu 1979)."""
    counts, edges = np.histogram(values, 256, (0, 256))
    below = np.cumsum(counts, dtype=float)
    total, sums = below[-1], np.cumsum(counts * np.arange(256))
    with np.errstate(divide='ignore', invalid='ignore'):
        between = (sums[-1] * below - sums * total) ** 2 / (below * (total - below))
    return edges[1:][np.nanargmax(between)]
