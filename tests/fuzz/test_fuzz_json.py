"""JSON from strangers: each loader gives something of its type, None, or a user's error."""

import dataclasses
import functools
import json

import adder_results
import pytest
from made_up_results import evidence, image_run
from strangers import FEW, MANY, changed, damaged, files_in, fuzz, nested, to_bytes

from experiments.core import file_schema
from experiments.core.config import DATASETS, Config
from experiments.core.schemas.command_files import Predictions, TransferResults
from experiments.core.schemas.fields import LayerStatistics
from experiments.core.schemas.proofs import ProofResults, SeedVerdict
from experiments.core.schemas.records import (
    EpochRecord,
    StatisticsRecord,
    TenBatchesRecord,
    WindowRecord,
)
from experiments.core.schemas.rows import MeasurementRow, PictureRow, RowResults, StatisticsCurve
from experiments.reports import catalogue, result_files
from experiments.reports.catalogue import RESULTS_FOLDER
from experiments.reports.claims.table import ANSWERS
from experiments.reports.judgement import judge_all
from experiments.reports.page.pictures import row_pictures
from experiments.reports.page.render import to_html, to_markdown
from experiments.reports.reported import reported_rows
from experiments.reports.reported_numbers import reported_numbers
from experiments.training import finished_run, workdir
from experiments.training.metrics_log import MetricsLog, read_records
from experiments.training.results_text import results_text
from experiments.views.transfer_learning import known_accuracies
from jaxdl import UserError
from jaxdl.figures.curves import training_curves
from jaxdl.figures.layer_statistics import layer_statistics
from jaxdl.metrics import Summary, SummaryList

CONFIG = Config(seeds=2)
SETTINGS = {'version': '0.1.0', **CONFIG.identity()}
RESULTS = file_schema.to_json(adder_results.adder_results())
PROOFS = file_schema.to_json(
    ProofResults('as trained', 2, {'0': SeedVerdict('proved', None, 0.1, 0.2, 1e-7, 8)})
)
TRANSFER = file_schema.to_json(TransferResults({'steps': 5}, {'from scratch/1/0': 0.5}))
PICTURES = file_schema.to_json(
    PictureRow(
        '0.1.0',
        CONFIG.identity(),
        [Predictions(['7'], [7], [0.5], {'as MNIST': Summary(0.5, None, [0.5])}), None],
    )
)
PURITIES = file_schema.to_json(
    MeasurementRow(
        '0.1.0',
        dataclasses.replace(catalogue.runs()['A-cifar-base'], seeds=2).identity(),
        {'conv1': Summary(0.4, 0.1, [0.3, 0.5]), 'conv2': Summary(0.6, 0.1, [0.5, 0.7])},
    )
)
LAYER = LayerStatistics(*[Summary(0.5, 0.1)] * 4, range=[0.0, 1.0], histogram=[1, 2])


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('stranger')


def write(file, content):
    file.write_bytes(content if isinstance(content, bytes) else to_bytes(content))


def error_line(error):
    """The text of a user's error, which is one line."""
    assert '\n' not in str(error)
    return str(error)


def read_config(folder):
    """What reading a config.json gives; nothing but a Config or a user's error."""
    files = files_in(folder)
    try:
        config = finished_run.read_config(folder)
    except UserError as error:
        error_line(error)
        config = None
    try:
        workdir.prepare(dataclasses.replace(CONFIG, workdir=str(folder)), resume=True)
    except UserError as error:
        error_line(error)
    assert files_in(folder) == files
    return config


def check_config(folder, content):
    write(folder / 'config.json', content)
    config = read_config(folder)
    if config is not None:
        for field in dataclasses.fields(Config):
            assert type(getattr(config, field.name)) is field.type
        assert (config.workdir, config.data_dir) == (str(folder), Config.data_dir)


DEEP = b'[' * 100_000 + b']' * 100_000


