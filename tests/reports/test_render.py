"""Blocks as Markdown, and as one HTML file."""

from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from experiments.reports.page import render
from experiments.reports.page.blocks import (
    Details,
    Items,
    LinkCell,
    MarkCell,
    NumberCell,
    Picture,
    Row,
    Section,
    Table,
    Text,
    TextCell,
    walk,
)
from jaxdl.figures.base import new_figure

pytestmark = pytest.mark.quick


@pytest.fixture
def blocks(tmp_path):
    picture = tmp_path / 'results' / 'grey.jpg'
    picture.parent.mkdir()
    Image.fromarray(np.full((30, 2000), 100, np.uint8)).save(picture)
    table = Table(
        ['row', 'number', 'verdict', 'curve'],
        [
            Row(
                [
                    TextCell('`a|b`'),
                    NumberCell('1.5'),
                    MarkCell('differs', 'differs by +1'),
                    LinkCell('curve', 'empty'),
                ],
                anchor='row-a',
            ),
            Row([TextCell('c'), NumberCell('2 < 3'), MarkCell('no run', 'no run'), TextCell('')]),
        ],
    )
    part = Section('A part', 'part', [table, Details('More', [Items(['*one*', 'two'])])])
    return [
        Text('A < B and **C**'),
        Section(
            'A chapter',
            'chapter',
            [
                part,
                Picture('empty', new_figure(1, 1), 'An `empty` figure', 'nothing'),
                Picture('grey', picture, 'Grey', 'a "grey" field'),
            ],
        ),
    ]


@pytest.fixture
def written(blocks, tmp_path):
    render.write_page('Title & more', blocks, tmp_path, tmp_path / 'results' / 'figures')
    return tmp_path


def test_markdown(written):
    assert (written / 'REPORT.md').read_text() == (
        '# Title & more\n\n'
        'A < B and **C**\n\n'
        '<a id="chapter"></a>\n\n## A chapter\n\n'
        '<a id="part"></a>\n\n### A part\n\n'
        '| row | number | verdict | curve |\n'
        '| --- | --- | --- | --- |\n'
        '| <a id="row-a"></a>`a\\|b` | 1.5 | ✗ differs by +1 | [curve](#empty) |\n'
        '| c | 2 < 3 | no run |  |\n\n'
        '<details>\n<summary>More</summary>\n\n- *one*\n- two\n\n</details>\n\n'
        '<a id="empty"></a>\n\n![nothing](results/figures/empty.webp)\n\n'
        '*An `empty` figure*\n\n'
        '<a id="grey"></a>\n\n![a "grey" field](results/grey.jpg)\n\n*Grey*\n'
    )


class Elements(HTMLParser):
    """Collects start tags, and checks that each end tag ends the element that is open."""

    VOID = ('meta', 'img', 'br', 'hr', 'link', 'input')

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], ''

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_html(written):
    elements = Elements()
    elements.feed((written / 'report.html').read_text())
    assert elements.open == []
    by_tag = {}
    for tag, attributes in elements.tags:
        by_tag.setdefault(tag, []).append(attributes)
    assert by_tag['html'] == [{'lang': 'en'}]
    assert 'script' not in by_tag and 'link' not in by_tag
    assert [attributes['alt'] for attributes in by_tag['img']] == ['nothing', 'a "grey" field']
    assert len(by_tag['figure']) == len(by_tag['figcaption']) == 2
    for attributes in by_tag['img']:
        assert attributes['src'].startswith('data:image/webp;base64,')
    # A large photograph becomes as wide as the page.
    assert (by_tag['img'][1]['width'], by_tag['img'][1]['height']) == ('1000', '15')
    ids = [attributes['id'] for _, attributes in elements.tags if 'id' in attributes]
    assert sorted(ids) == ['chapter', 'empty', 'grey', 'part', 'row-a']
    targets = [attributes['href'] for attributes in by_tag['a']]
    assert targets == ['#chapter', '#part', '#empty']
    assert 'A < B and C' in elements.text
    assert '2 < 3' in elements.text
    assert {'class': 'bad'} in by_tag['td']


def test_a_figure_is_a_webp_file_and_lies_in_the_page_as_it_is(written):
    file = written / 'results' / 'figures' / 'empty.webp'
    with Image.open(file) as image:
        assert image.format == 'WEBP'
    assert len(render.image_data(file).address) > len(file.read_bytes())


def test_texts_have_no_html_of_their_own():
    assert render.inline_html('a <b>c</b> `<d>` & e') == (
        'a &lt;b&gt;c&lt;/b&gt; <code>&lt;d&gt;</code> &amp; e'
    )


def test_all_blocks_are_walked(blocks):
    kinds = [block.kind for block in walk(blocks)]
    assert kinds.count('items') == 1 and kinds.count('picture') == 2
