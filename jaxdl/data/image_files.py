"""Image files of users, which may come from anybody."""

import os
import warnings
from collections.abc import Callable
from typing import TypeVar

from PIL import Image

from jaxdl import UserError

T = TypeVar('T')
# Of the formats that Pillow knows, those of photos and scans. For EPS it would run Ghostscript.
FORMATS = ('BMP', 'GIF', 'JPEG', 'PNG', 'PPM', 'TIFF', 'WEBP')
MOST_PIXELS = 80_000_000  # a small file may say that it is a huge image


def read_image(file: str | os.PathLike, decode: Callable[[Image.Image], T]) -> T:
    """Reads an image file.

    Args:
        file: Its path.
        decode: Makes the result of the opened image, whose pixels are not decoded yet.

    Raises:
        UserError: There is no such file, or no image that can be decoded, or one of more than
            MOST_PIXELS.
    """
    if not os.path.exists(file):
        raise UserError(f'{file} does not exist')
    # To open a pipe would wait for ever.
    if not os.path.isfile(file):
        raise UserError(f'{file} is no image file that can be read')
    try:
        with warnings.catch_warnings():
            # Pillow warns of damage in what it can do without.
            warnings.simplefilter('ignore')
            with Image.open(file, formats=FORMATS) as image:
                pixels = image.width * image.height
                if pixels <= MOST_PIXELS:
                    return decode(image)
    except Exception:  # a damaged file makes Pillow raise errors of many kinds
        raise UserError(f'{file} is no image file that can be read') from None
    raise UserError(f'{file} has {pixels:,} pixels; {MOST_PIXELS:,} at most can be read')
