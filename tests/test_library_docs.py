"""The examples of docs/library.md print what the page says, each in a folder of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / 'docs' / 'library.md').read_text()
EXAMPLES = re.findall(
    r'^## ([^\n]*)\n(?:(?!^## ).)*?^```python\n(.*?)^```\n\n^```text\n(.*?)^```$',
    PAGE,
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r'\d+(?:\.\d+)?%?')
TOLERANCE = 2  # points of a percentage, as the page says


@pytest.mark.quick
def test_every_example_has_its_output():
    assert len(EXAMPLES) == PAGE.count('```python') == 4
    assert 'differ\nby two points at most' in PAGE
    for title, code, _ in EXAMPLES:
        lines = [line for line in code.splitlines() if line]
        assert 20 <= len(lines) <= 40, title


@pytest.mark.slow
@pytest.mark.parametrize('number', range(4))
def test_an_example_prints_what_the_page_says(number, tmp_path):
    _, code, printed = EXAMPLES[number]
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert NUMBER.sub('#', done.stdout) == NUMBER.sub('#', printed)
    pairs = zip(NUMBER.findall(done.stdout), NUMBER.findall(printed), strict=True)
    for given, promised in pairs:
        if promised.endswith('%'):
            assert abs(float(given[:-1]) - float(promised[:-1])) <= TOLERANCE
        else:
            assert given == promised
