"""Writes the playground: one HTML file with all nets, styles and scripts in it.

Its sources lie in the folder site/: a template, the HTML of each exhibit, the styles, and scripts,
which share one scope and run in the order of SCRIPTS.
"""

from pathlib import Path

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

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
        style=script_of(STYLES),
        script=script_of(SCRIPTS),
        data=_inline_json(exhibits),
    )
    write_whole(file, page)


def script_of(names: tuple[str, ...]) -> str:
    """The files of the folder site/ as one script."""
    texts = []
    for name in names:
        texts.append((SITE / name).read_text(encoding='utf-8'))
    return '\n'.join(texts)


def _inline_json(exhibits):
    text = msgspec.json.encode(exhibits).decode()
    # A text of the data must not end the script element that holds it.
    return text.replace('<', '\\u003c')
