"""python -m experiments.reproduce and report, on a few small rows; the verdict's rule by hand; every row of the CSV has a home."""

import dataclasses
import json
import math
import re
import shutil

from pathlib import Path

import numpy as np
import pytest
from experiments.reports import (
    sections as comparisons,
    catalogue as jobs,
    presets,
    result_files as results,
    agreement as verdicts,
)
from experiments import report, reproduce
from experiments.core.command import command
from experiments.reports.presets import COLUMNS, PROVENANCE
from experiments.training.run import run

SMALL = dict(
    train_size=64, batch_size=16, validation_size=50, epochs=2, max_length=5, mesh='seeds:1'
)
ADDER = dataclasses.replace(
    presets.TASKS['binary_add'], learning_rate=10**-2.5, **SMALL
)  # no number of few digits
JOBS = {
    'D-add-mse-h5': ADDER,
    'E-add-ce-h3-L3': ADDER,
    'rate-lstm-0.1': dataclasses.replace(ADDER, learning_rate=0.1),
    'E-recall-gru2': dataclasses.replace(
        presets.TASKS['recall'],
        **{**SMALL, 'max_length': 10},
        hidden=2,
        learning_rate=1e38,
        optimizer='sgd',
        cell='gru',
    ),
    'E-lstm128': dataclasses.replace(
        presets.base('mnist_rnn', 'digits'), hidden=3, epochs=2, train_size=64, mesh='seeds:1'
    ),
}
ALL = {**jobs.jobs(), **JOBS}


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    return [tmp_path_factory.mktemp(name) for name in ('runs', 'kept', 'out')]


