"""A page as Markdown, and as one HTML file."""

import re

import numpy as np
import pytest
from PIL import Image

from experiments.reports.page.document import Page
from jaxdl.figures.base import new_figure

pytestmark = pytest.mark.quick


@pytest.fixture
def page(tmp_path):
    page = Page(tmp_path, tmp_path / 'results' / 'figures')
    page.text('## A chapter')
    page.list(['one', 'two'])
    page.table(['row', 'verdict'], [['a|b', 'stands'], ['c', 'differs by +1.0']])
    page.figure('empty', new_figure(1, 1), 'An empty figure')
    picture = tmp_path / 'results' / 'grey.jpg'
    Image.fromarray(np.full((8, 8), 100, np.uint8)).save(picture)
    page.picture(picture, 'Grey')
    return page


def test_markdown(page):
    assert page.markdown() == (
        '## A chapter\n\n'
        '- one\n- two\n\n'
        '| row | verdict |\n'
        '| --- | --- |\n'
        '| a\\|b | stands |\n'
        '| c | differs by +1.0 |\n\n'
        '![An empty figure](results/figures/empty.png)\n\n*An empty figure*\n\n'
        '![Grey](results/grey.jpg)\n\n*Grey*\n'
    )


def test_figures_are_written(page):
    with Image.open(page.folder / 'results' / 'figures' / 'empty.png') as image:
        assert image.format == 'PNG'


def test_html_needs_no_other_file(page):
    text = page.html('Title & more')
    assert '<title>Title &amp; more</title>' in text
    assert 'name="viewport"' in text
    assert len(re.findall(r'src="data:image/(?:png|jpeg);base64,', text)) == 2
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert '<li>one</li>' in text


def test_verdicts_are_coloured(page):
    text = page.html('Title')
    assert '<td class="stands">stands</td>' in text
    assert '<td class="differs">differs by +1.0</td>' in text
