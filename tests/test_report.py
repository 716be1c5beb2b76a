"""python -m experiments.report, on a few of the committed results and on all of them."""

import contextlib
import io
import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from experiments import report
from experiments.core import file_schema
from experiments.core.command import run_command
from experiments.core.schemas.rows import FailedRow, RowResults
from experiments.reports import catalogue, result_files
from experiments.reports.catalogue import RESULTS_FOLDER
from experiments.reports.judgement import judge_all
from experiments.reports.reported import reported_rows
from experiments.reports.reported_numbers import reported_numbers
from experiments.reports.verdict_summary import headline_verdicts

ROOT = Path(__file__).parents[1]


def write_report(capsys, *flags):
    """(exit code, stdout, stderr) of the command."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        run_command(report.main, ['report', *flags])
    printed = capsys.readouterr()
    return stopped.value.code or 0, printed.out, printed.err


def headline_of(out):
    """The line that counts the verdicts."""
    (line,) = [line for line in out.splitlines() if line.startswith('Of ')]
    return line


def committed(name):
    """The results of a row, as if they were of its settings of today."""
    results = file_schema.read_json(RESULTS_FOLDER / f'{name}.json', RowResults)
    config = catalogue.runs()[name].identity() | {'seeds': results.config['seeds']}
    return msgspec.structs.replace(results, config=config)


def line_of(text, row):
    """The line of the table of rows that is about a row."""
    start = f'| <a id="row-{row}"></a>`{row}` '
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


@pytest.fixture(scope='module')
def few_results(tmp_path_factory):
    """A folder with an adder, a net on images, and a run that diverged.

    It is for tests that leave the results as they are.
    """
    folder = tmp_path_factory.mktemp('page') / 'results'
    folder.mkdir()
    for name in ('D-add-mse-h5', 'E-lstm128'):
        result_files.write(folder / f'{name}.json', committed(name))
    shutil.copy(RESULTS_FOLDER / 'D-handwriting.json', folder)
    shutil.copy(RESULTS_FOLDER / 'D-handwriting-predictions.jpg', folder)
    failure = FailedRow(
        version='1',
        versions={},
        device='cpu',
        config=catalogue.runs()['E-recall-gru2'].identity(),
        failed='the loss of seed 0 is not finite at step 1',
    )
    result_files.write(folder / 'E-recall-gru2.json', failure)
    return folder


class Page(NamedTuple):
    """The page of `few_results`, which lies above them."""

    folder: Path
    printed: str
    progress: str


@pytest.fixture(scope='module')
def page(few_results):
    """The page, written once; for tests that leave it as it is."""
    folder = few_results.parent
    printed, progress = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(progress):
        report.main(['report', f'--results={few_results}', f'--out={folder}'])
    return Page(folder, printed.getvalue(), progress.getvalue())


def test_the_page_has_numbers_and_verdicts(page):
    for part in ('claims', 'chapters', 'figures'):
        assert f'{part}: 100%' in page.progress
    text = (page.folder / 'REPORT.md').read_text()
    results = committed('E-lstm128')
    line = line_of(text, 'E-lstm128')
    assert f'| 98.58 % | {100 * results.final_test.accuracy.mean:.2f} (' in line
    verdicts = judge_all(reported_numbers(), {'E-lstm128': results}, reported_rows(), {})
    cells = [cell.strip() for cell in line.strip('|').split('|')]
    assert cells[1].endswith(f' {headline_verdicts(verdicts)["E-lstm128"].text()}')
    assert cells[5:8] == ['accuracy', '[curve](#curves-E)', str(results.config['seeds'])]
    assert '| no run: E-recall-gru5 was not run | 100 % |' in line_of(text, 'E-recall-gru5')
    assert '`D-add-mse-h5-cmp` (the same run as `D-add-mse-h5`)' in text
    assert '✗' in text and '✓' in text
    assert 'as MNIST 82.2 ± 7.5 %' in text
    assert f'**{headline_of(page.printed)}**' in text


def test_the_page_needs_nothing_else(page):
    html = (page.folder / 'report.html').read_text()
    assert html.count('<table>') > 20
    # But for a link to the playground, which is a page of its own.
    assert set(re.findall(r'(?:src|href)="(?!data:|#)([^"]*)', html)) == {'docs/playground.html'}
    assert '<script' not in html and '@import' not in html and 'url(' not in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r' href="#([^"]+)"', html)) <= set(ids)
    text = (page.folder / 'REPORT.md').read_text()
    pictures = re.findall(r'\]\(([^)]+\.(?:webp|jpg))\)', text)
    assert 'results/D-handwriting-predictions.jpg' in pictures
    for file in pictures:
        assert (page.folder / file).exists()


def test_figures_lie_with_the_results_below_the_page(capsys, few_results, page, tmp_path):
    assert (page.folder / 'results' / 'figures' / 'curves-D.webp').exists()
    code, _, _ = write_report(capsys, f'--results={few_results}', f'--out={tmp_path}')
    assert code == 0
    assert (tmp_path / 'figures' / 'curves-D.webp').exists()


def first_seed(content):
    """The content of a file as a run of one seed writes it."""
    if isinstance(content, list):
        return [first_seed(value) for value in content]
    if not isinstance(content, dict):
        return content
    reduced = {name: first_seed(value) for name, value in content.items()}
    if 'ci95' in reduced:
        reduced['ci95'] = None
        if 'seeds' in reduced:
            reduced['seeds'] = reduced['seeds'][:1]
            reduced['mean'] = reduced['seeds'][0]
    elif isinstance(reduced.get('seeds'), int):
        reduced['seeds'] = 1
    return reduced


def test_one_seed_gives_a_page_without_intervals(capsys, few_results, tmp_path):
    results = tmp_path / 'results'
    results.mkdir()
    shutil.copy(few_results / 'D-handwriting-predictions.jpg', results)
    for file in few_results.glob('*.json'):
        content = json.loads(file.read_text())
        (results / file.name).write_text(json.dumps(first_seed(content)))
    code, _, err = write_report(capsys, f'--results={results}', f'--out={tmp_path}')
    assert code == 0, err
    text = (tmp_path / 'REPORT.md').read_text()
    line = line_of(text, 'E-lstm128')
    assert '| ? undecided: a single seed shows no scatter | 98.58 % | ' in line
    assert '(#curves-E) | 1 |' in line
    assert not re.search(r'\b(nan|inf)\b', text)
    assert '±' not in line


def test_no_results_give_a_page_too(capsys, tmp_path):
    (tmp_path / 'results').mkdir()
    flags = f'--results={tmp_path / "results"}', f'--out={tmp_path}'
    code, out, err = write_report(capsys, *flags)
    assert code == 0, err
    assert out.startswith('Of 0 reported scores that could be judged 0 agree, 0 differ and 0')
    assert ' no run' in out


@pytest.mark.quick
def test_results_that_are_absent_are_an_error(capsys, tmp_path):
    code, _, err = write_report(capsys, f'--results={tmp_path / "none"}')
    assert code == 2
    assert err.startswith('error: --results=') and 'experiments.reproduce makes it' in err


@pytest.mark.slow
def test_what_is_committed_is_what_the_command_writes(capsys, tmp_path):
    """REPORT.md has the numbers, and README the headline, that experiments/results give."""
    code, out, _ = write_report(capsys, f'--out={tmp_path}')
    assert code == 0
    headline = f'**{headline_of(out)}**'
    assert headline in (ROOT / 'README.md').read_text()
    assert (tmp_path / 'report.html').stat().st_size < 5_000_000
    pictures = re.compile(r'^!\[.*$', re.MULTILINE)  # their paths are others from here
    written, known = (tmp_path / 'REPORT.md').read_text(), (ROOT / 'REPORT.md').read_text()
    assert pictures.sub('', written) == pictures.sub('', known)
