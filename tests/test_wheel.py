"""A wheel of this repository, installed outside of it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

# The project file is written as this version reads it.
pytest.importorskip('setuptools', minversion='77', reason="pip install -e '.[dev]' has it")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
SMALL = ('--epochs=1', '--train_size=640', '--validation_size=50')


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """Of the files that git knows, built without the network."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z'], cwd=ROOT, check=True, capture_output=True, text=True
    )
    source = tmp_path_factory.mktemp('source')
    for name in filter(None, listed.stdout.split('\0')):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    folder = tmp_path_factory.mktemp('wheel')
    _pip('wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', folder, source)
    [file] = folder.glob('jaxdl-*.whl')
    return file, listed.stdout.split('\0')


def _pip(*words):
    argv = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', *map(str, words)]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory):
    """A folder of packages that holds the wheel."""
    folder = tmp_path_factory.mktemp('project') / 'packages'
    _pip('install', '--no-deps', '--no-index', '--target', folder, wheel[0])
    return folder


@pytest.fixture
def run(installed, tmp_path):
    """run(*words) -> what Python prints with these words, far from the clone."""

    def run_python(*words, fails=False, folder=tmp_path):
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=folder,
            env={**os.environ, 'PYTHONPATH': str(installed)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode == 2) if fails else (done.returncode == 0), done.stderr
        return done.stderr if fails else done.stdout

    return run_python


def test_the_wheel_holds_every_file_of_both_packages(wheel):
    file, known_to_git = wheel
    in_packages = {name for name in known_to_git if name.startswith(('jaxdl/', 'experiments/'))}
    with zipfile.ZipFile(file) as archive:
        packed = {name for name in archive.namelist() if '.dist-info/' not in name}
    assert packed == in_packages


def test_a_run_and_its_look_outside_of_the_clone(run, installed, tmp_path):
    place = run('-c', 'import experiments, jaxdl; print(experiments.__file__, jaxdl.__file__)')
    assert all(path.startswith(str(installed)) for path in place.split())
    printed = run('-m', 'experiments.main', '--task=binary_add', '--hidden=5', *SMALL)
    assert 'exact match' in printed
    [folder] = (tmp_path / 'runs').iterdir()
    assert (folder / 'results.json').exists()
    assert 'holds this run, finished' in run(
        installed / 'bin' / 'jaxdl-experiments', 'main', '--task=binary_add', '--hidden=5', *SMALL
    )
    assert '--as_trained=false' in run('-m', 'experiments.prove', '--help')


def test_the_tables_of_the_reports_are_read(run, installed):
    assert '--hidden=128 ' in run('-m', 'experiments.main', '--preset=E-lstm128', '--help')
    figures = installed / 'experiments' / 'results' / 'figures'
    before = {file: file.stat().st_mtime_ns for file in figures.iterdir()}
    # As where the virtual environment lies in the folder of a project.
    project = installed.parent
    printed = run('-m', 'experiments.report', f'--out={project}', folder=project)
    assert {file: file.stat().st_mtime_ns for file in figures.iterdir()} == before
    [headline] = [line for line in printed.splitlines() if 'scores that could be judged' in line]
    for report in (ROOT / 'REPORT.md', project / 'REPORT.md'):
        assert headline in report.read_text()


def test_the_playground_is_that_of_the_clone(run, tmp_path):
    run('-m', 'experiments.playground')
    page = (tmp_path / 'playground.html').read_bytes()
    assert page == (ROOT / 'docs' / 'playground.html').read_bytes()


def test_the_results_of_an_installed_package_stay_as_they_are(run):
    error = run('-m', 'experiments.reproduce', '--rows=E-add-ce-h5-L3', fails=True)
    assert '--results=FOLDER is needed outside of a clone' in error