def reproduced(capsys, folders, *flags, known=ALL):
    """(exit code, stdout, stderr) of the command on JOBS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, 'jobs', lambda: known)
        with pytest.raises(SystemExit) as stopped:
            command(
                reproduce.main,
                [
                    'reproduce',
                    f'--workdir={folders[0]}',
                    f'--results={folders[1]}',
                    '--seeds=3',
                    f'--rows={",".join(JOBS)}',
                    *flags,
                ],
            )
    return stopped.value.code or 0, *capsys.readouterr()


def kept(folders, name):
    return json.loads((folders[1] / f'{name}.json').read_text())


def test_rows_are_run_once_in_groups_and_kept(capsys, folders):
    assert jobs.groups(
        {name: dataclasses.replace(config, seeds=3) for name, config in JOBS.items()}
    ) == [['D-add-mse-h5', 'E-add-ce-h3-L3', 'rate-lstm-0.1'], ['E-recall-gru2'], ['E-lstm128']]
    code, out, _ = reproduced(capsys, folders)
    assert code == 0 and '5 rows, 4 different trainings: 0 are done, 4 to do' in out
    assert {file.stem for file in folders[1].glob('*.json')} == JOBS.keys() - {
        'E-add-ce-h3-L3'
    }  # that is D-add-mse-h5 again
    found = kept(folders, 'D-add-mse-h5')
    assert (
        len(found['tested']['exact_match']['seeds']) == 3
        and found['versions']['jax']
        and found['seconds']['train'] > 0
    )
    assert found['config'] == dataclasses.replace(ADDER, seeds=3).identity()
    np.testing.assert_allclose(
        found['tested']['exact_match']['mean'],
        np.mean(found['tested']['exact_match']['seeds']),
        rtol=1e-4,
    )
    assert 'the loss of seed 0 is not finite' in kept(folders, 'E-recall-gru2')['failed']
    code, out, _ = reproduced(capsys, folders)
    assert code == 0 and '4 are done, 0 to do' in out


def test_files_that_do_not_fit_are_said_and_redone(capsys, folders):
    whole = kept(folders, 'E-lstm128')
    (folders[1] / 'E-lstm128.json').write_text(json.dumps(whole)[:100])
    other = kept(folders, 'D-add-mse-h5')
    other['config']['hidden'] = 4
    (folders[1] / 'D-add-mse-h5.json').write_text(json.dumps(other))
    code, out, _ = reproduced(capsys, folders)
    assert code == 0 and 'E-lstm128.json cannot be read: ignored' in out
    assert (
        'D-add-mse-h5.json is of other settings, hidden (4 there, 5 here): ignored' in out
        and '2 to do' in out
    )
    assert (
        kept(folders, 'E-lstm128') == whole
        and kept(folders, 'D-add-mse-h5')['config']['hidden'] == 5
    )
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # other settings under the same id: another folder, the old one is left alone
        patch.setitem(ALL, 'E-lstm128', dataclasses.replace(JOBS['E-lstm128'], hidden=4))
        code, out, _ = reproduced(capsys, folders, '--rows=E-lstm128')
    assert (
        code == 0
        and 'is of other settings, hidden (3 there, 4 here): ignored' in out
        and kept(folders, 'E-lstm128')['config']['hidden'] == 4
    )
    assert len([*folders[0].glob('E-lstm128-*')]) == 2
    (folders[1] / 'E-lstm128.json').write_text(json.dumps(whole))
    said = []
    assert (
        results.read(
            'E-lstm128', dataclasses.replace(JOBS['E-lstm128'], seeds=4), folders[1], said.append
        )
        is None
    )
    assert 'is of 3 seeds, fewer than 4' in said[0]


def test_a_longer_run_goes_on_from_a_shorter_one(capsys, tmp_path):
    """And is the run that it is alone, bit for bit; one that ends within an epoch, or is tidied, is no start of another."""
    base = dataclasses.replace(
        presets.base('mnist_cnn', 'digits'),
        hidden=3,
        train_size=64,
        batch_size=16,
        validation_size=50,
        mesh='seeds:1',
        statistics_every=0,
    )
    known = {
        **ALL,
        **{
            f'hidden-rnn-{steps}': dataclasses.replace(base, steps=steps)
            for steps in (3, 8, 10, 12)
        },
    }  # of 4 an epoch
    folders = tmp_path, tmp_path / 'kept'

    def going_on(name):
        code, out, _ = reproduced(capsys, folders, f'--rows={name}', '--seeds=2', known=known)
        assert code == 0
        return re.findall('going on after epoch .', out)

    later = ['going on after epoch 2']  # of the run of 8 steps
    assert [going_on(f'hidden-rnn-{steps}') for steps in (3, 8, 10, 12)] == [[], [], later, later]
    (short,), (long,) = (tmp_path.glob(f'hidden-rnn-{steps}-*') for steps in (8, 12))
    alone, _ = run(
        dataclasses.replace(known['hidden-rnn-12'], seeds=2, workdir=str(tmp_path / 'alone')),
        say=lambda line: None,
    )
    scores = [
        [
            {**json.loads(line), 'seconds': 0}
            for line in (folder / 'metrics.jsonl').read_text().splitlines()
        ]
        for folder in (alone, long)
    ]
    assert scores[0] == scores[1] and scores[0][-1]['step'] == 12
    shutil.rmtree(short / 'checkpoints')
    shutil.rmtree(long)
    (folders[1] / 'hidden-rnn-12.json').unlink()
    assert going_on('hidden-rnn-12') == []


def test_pictures_are_of_the_row_that_they_name(capsys, folders):
    """samples-mnist shows the figure that E-lstm128's run has drawn; its file comes last, so that a stop before it redoes it."""
    code, out, _ = reproduced(capsys, folders, '--rows=samples-mnist')
    assert code == 0 and '0 to do; 1 rows of pictures to do' in out
    assert (folders[1] / 'samples-mnist-samples.jpg').stat().st_size > 5000 and kept(
        folders, 'samples-mnist'
    )['config']['hidden'] == 3
    assert '0 rows of pictures to do' in reproduced(capsys, folders, '--rows=samples-mnist')[1]
    (folders[1] / 'samples-mnist.json').unlink()
    (run,) = [
        folder
        for folder in folders[0].glob('E-lstm128-*')
        if json.loads((folder / 'config.json').read_text())['hidden'] == 3
    ]
    shutil.rmtree(run)  # a clone has the results and no runs: the net is trained again
    code, out, _ = reproduced(capsys, folders, '--rows=samples-mnist')
    assert (
        code == 0
        and '1 to do; 1 rows of pictures to do' in out
        and (folders[1] / 'samples-mnist.json').exists()
    )


def test_unknown_rows_list_near_ones(capsys, folders):
    code, _, err = reproduced(capsys, folders, '--rows=E-recall-gru3')
    assert (
        code == 2
        and err
        == 'error: --rows=E-recall-gru3 matches no row; near ones: E-recall-gru5, E-recall-gru2, E-recall-gru10, E-recall-rnn5, E-recall-rnn2\n'
    )
    assert reproduced(capsys, folders, '--seeds=-1')[0] == 2