@pytest.mark.quick
@pytest.mark.parametrize(
    'content',
    [
        DEEP,
        b'{"a":' * 100_000 + b'1' + b'}' * 100_000,
        to_bytes({**SETTINGS, 'x': nested(400)}),
        to_bytes({**SETTINGS, 'hidden': '5'}),
        to_bytes({**SETTINGS, 'hidden': 5.0}),
        to_bytes({**SETTINGS, 'hidden': [5]}),
        to_bytes({**SETTINGS, 'hidden': True}),
        to_bytes({**SETTINGS, 'shuffle': 1}),
        to_bytes({**SETTINGS, 'workdir': '/tmp/elsewhere'}),
        to_bytes({**SETTINGS, 'data_dir': '/tmp/elsewhere'}),
        to_bytes({**SETTINGS, 'mesh': 'seeds:8'}),
        b'{"seeds": ' + b'1' * 5000 + b'}',
        b'\xff\xfe\0',
        b'',
        b'null',
    ],
    ids=lambda content: content[:10].decode(errors='replace') + str(len(content)),
)
def test_configs_that_gave_a_traceback(folder, content):
    write(folder / 'config.json', content)
    assert read_config(folder) is None


@pytest.mark.quick
def test_what_is_not_a_file(tmp_path):
    (tmp_path / 'config.json').mkdir()
    assert read_config(tmp_path) is None
    assert workdir.read_results(tmp_path) is None
    for name in ('results.json', 'metrics.jsonl'):
        (tmp_path / name).mkdir()
    assert workdir.read_results(tmp_path) is None
    assert read_records(tmp_path / 'metrics.jsonl', 1) == []


def read_results(folder):
    results = workdir.read_results(folder)
    if results is not None:
        results_text(folder, results, workdir.read_proofs(folder)).encode()


def check_results(folder, content):
    write(folder / 'results.json', content)
    read_results(folder)


def check_proofs(folder, content):
    write(folder / 'results.json', RESULTS)
    (folder / 'proofs').mkdir(exist_ok=True)
    write(folder / 'proofs' / 'proofs.json', content)
    read_results(folder)


def scores(value):
    summary = Summary(value, 0.1, [value, value])
    return dict.fromkeys(('loss', 'bit_accuracy', 'exact_match'), summary)


ONE_WINDOW = SummaryList([0.5], [0.1], [[0.5], [0.5]])


def lines_of_metrics():
    records = []
    for epoch in (1, 2):
        records += [
            StatisticsRecord(epoch, epoch - 1, {'layer0': LAYER, 'weight_ih_l0': LAYER}),
            WindowRecord(epoch, epoch, scores(0.5)),
            TenBatchesRecord(epoch, [1], dict.fromkeys(scores(0.5), ONE_WINDOW)),
            EpochRecord(epoch=epoch, step=epoch, train=scores(0.5), validation=scores(0.25)),
        ]
    return [file_schema.to_json(record) for record in records]


METRICS = lines_of_metrics()


def write_metrics(folder, content):
    if isinstance(content, bytes):
        (folder / 'metrics.jsonl').write_bytes(content)
    else:
        values = content if isinstance(content, list) else [content]
        (folder / 'metrics.jsonl').write_bytes(
            b''.join(to_bytes(value) + b'\n' for value in values)
        )


def check_metrics(folder, content):
    write_metrics(folder, content)
    try:
        with MetricsLog(folder) as log:
            epoch = log.epochs_held()
            log.resume_after(epoch, {})
    except UserError as error:
        error_line(error)
        return
    epochs = log.records_of(EpochRecord)
    assert [record.epoch for record in epochs] == list(range(1, epoch + 1))
    if not epochs:  # such a run starts afresh
        return
    windows = log.records_of(WindowRecord)
    names = list(epochs[-1].train)
    training_curves('', windows, epochs, names, 10)
    layer_statistics('', log.records_of(StatisticsRecord))


def check_transfer(folder, content):
    write(folder / 'transfer.json', content)
    accuracies = known_accuracies(folder / 'transfer.json', {'steps': 5})
    assert all(isinstance(accuracy, float) for accuracy in accuracies.values())


