"""JSON text is the same content, in lines that a reader can compare."""

import json

import pytest
from strangers import nested

from experiments.core.json_text import COLUMNS, to_text

pytestmark = pytest.mark.quick


def test_short_content_is_on_one_line():
    assert to_text({'mean': 0.5, 'ci95': None}) == '{"mean": 0.5, "ci95": null}'
    assert to_text([]) == '[]' and to_text({}) == '{}' and to_text('text') == '"text"'


def test_lists_of_numbers_are_on_one_line_each():
    numbers = list(range(40))
    content = {'seeds': [numbers, numbers], 'more': {'list': numbers, 'short': [[1], [2]]}}
    row = json.dumps(numbers)
    assert to_text(content).splitlines() == [
        '{',
        ' "seeds": [',
        f'  {row},',
        f'  {row}',
        ' ],',
        ' "more": {',
        f'  "list": {row},',
        '  "short": [[1], [2]]',
        ' }',
        '}',
    ]


@pytest.mark.parametrize('value', [{'name': 0.123456789}, [1, 2, 3], 'half a line of text' * 2])
@pytest.mark.parametrize('count', [1, 2, 3, 10])
def test_content_comes_back_in_lines_that_fit(value, count):
    content = [{f'name {i}': [{'inner': value}, [[value]]] * i for i in range(count)}, value]
    text = to_text(content)
    assert json.loads(text) == content
    assert max(map(len, text.splitlines())) <= COLUMNS


def test_deep_content_comes_back():
    content = nested(40)
    assert json.loads(to_text(content)) == content