def test_the_report_is_one_page_that_needs_nothing_else(capsys, folders, monkeypatch):
    monkeypatch.setattr(jobs, 'jobs', lambda: ALL)
    with pytest.raises(SystemExit) as stopped:
        command(report.main, ['report', f'--results={folders[1]}', f'--out={folders[2]}'])
    assert not stopped.value.code, capsys.readouterr()
    text, page = ((folders[2] / name).read_text() for name in ('REPORT.md', 'report.html'))
    exact = kept(folders, 'D-add-mse-h5')['tested']['exact_match']
    line = next(line for line in text.splitlines() if line.startswith('| `E-add-ce-h3-L3`'))
    assert f'| 83.90 | {100 * exact["mean"]:.2f} ± {100 * exact["ci95"]:.2f} |' in line
    verdict = verdicts.judge(
        next(row for row in ROWS if row['id'] == 'E-add-ce-h3-L3'), kept(folders, 'D-add-mse-h5')
    )
    assert f'| {verdict.text()} | 3 |' in line and 'Diverged: E-recall-gru2' in text
    assert '| `E-recall-gru5` | accuracy | 100.00 |  |  | not run |' in text
    assert (
        not re.search(r'(src|href)="(?!data:|#)', page)
        and 'name="viewport"' in page
        and page.count('<table>') > 5
    )
    for file in re.findall(r'\]\(([^)]+\.(?:png|jpg))\)', text):
        assert (folders[2] / file).exists()


def test_what_is_committed_is_what_the_command_writes(tmp_path, capsys):
    """README and REPORT.md quote the headline that experiments/results give."""
    with pytest.raises(SystemExit):
        command(report.main, ['report', f'--out={tmp_path}'])
    line = capsys.readouterr().out.splitlines()[0]
    root = Path(__file__).parents[1]
    assert (
        line.startswith('Of ')
        and f'**{line}**' in (root / 'REPORT.md').read_text()
        and f'**{line}**' in (root / 'README.md').read_text()
    )


def test_one_seed_gives_a_page_without_intervals(tmp_path, folders, monkeypatch, capsys):
    monkeypatch.setattr(jobs, 'jobs', lambda: ALL)
    for file in folders[1].glob('*.json'):
        found = json.loads(file.read_text())
        (tmp_path / file.name).write_text(json.dumps(_first_seed(found)))
    with pytest.raises(SystemExit) as stopped:
        command(report.main, ['report', f'--results={tmp_path}', f'--out={tmp_path / "out"}'])
    assert not stopped.value.code, capsys.readouterr()
    text = (tmp_path / 'out' / 'REPORT.md').read_text()
    assert (
        '| one seed | 1 |' in text
        and 'nan' not in text
        and 'inf' not in text.replace('information', '')
    )


def _first_seed(tree):
    """A file's content as a run of one seed writes it."""
    if isinstance(tree, list):
        return [_first_seed(value) for value in tree]
    if not isinstance(tree, dict):
        return tree
    tree = {name: _first_seed(value) for name, value in tree.items()}
    if isinstance(tree.get('seeds'), list):
        return {'mean': tree['seeds'][0], 'ci95': None, 'seeds': tree['seeds'][:1]}
    return {
        **tree,
        **({'ci95': None} if 'ci95' in tree else {}),
        **({'seeds': 1} if 'seeds' in tree else {}),
    }


ROWS = presets.rows()


def test_every_row_has_one_home():
    trained, drawn = presets.presets(), presets.PICTURES
    assert (
        trained.keys() | drawn.keys() == {row['id'] for row in ROWS}
        and not trained.keys() & drawn.keys()
    )
    assert all(row in trained for row, *_ in drawn.values())


def test_no_number_is_in_two_places():
    """What the CSV's columns say, neither PROVENANCE nor CHOSEN says again."""
    columns = {field for field, _ in COLUMNS.values()}
    assert not columns & {name for known in PROVENANCE.values() for name in known}
    rows = {row['id']: row for row in ROWS}
    for name, (_, fields) in presets.CHOSEN.items():
        stated = {field for column, (field, _) in COLUMNS.items() if rows[name][column]}
        assert not rows[name]['lr'] and not stated & fields.keys(), name


