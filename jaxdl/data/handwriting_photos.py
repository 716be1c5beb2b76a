"""Photos and scans of single digits, turned into images like those of MNIST.

The steps are those that LeCun et al. (1998, Gradient-based learning applied to document
recognition, section III.A) describe for MNIST: the digit is fit into a box of 20 x 20 pixels, and
placed so that its centre of mass is in the middle of 28 x 28 pixels.
"""

import os

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from jaxdl import UserError
from jaxdl.data import image_files

IMAGE_SIDE = 28  # pixels
BOX_SIDE = 20  # pixels, of the box into which the digit is fit
MAX_PHOTO_SIDE = 1600  # pixels; larger photos are shrunk when they are read
MIN_CONTRAST = 40  # grey levels between paper and ink, of 255
# Spots with less than this share of the largest spot's pixels are dirt.
MIN_SPOT_SHARE = 0.1
# Ink from this percentile of the strokes on is fully white in the result, as most of MNIST's is.
FULL_INK_PERCENTILE = 80
# A pixel is connected with all eight pixels around it.
NEIGHBOURS = np.ones((3, 3))


def read(file: str | os.PathLike) -> np.ndarray:
    """Reads an image file as grey levels.

    The image is turned upright as its EXIF data says. Transparent parts become white paper.

    Args:
      file: the path of an image in one of image_files.FORMATS.

    Returns:
      Grey levels (H, W) uint8, at most MAX_PHOTO_SIDE pixels a side.

    Raises:
      UserError: if the file cannot be read.
    """
    return image_files.read_image(file, _decode)


def _decode(image: Image.Image) -> np.ndarray:
    largest_size = (MAX_PHOTO_SIDE, MAX_PHOTO_SIDE)
    # A JPEG decoder can shrink while it decodes, which is much faster.
    image.draft('L', largest_size)
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        paper = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(paper, image.convert('RGBA'))
    image = image.convert('L')
    image.thumbnail(largest_size)
    return np.asarray(image)


def to_mnist(grey: np.ndarray, name: str = 'the image') -> np.ndarray:
    """Turns a photo of one digit into an image like those of MNIST.

    Args:
      grey: grey levels (H, W) uint8: dark ink on light paper, or the reverse. The border must show
        the paper.
      name: what an error message calls the image.

    Returns:
      (28, 28) uint8: a light digit on black, fit into 20 x 20 pixels and centred by mass.

    Raises:
      UserError: if there is nothing on the paper.
    """
    ink = _ink(grey)
    if ink.max() < MIN_CONTRAST:
        raise UserError(f'{name} is blank: no ink stands out from the paper')
    return _centre(_fit_into_box(_cut_out_digit(ink)))


def _ink(grey: np.ndarray) -> np.ndarray:
    """How far each pixel of (H, W) grey levels stands out from the paper: (H, W) float, from 0."""
    difference = grey - _paper(grey)
    is_light_on_dark = difference.max() > -difference.min()
    if not is_light_on_dark:
        difference = -difference
    return np.maximum(difference, 0)


def _paper(grey: np.ndarray) -> np.ndarray:
    """The grey level (H, W) float of the paper at each pixel, in light that falls off evenly.

    It is a plane, fit to the border by least squares and shifted by the median of what remains.
    """
    height, width = grey.shape
    rows, columns = np.meshgrid(
        np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing='ij'
    )
    coordinates = np.stack([np.ones(grey.shape), rows, columns], axis=-1)
    is_border = np.ones(grey.shape, bool)
    is_border[1:-1, 1:-1] = False
    border_levels = grey[is_border]
    coefficients, *_ = np.linalg.lstsq(
        coordinates[is_border], border_levels.astype(float), rcond=None
    )
    plane = coordinates @ coefficients
    # The median is robust against ink that touches the border.
    return plane + np.median(border_levels - plane[is_border])


def _cut_out_digit(ink: np.ndarray) -> Image.Image:
    """The digit alone, light on black, cut out of ink (H, W) at its outermost pixels."""
    threshold = _otsu_threshold(ink)
    strokes = _large_spots(ink > threshold)
    # Strokes have soft edges: lighter ink counts where it is connected with a stroke.
    digit = ndimage.binary_propagation(strokes, NEIGHBOURS, ink > threshold / 2)
    rows, columns = np.nonzero(digit)
    top, bottom = rows.min(), rows.max() + 1
    left, right = columns.min(), columns.max() + 1
    digit_ink = np.where(digit, ink, 0)[top:bottom, left:right]
    brightness = digit_ink / np.percentile(ink[strokes], FULL_INK_PERCENTILE)
    return Image.fromarray(np.uint8(255 * brightness.clip(0, 1)))


def _otsu_threshold(values: np.ndarray) -> float:
    """The threshold that splits values (...) from 0 to 255 into two classes (Otsu 1979).

    The variance within the classes is least where the variance between them is largest:
    (S n - s N)^2 / (n (N - n)) up to a constant, for n of the N values below the threshold, with
    sums s and S.
    """
    counts, edges = np.histogram(values, 256, (0, 256))
    numbers_below = np.cumsum(counts, dtype=float)
    sums_below = np.cumsum(counts * np.arange(256))
    number, total = numbers_below[-1], sums_below[-1]
    numerator = (total * numbers_below - sums_below * number) ** 2
    denominator = numbers_below * (number - numbers_below)
    # If one class is empty this is 0 / 0, which nanargmax leaves out.
    with np.errstate(divide='ignore', invalid='ignore'):
        variance_between = numerator / denominator
    upper_edges = edges[1:]
    return upper_edges[np.nanargmax(variance_between)]


def _large_spots(dark: np.ndarray) -> np.ndarray:
    """The pixels of `dark` (H, W) bool that are in large connected spots.

    There may be several, as a digit may have strokes that do not touch. Smaller spots are dirt.
    """
    spots, count = ndimage.label(dark, NEIGHBOURS)
    numbers = np.arange(1, count + 1)
    sizes = ndimage.sum_labels(np.ones(dark.shape), spots, numbers)
    is_large = sizes >= MIN_SPOT_SHARE * sizes.max()
    return np.isin(spots, numbers[is_large])


def _fit_into_box(digit: Image.Image) -> np.ndarray:
    """Scales a digit so that its longer side is BOX_SIDE: (h, w) uint8."""
    scale = BOX_SIDE / max(digit.size)
    width = max(1, round(scale * digit.width))
    height = max(1, round(scale * digit.height))
    return np.asarray(digit.resize((width, height), Image.Resampling.LANCZOS))


def _centre(digit: np.ndarray) -> np.ndarray:
    """Places a digit (h, w) uint8 in a black image (28, 28), its centre of mass in the middle.

    The digit stays whole, even if its centre of mass then is not quite in the middle.
    """
    height, width = digit.shape
    row, column = ndimage.center_of_mass(digit)
    middle = (IMAGE_SIDE - 1) / 2
    top = int(np.clip(round(middle - row), 0, IMAGE_SIDE - height))
    left = int(np.clip(round(middle - column), 0, IMAGE_SIDE - width))
    image = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    image[top : top + height, left : left + width] = digit
    return image
