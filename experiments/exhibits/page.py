"""Writes the playground: one HTML file with all nets, styles and scripts in it.

Its sources lie in the folder site/: a template, the HTML of each exhibit, the styles, and scripts,
which share one scope and run in the order of SCRIPTS.
"""

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from experiments.core import file_schema
from experiments.core.schemas.exhibits import Exhibits
from jaxdl.durable_files import write_whole

SITE = Path(__file__).parent / 'site'
# Each file of the arithmetic needs no browser, so that tests can run it in a bare engine.
ARITHMETIC = (
    'numbers.js',
    'weights.js',
    'recurrence.js',
    'addition.js',
    'convolution.js',
    'mnist_form.js',
    'row_reading.js',
    'recall.js',
)
SCRIPTS = (
    *ARITHMETIC,
    'elements.js',
    'adding.js',
    'pictures.js',
    'drawing_pad.js',
    'reading.js',
    'recalling.js',
    'start.js',
)
STYLES = ('page.css', 'reading.css')


def write_page(exhibits: Exhibits, file: Path) -> None:
    """Writes the playground, whole or not at all.

    Args:
        exhibits: The nets that it shows.
        file: What stood there is replaced.
    """
    environment = Environment(
        loader=PackageLoader('experiments.exhibits', 'site'),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    page = environment.get_template('playground.html.jinja').render(
        style=text_of(STYLES),
        script=text_of(SCRIPTS),
        data=_inline_json(exhibits),
    )
    write_whole(file, page)


def text_of(names: tuple[str, ...]) -> str:
    """The files of the folder site/, one after the other."""
    texts = []
    for name in names:
        texts.append((SITE / name).read_text(encoding='utf-8'))
    return '\n'.join(texts)


def _inline_json(exhibits):
    text = json.dumps(file_schema.to_json(exhibits), separators=(',', ':'))
    # A text of the data must not end the script element that holds it.
    return text.replace('<', '\\u003c')
