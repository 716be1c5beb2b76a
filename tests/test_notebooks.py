"""The notebooks: their form, and each one executed from start to end."""

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / 'colab').glob('*.ipynb'))
# Nowhere but on the machine of whoever wrote it.
PLACES = re.compile(r'/content|/home/|/root|/Users/|/tmp|C:\\', re.IGNORECASE)
LONGEST_CELL = 16  # lines
CHECK = "assert not globals().get('_exit_code'), 'the command failed'"


class Shown(NamedTuple):
    """What a notebook shows.

    Attributes:
        pictures: How many.
        words: What its commands print, among other things.
        pages: How many pages or tables, of HTML or Markdown.
    """

    pictures: int
    words: tuple[str, ...]
    pages: int = 0


SHOWN = {
    'quickstart': Shown(4, ('exact match 100.00', 'is falsified: ', 'proved right at every length')),
    'rnn_on_mnist': Shown(5, ('digits of other writers, as MNIST: ',)),
    'inside_a_cnn': Shown(20, ('deconvnet: ', 'results.json, accuracy.png')),
    'populations': Shown(3, ('| 4096',), pages=1),
    'reports': Shown(0, ('2 rows, ', 'wrote report/REPORT.md'), pages=1),
    'gpu': Shown(0, ('passed',), pages=1),
}
MARKS = {
    'quickstart': [],
    'rnn_on_mnist': [pytest.mark.slow],
    'inside_a_cnn': [pytest.mark.slow],
    'populations': [pytest.mark.slow],
    'reports': [pytest.mark.slow],
    'gpu': [pytest.mark.gpu],
}


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == 'code']


def commands_are_checked(notebook):
    """The notebook with a cell after each code cell, which fails if a command of that cell did."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == 'code':
            cells.append(nbformat.v4.new_code_cell(CHECK))
    return nbformat.from_dict({**notebook, 'cells': cells})


def outputs_of(notebook, kind):
    """All outputs of a kind: text/plain, image/png and so on, or stdout."""
    found = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == 'stream' and kind == 'stdout':
                found.append(output.text)
            elif kind in output.get('data', ()):
                found.append(output.data[kind])
    return found


@pytest.fixture
def another_folder(tmp_path, monkeypatch):
    """A folder of another name with this repository in it, its code first in every process."""
    folder = tmp_path / 'another name'
    folder.mkdir()
    for name in ('jaxdl', 'experiments', 'tests', 'pyproject.toml'):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / 'colab', folder / 'colab', ignore=shutil.ignore_patterns('runs'))
    paths = [folder / 'tests' / 'small_data_sets', folder / 'tests', folder]
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(map(str, paths)))
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path / 'ipython'))
    monkeypatch.setenv('JAXDL_SHORT', '1')
    return folder


@pytest.mark.parametrize(
    'name', [pytest.param(name, marks=marks) for name, marks in MARKS.items()]
)
def test_a_notebook_runs_from_start_to_end(name, another_folder):
    file = another_folder / 'colab' / f'{name}.ipynb'
    notebook = commands_are_checked(nbformat.read(file, as_version=4))
    place = {'metadata': {'path': str(file.parent)}}
    NotebookClient(notebook, timeout=1200, kernel_name='python3', resources=place).execute()

    printed = ''.join(outputs_of(notebook, 'stdout'))
    assert 'CPU' in printed or 'GPU' in printed
    assert 'Traceback' not in printed
    for words in SHOWN[name].words:
        assert words in printed
    assert len(outputs_of(notebook, 'image/png')) == SHOWN[name].pictures
    pages = outputs_of(notebook, 'text/html') + outputs_of(notebook, 'text/markdown')
    assert len(pages) == SHOWN[name].pages
    assert all('</h1>' in page or '| adders' in page for page in pages)


@pytest.mark.quick
def test_each_notebook_is_executed_by_a_test():
    names = {file.stem for file in FILES}
    assert names == set(SHOWN) == set(MARKS)


@pytest.mark.quick
@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_a_notebook_is_stripped_and_thin(file):
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == 'python3'
    assert notebook.cells[0].cell_type == 'markdown'
    assert notebook.cells[0].source.startswith('# ')
    for cell in notebook.cells:
        assert not PLACES.search(cell.source)
        assert len(cell.source.splitlines()) <= LONGEST_CELL
    for cell in code_cells(notebook):
        assert cell.outputs == [] and cell.execution_count is None
        assert not re.search(r'^\s*(def|class|while|try|with) ?', cell.source, re.MULTILINE)


@pytest.mark.quick
def test_all_notebooks_begin_alike():
    beginnings = set()
    for file in FILES:
        where, setup = code_cells(nbformat.read(file, as_version=4))[:2]
        assert where.source.splitlines()[-1] == "CODE = ''"
        beginnings.add((where.source, setup.source))
    assert len(beginnings) == 1
