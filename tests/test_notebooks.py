"""The notebooks: their form, and each one executed from start to end."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import jax
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
    'quickstart': Shown(
        4, ('exact match 100.00', 'is falsified: ', 'proved right at every length')
    ),
    'rnn_on_mnist': Shown(4, ('digits of other writers, as MNIST: ',)),
    'inside_a_cnn': Shown(20, ('deconvnet: ', 'results.json, accuracy.png')),
    'populations': Shown(3, ('| adders at once |',), pages=1),
    'reports': Shown(0, ('2 rows, ', 'wrote runs/report/REPORT.md'), pages=1),
    'gpu': Shown(0, ('passed',), pages=1),
}
MARKS = {
    'quickstart': [pytest.mark.slow],
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


@pytest.mark.parametrize('name', [pytest.param(name, marks=marks) for name, marks in MARKS.items()])
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


@pytest.fixture
def pip_calls(tmp_path, monkeypatch):
    """A function that returns the arguments of each call of pip, which installs nothing."""
    calls = tmp_path / 'calls'
    package = tmp_path / 'packages' / 'pip'
    package.mkdir(parents=True)
    (package / '__init__.py').touch()
    (package / '__main__.py').write_text(
        f'import sys\nprint(*sys.argv[1:], file=open({str(calls)!r}, "a"))\n'
    )
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([str(package.parent), str(ROOT)]))
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path / 'ipython'))
    return lambda: calls.read_text().splitlines() if calls.exists() else []


def repository(folder):
    """A folder that stands for a clone of this repository."""
    folder.mkdir()
    (folder / 'pyproject.toml').touch()
    return folder


def nothing(folder):
    return ''


def uploaded_zip(folder):
    """A zip file with one folder at its top, as GitHub makes them."""
    repository(folder / 'some name')
    return Path(shutil.make_archive('uploaded', 'zip', folder, 'some name')).name


def git_repository(folder):
    clone = repository(folder / 'some name')
    git = ['git', '-C', str(clone), '-c', 'user.name=A', '-c', 'user.email=a@b.c']
    for command in (['init', '-q'], ['add', '.'], ['commit', '-q', '-m', 'all']):
        subprocess.run([*git, *command], check=True)
    return str(clone)


@pytest.mark.parametrize(
    ('make_code', 'installed'),
    [
        (nothing, []),
        pytest.param(
            uploaded_zip, ['install -q -e jaxdl_code/some name[prove]'], marks=pytest.mark.slow
        ),
        (git_repository, ['install -q -e jaxdl_code[prove]']),
    ],
)
def test_the_beginning_installs_and_says_what_it_found(
    make_code, installed, pip_calls, tmp_path, monkeypatch
):
    place = repository(tmp_path / 'clone') / 'colab'
    place.mkdir()
    monkeypatch.chdir(place)
    where, setup = code_cells(nbformat.read(FILES[0], as_version=4))[:2]
    where.source = f'CODE = {make_code(tmp_path)!r}'
    notebook = commands_are_checked(nbformat.v4.new_notebook(cells=[where, setup]))
    NotebookClient(notebook, resources={'metadata': {'path': str(place)}}).execute()
    assert pip_calls() == installed
    printed = ''.join(outputs_of(notebook, 'stdout'))
    assert 'CPU [CpuDevice(id=0)]' in printed
    assert f"'jax': '{jax.__version__}'" in printed


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