def check_pictures(folder, content):
    write(folder / 'D-handwriting.json', content)
    blocks = row_pictures('D-handwriting', 'Digits', folder)
    to_markdown('Page', blocks, folder, {}).encode()
    to_html('Page', blocks, {}).encode()


def check_measurement(folder, content):
    name = 'measure-purity-A-cifar-base'
    write(folder / f'{name}.json', content)
    config = dataclasses.replace(catalogue.runs()['A-cifar-base'], seeds=1)
    row = result_files.read(name, config, folder, notify=error_line)
    if row is not None:
        known = evidence(measured={name: row}, **{'A-cifar-base': image_run([0.6, 0.7])})
        ANSWERS['A-c06-edges-to-objects'].answer(known)


ROWS = ('E-add-mse-h5-L7', 'D-recall-h5', 'E-lstm128', 'B-cifar-relu-adam', 'A-rnn256-sgd')


def small_row(name):
    """The committed file of a row, with a short curve, and with all fields that a row may have."""
    content = json.loads((RESULTS_FOLDER / f'{name}.json').read_text())
    content['curve'] = content['curve'][:1] + content['curve'][-1:]
    content['first_batch'] = content['train']
    if content['config']['task'] in DATASETS:
        seeds = content['config']['seeds']
        window = SummaryList([0.5], [0.1], [[0.5]] * seeds)
        ten_batches = TenBatchesRecord(1, [1], {'loss': window, 'accuracy': window})
        summary = Summary(0.5, 0.1, [0.5] * seeds)
        statistics = StatisticsCurve([0], {'conv1': {'mean': window}})
        content['ten_batches'] = file_schema.to_json([ten_batches])
        content['activations'] = file_schema.to_json({'conv1': LayerStatistics(*[summary] * 5)})
        content['statistics_curve'] = file_schema.to_json(statistics)
    return content


def read_row(name, folder):
    config = dataclasses.replace(catalogue.runs()[name], seeds=1)
    row = result_files.read(name, config, folder, notify=error_line)
    if row is not None and not isinstance(row, PictureRow):
        numbers = [number for number in reported_numbers() if number.row_id == name]
        for verdict in judge_all(numbers, {name: row}, reported_rows(), {}):
            verdict.text()


def check_row(name, folder, content):
    write(folder / f'{name}.json', content)
    read_row(name, folder)


@pytest.mark.parametrize('name', ROWS)
def test_rows_of_the_report(name, folder):
    content = small_row(name)
    check = functools.partial(check_row, name)
    check(folder, content)
    assert file_schema.read_json(folder / f'{name}.json', RowResults) is not None
    fuzz(check, folder, changed(content) | damaged(to_bytes(content)), FEW)


METRICS_LINES = b''.join(to_bytes(line) + b'\n' for line in METRICS)
LOADERS = {
    'config': (check_config, changed(SETTINGS) | damaged(to_bytes(SETTINGS))),
    'results': (check_results, changed(RESULTS) | damaged(to_bytes(RESULTS))),
    'proofs': (check_proofs, changed(PROOFS) | damaged(to_bytes(PROOFS))),
    'metrics': (check_metrics, changed(METRICS) | damaged(METRICS_LINES)),
    'transfer': (check_transfer, changed(TRANSFER) | damaged(to_bytes(TRANSFER))),
    'pictures': (check_pictures, changed(PICTURES) | damaged(to_bytes(PICTURES))),
    'measurement': (check_measurement, changed(PURITIES) | damaged(to_bytes(PURITIES))),
}


@pytest.mark.quick
@pytest.mark.parametrize('name', LOADERS)
def test_files_that_were_changed(name, folder):
    check, contents = LOADERS[name]
    fuzz(check, folder, contents, FEW)


@pytest.mark.slow
@pytest.mark.parametrize('name', LOADERS)
def test_many_files_that_were_changed(name, folder):
    check, contents = LOADERS[name]
    fuzz(check, folder, contents, MANY)