def test_jobs_and_their_sections_fit():
    known = jobs.jobs()
    assert len(known) == len(presets.presets()) + 24 + 18 + 2 + 6
    assert (
        known['rate-gru-0.01'].learning_rate == 0.01
        and known['hidden-rnn-256'].hidden == 256
        and known['proof-lstm3'].starts == 8
    )
    assert (
        jobs.home('D-add-mse-h5-cmp', known) == 'D-add-mse-h5'
        and jobs.home('C-rnn64', known) == 'C-rnn'
    )
    assert jobs.select('B-deconv-all,proof-*5') == [
        'proof-rnn5',
        'proof-gru5',
        'proof-lstm5',
        'B-deconv-all',
    ]
    assert all(any(name.startswith(start) for name in known) for *_, start in comparisons.SECTIONS)


ROW = {
    'provenance': '',
    'report': 'E',
    'task': 'mnist_rnn',
    'test_size': '10000',
    'batch_size': '64',
    'reported_test_acc': '.97',
    'reported_train_acc': '',
}


def _result(*seeds):
    return {'tested': {'accuracy': {'mean': float(np.mean(seeds)), 'ci95': 0.0, 'seeds': [*seeds]}}}


def test_the_verdict_by_hand():
    """Seeds .96, .97, .98: t(2) = 4.303, s = .01, so 4.303 x .01 x sqrt(4/3) = .04968; the test set adds 1.96 sqrt(.97 x .03 / 10000) = .00334."""
    verdict = verdicts.judge(ROW, _result(0.96, 0.97, 0.98))
    assert verdict.kind == 'stands' and abs(verdict.half - math.hypot(0.04968, 0.00334)) < 1e-4
    low = verdicts.judge({**ROW, 'reported_test_acc': '.9'}, _result(0.96, 0.97, 0.98))
    assert low.kind == 'differs' and low.text() == 'differs by -7.0'
    assert (
        verdicts.judge(
            {**ROW, 'reported_test_acc': '.999', 'test_size': '500'}, _result(1.0, 1.0, 1.0)
        ).kind
        == 'stands'
    )
    drawn = verdicts.judge(
        {**ROW, 'reported_test_acc': '.5', 'test_size': '1000'}, _result(0.5, 0.5)
    )  # two draws of 1,000: 1.96 sqrt(2 x .25 / 1000)
    assert abs(drawn.half - 0.04383) < 1e-5
    about = verdicts.judge(
        {**ROW, 'reported_test_acc': '.95', 'provenance': "'~' values"}, _result(0.93, 0.93)
    )  # sqrt(.025^2 + (1.96^2 x .94 x .06 / 10000))
    assert about.kind == 'stands' and abs(about.half - 0.02543) < 1e-5
    assert verdicts.judge(ROW, _result(0.5)).kind == 'one seed'
    assert (
        verdicts.judge(
            {**ROW, 'reported_test_acc': '.99', 'test_size': '10000'}, _result(1.0, 1.0, 1.0)
        ).kind
        == 'differs'
    )
    assert verdicts.judge({**ROW, 'reported_test_acc': ''}, _result(1.0, 1.0)).kind == 'no number'
    assert (
        verdicts.judge(ROW, None).kind == 'not run'
        and verdicts.judge(ROW, {'failed': 'x'}).kind == 'diverged'
    )
    batch = {
        **_result(0.5, 0.5),
        'last_batch': {'accuracy': {'mean': 1.0, 'ci95': 0.0, 'seeds': [1.0, 1.0]}},
    }
    assert (
        verdicts.judge({**ROW, 'reported_test_acc': '', 'reported_train_acc': '1.0'}, batch).kind
        == 'stands'
    )


def test_adders_are_judged_by_what_their_report_counts():
    assert verdicts.score({'task': 'binary_add', 'report': 'D'}) == 'bit_accuracy'
    assert verdicts.score({'task': 'binary_add', 'report': 'E'}) == 'exact_match'


def test_a_difference_of_means_is_welchs():
    """Against scipy's own test: the interval excludes 0 just where p < .05, at its edge."""
    from experiments.reports.claims import difference
    from scipy import stats

    rng = np.random.default_rng(0)
    a, b = rng.normal(0.3, 1, 12), rng.normal(0, 3, 30)
    found, known = (
        difference({'seeds': a}, {'seeds': b}),
        stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95),
    )
    np.testing.assert_allclose(
        [found['mean'] - found['ci95'], found['mean'] + found['ci95']], [known.low, known.high]
    )
