"""Writes the page: REPORT.md with files of pictures beside it, and report.html, which has them all.

The templates lie in the folder templates/.
"""

import base64
import functools
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import markdown
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from PIL import Image
from tqdm import tqdm

from experiments.reports.page.blocks import Block, Picture, walk
from jaxdl.durable_files import write_whole
from jaxdl.figures.base import Figure, to_webp

PHOTO_QUALITY = 45  # of WebP, from 0 to 100
PHOTO_WIDTH = 1000  # pixels, as wide as the page
MARKED = re.compile(r'[`*_\[\\<&]')  # a text without these is no Markdown


class ImageData(NamedTuple):
    """A picture within HTML: a data: address, and its size in pixels."""

    address: str
    width: int
    height: int


def write_page(title: str, blocks: Sequence[Block], folder: Path, figure_folder: Path) -> None:
    """Writes REPORT.md, report.html, and the figures.

    Args:
        title: Of the page.
        blocks: Its content.
        folder: Where the page lies.
        figure_folder: Where figures are written, as <name>.webp.
    """
    files = write_figures(blocks, figure_folder)
    write_whole(folder / 'REPORT.md', to_markdown(title, blocks, folder, files))
    write_whole(folder / 'report.html', to_html(title, blocks, files))


def write_figures(blocks: Sequence[Block], figure_folder: Path) -> dict[str, Path]:
    """Draws all figures; the files of all pictures, by name."""
    pictures = [block for block in walk(blocks) if isinstance(block, Picture)]
    files = {}
    for picture in tqdm(pictures, 'figures', unit='figure'):
        if isinstance(picture.image, Figure):
            figure_folder.mkdir(parents=True, exist_ok=True)
            files[picture.name] = figure_folder / f'{picture.name}.webp'
            write_whole(files[picture.name], to_webp(picture.image))
        else:
            files[picture.name] = picture.image
    return files


def to_markdown(title: str, blocks: Sequence[Block], folder: Path, files: dict[str, Path]) -> str:
    """The page as Markdown.

    Args:
        title: Of the page.
        blocks: Its content.
        folder: Where the page lies. The paths of pictures are relative to it.
        files: Of the pictures, by name.
    """

    def path(picture):
        return Path(os.path.relpath(files[picture.name], folder)).as_posix()

    environment = _environment()
    environment.filters['path'] = path
    environment.filters['cell_text'] = _cell_text
    text = environment.get_template('page.md.jinja').render(title=title, blocks=blocks)
    # A template leaves empty lines where it has lines of its own.
    return re.sub(r'\n{3,}', '\n\n', text).strip() + '\n'


def _cell_text(text: str) -> str:
    # A bar within a cell would end it, and so would the end of the line.
    return text.replace('|', '\\|').replace('\n', ' ')


def to_html(title: str, blocks: Sequence[Block], files: dict[str, Path]) -> str:
    """The page as one HTML file, which needs no other file, no script and no network.

    Args:
        title: Of the page.
        blocks: Its content.
        files: Of the pictures, by name.
    """

    def data(picture):
        return image_data(files[picture.name])

    environment = _environment()
    environment.autoescape = True
    environment.filters['data'] = data
    environment.filters['inline'] = inline_html
    return environment.get_template('page.html.jinja').render(title=title, blocks=blocks)


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader('experiments.reports.page'),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@functools.cache
def _converter() -> markdown.Markdown:
    converter = markdown.Markdown()
    # Texts have no HTML of their own: a < in them is a sign.
    converter.preprocessors.deregister('html_block')
    converter.inlinePatterns.deregister('html')
    return converter


def inline_html(text: str) -> Markup:
    """The HTML of a text of one paragraph."""
    if not MARKED.search(text):
        return escape(text)
    html = _converter().reset().convert(text)
    return Markup(html.removeprefix('<p>').removesuffix('</p>'))


def image_data(file: Path) -> ImageData:
    """A picture file for HTML. One that is no WebP is written as such, and smaller."""
    content = file.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        if image.format != 'WEBP':
            content = _smaller(image)
            height = round(height * min(1, PHOTO_WIDTH / width))
            width = min(width, PHOTO_WIDTH)
    encoded = base64.b64encode(content).decode()
    return ImageData(f'data:image/webp;base64,{encoded}', width, height)


def _smaller(image: Image.Image) -> bytes:
    if image.width > PHOTO_WIDTH:
        size = PHOTO_WIDTH, round(image.height * PHOTO_WIDTH / image.width)
        image = image.resize(size, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, 'webp', quality=PHOTO_QUALITY, method=6)
    return stream.getvalue()
