"""The files of experiments/results: made from a run's folder, written, and read again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.core import file_schema
from experiments.core.defaults import base
from experiments.core.schemas.command_files import Predictions
from experiments.core.schemas.fields import LayerStatistics
from experiments.core.schemas.final_tests import LengthTable, RecallTest
from experiments.core.schemas.records import (
    EpochRecord,
    StatisticsRecord,
    TenBatchesRecord,
    WindowRecord,
)
from experiments.core.schemas.results import RunResults
from experiments.core.schemas.rows import FailedRow, MeasurementRow, PictureRow, RowResults
from experiments.reports import result_files
from experiments.reports.catalogue import RESULTS_FOLDER
from experiments.reports.result_files import (
    CURVE_EPOCHS,
    CURVE_POINTS,
    STATISTICS_LAYERS,
)
from jaxdl import UserError
from jaxdl.metrics import Summary, SummaryList, summarize

pytestmark = pytest.mark.quick
# A rate of many digits: a Config is compared with the one of the file.
CONFIG = replace(base('recall'), learning_rate=10**-2.5, seeds=3)
EPOCHS = 60
PREDICTIONS = Predictions(['7'], [7], [0.5], {'as MNIST': Summary(0.123456789, None)})


def scores(value, seeds=3):
    summary = summarize([0.1, *[value / 3] * (seeds - 1)], keep_seeds=True)
    return {'loss': summary, 'accuracy': summary}


def layer(value):
    summary = Summary(value, 0.1)
    return LayerStatistics(
        summary, summary, summary, summary, summary, range=[0.0, 1.0], histogram=[1, 2]
    )


def ten_batches(epoch):
    if epoch <= EPOCHS - 2:
        return []
    summary = SummaryList([0.5, epoch], [0.1, 0.1], [[0.5, epoch]] * 3)
    return [TenBatchesRecord(epoch, [1, 11], {'loss': summary, 'accuracy': summary})]


def write_run(folder, config=CONFIG):
    """The folder of a finished run, as training leaves it."""
    folder.mkdir()
    with open(folder / 'metrics.jsonl', 'w') as file:
        for epoch in range(1, EPOCHS + 1):
            summary = Summary(epoch / 7, 0.1)
            window = WindowRecord(epoch, epoch, {'loss': summary, 'accuracy': summary})
            whole = EpochRecord(
                epoch=epoch,
                step=epoch,
                seconds=0.5,
                train=scores(epoch / EPOCHS, config.seeds),
                last_batch=scores(0.5, config.seeds),
                validation=scores(0.5, config.seeds),
            )
            layers = dict.fromkeys(('cell', *STATISTICS_LAYERS), layer(epoch / 7))
            statistics = StatisticsRecord(epoch, epoch - 1, layers)
            for record in (statistics, *ten_batches(epoch), window, whole):
                file.write(file_schema.to_line(record))
    table = LengthTable([3], accuracy=SummaryList([1 / 3], [0.0]))
    results = RunResults(
        version='1',
        versions={'python': '3', 'jax': '1', 'flax': '1', 'optax': '1'},
        config=config.identity(),
        device='1 x cpu',
        parameters=10,
        epoch=EPOCHS,
        step=EPOCHS,
        seconds={'compile': 2.5, 'data': 1.5, 'write': 3.5},
        train=scores(1.0, config.seeds),
        first_batch=scores(2.0, config.seeds),
        last_batch=scores(0.5, config.seeds),
        validation=scores(0.5, config.seeds),
        final_test=RecallTest(Summary(1 / 3, 0.0, [1 / 3] * config.seeds), {'random': table}, []),
    )
    file_schema.write_json(folder / 'results.json', results)


@pytest.fixture
def row(tmp_path):
    write_run(tmp_path / 'run')
    return result_files.row_of_run(tmp_path / 'run')


def test_a_row_has_the_results_of_its_run(row):
    assert row.config == CONFIG.identity()
    assert row.final_test.accuracy.seeds == [1 / 3] * 3
    assert row.train == scores(1.0)
    assert row.first_batch == scores(2.0)
    assert row.ten_batches == [*ten_batches(EPOCHS - 1), *ten_batches(EPOCHS)]
    assert row.proofs is None


def test_seconds_are_those_of_the_whole_run(row):
    assert row.seconds == {'train': 0.5 * EPOCHS, 'compile': 2.5, 'data': 1.5}


def test_metrics_that_lack_epochs_are_an_error(tmp_path):
    folder = tmp_path / 'run'
    write_run(folder)
    lines = (folder / 'metrics.jsonl').read_text().splitlines(keepends=True)
    (folder / 'metrics.jsonl').write_text(''.join(lines[:-1]))
    with pytest.raises(UserError, match='59 of 60 epochs'):
        result_files.row_of_run(folder)


def test_the_last_layer_statistics_are_kept_without_histograms(row):
    (statistics,) = row.layer_statistics
    assert statistics.step == EPOCHS - 1
    assert statistics.layers['cell'].mean == Summary(EPOCHS / 7, 0.1)
    assert statistics.layers['cell'].histogram is None


def test_the_statistics_of_convolutions_are_kept_over_the_steps(row):
    curve = row.statistics_curve
    assert curve.steps == list(range(1, EPOCHS, 2))  # every second one of 60, for at most 50
    assert tuple(curve.layers) == STATISTICS_LAYERS
    for statistics in curve.layers.values():
        assert tuple(statistics) == ('mean', 'std', 'min', 'max', 'dead')
        for summary in statistics.values():
            assert summary.mean == [(step + 1) / 7 for step in curve.steps]
            assert summary.ci95 == [0.1] * 30


@pytest.mark.parametrize(
    ('kind', 'most', 'stride'), [(WindowRecord, CURVE_POINTS, 3), (EpochRecord, CURVE_EPOCHS, 2)]
)
def test_curves_are_thinned_out(row, kind, most, stride):
    epochs = [record.epoch for record in result_files.records_of(kind, row.curve)]
    assert len(epochs) <= most
    assert epochs[-1] == EPOCHS
    assert set(map(int.__sub__, epochs[1:], epochs)) == {stride}


@pytest.mark.parametrize(('seeds', 'are_kept'), [(3, True), (100, False)])
def test_many_seeds_are_left_out_of_curves(tmp_path, seeds, are_kept):
    write_run(tmp_path / 'run', replace(CONFIG, seeds=seeds))
    row = result_files.row_of_run(tmp_path / 'run')
    last = row.curve[-1]
    for split in ('train', 'last_batch', 'validation'):
        assert (getattr(last, split)['accuracy'].seeds is not None) == are_kept
    assert last.test is None
    assert row.train['accuracy'].seeds is not None


def test_floats_are_rounded_but_not_the_config(row, tmp_path):
    file = tmp_path / 'D-recall.json'
    result_files.write(file, row)
    content = json.loads(file.read_text())
    assert content['final_test']['accuracy']['seeds'] == [0.33333] * 3
    assert content['config']['learning_rate'] == 10**-2.5


def test_a_file_comes_back_for_its_config(row, tmp_path):
    result_files.write(tmp_path / 'D-recall.json', row)
    same = result_files.read('D-recall', CONFIG, tmp_path, print)
    assert isinstance(same, RowResults)
    assert same.curve[-1].epoch == EPOCHS
    fewer_seeds = replace(CONFIG, seeds=1, workdir='elsewhere')
    assert result_files.read('D-recall', fewer_seeds, tmp_path, print) == same
    assert result_files.read('other', CONFIG, tmp_path, print) is None


def test_failures_pictures_and_measurements_come_back(tmp_path):
    failure = FailedRow('1', {}, 'cpu', CONFIG.identity(), 'the loss is not finite')
    picture = PictureRow('1', CONFIG.identity(), [PREDICTIONS])
    measured = {'explained': Summary(0.5, None, [0.5])}
    measurement = MeasurementRow('1', CONFIG.identity(), measured)
    for name, row in (('failure', failure), ('picture', picture), ('measure', measurement)):
        result_files.write(tmp_path / f'{name}.json', row)
        assert result_files.read(name, CONFIG, tmp_path, print) == row


def test_a_file_that_does_not_fit_is_ignored(row, tmp_path):
    file = tmp_path / 'D-recall.json'
    result_files.write(file, row)
    lines = []

    def read(config):
        return result_files.read('D-recall', config, tmp_path, lines.append)

    assert read(replace(CONFIG, hidden=4)) is None
    assert read(replace(CONFIG, seeds=4)) is None
    file.write_text(file.read_text()[:100])
    assert read(CONFIG) is None
    assert lines == [
        'D-recall (other settings: hidden (10 there, 4 here))',
        'D-recall (3 seeds, fewer than 4)',
        'D-recall (cannot be read)',
    ]


def test_files_that_are_ignored_are_one_line():
    folder = Path('results')
    one = result_files.ignored_text(['a (cannot be read)'], folder)
    assert one == 'files ignored in results (1): a (cannot be read)'
    seven = result_files.ignored_text(list('abcdefg'), folder)
    assert seven == 'files ignored in results (7): a, b, c, d, e, and 2 more'


def test_committed_results_can_be_read():
    unreadable = []
    for file in sorted(RESULTS_FOLDER.glob('*.json')):
        content = file_schema.read_content(file)
        kind = RowResults
        if 'found' in content:
            kind = PictureRow
        elif 'measured' in content:
            kind = MeasurementRow
        if file_schema.to_json(file_schema.from_json(content, kind)) != content:
            unreadable.append(file.name)
    assert unreadable == []
