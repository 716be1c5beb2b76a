"""The JSON files: written and read back, and those of earlier versions upgraded."""

import json

import msgspec
import pytest
from adder_results import SCORES, adder_results

from experiments.core import file_schema
from experiments.core.schemas.fields import LayerStatistics
from experiments.core.schemas.final_tests import LengthTable
from experiments.core.schemas.proofs import ProofResults
from experiments.core.schemas.records import (
    EpochRecord,
    StatisticsRecord,
    TenBatchesRecord,
    WindowRecord,
)
from experiments.core.schemas.results import RunResults
from experiments.core.schemas.rows import StatisticsCurve
from jaxdl.metrics import Summary, SummaryList

pytestmark = pytest.mark.quick
KINDS = ('steps', 'epoch', 'statistics', 'ten_batches')
STATISTICS = LayerStatistics(*[Summary(0.0, None)] * 4, range=[0.0, 1.0], histogram=[1, 2])


@pytest.mark.parametrize(
    'record',
    [
        WindowRecord(1, 10, SCORES),
        EpochRecord(
            epoch=1, step=20, seconds=1.5, train=SCORES, last_batch=SCORES, validation=SCORES
        ),
        EpochRecord(epoch=1, step=20, train=SCORES),  # of an earlier version
        StatisticsRecord(1, 0, {'conv1': STATISTICS}),
        TenBatchesRecord(1, [1, 11], {'loss': SummaryList([0.5, 0.25], None, [[0.5, 0.25]])}),
    ],
)
def test_records_come_back(record):
    line = file_schema.to_line(record)
    assert line.endswith('}\n') and json.loads(line)['kind'] in KINDS
    assert file_schema.from_line(line) == record


def test_results_come_back(tmp_path):
    results = adder_results()
    file_schema.write_json(tmp_path / 'results.json', results)
    assert file_schema.read_json(tmp_path / 'results.json', RunResults) == results
    assert [path.name for path in tmp_path.iterdir()] == ['results.json']  # no draft stays


def test_results_of_an_earlier_version_are_upgraded(tmp_path):
    content = msgspec.to_builtins(adder_results())
    content['tested'] = content.pop('final_test')
    content['tested']['verdicts']['0']['verdict'] = 'refuted'
    content['config'] = {'task': 'binary_add', 'seeds': 2, 'starts': 1}
    (tmp_path / 'results.json').write_text(json.dumps(content))
    assert file_schema.read_json(tmp_path / 'results.json', RunResults) == adder_results()


@pytest.mark.parametrize(
    'old, new',
    [
        ({'cell': 'lstm', 'forget_bias': 1.0}, {'cell': 'lstm', 'gate_bias': 1.0}),
        # It had no effect on other cells.
        ({'cell': 'gru', 'forget_bias': 1.0}, {'cell': 'gru', 'gate_bias': 0.0}),
        ({'standardize': True}, {'pixels': 'standardized'}),
        ({'standardize': False}, {'pixels': 'unit'}),
    ],
)
def test_settings_of_an_earlier_version_are_upgraded(old, new):
    assert file_schema.parse(json.dumps({'config': old})) == {'config': new}


@pytest.mark.parametrize('text', ['', '{', '[]', '{"epoch": "two"}', 'null'])
def test_what_cannot_be_read_is_none(text, tmp_path):
    (tmp_path / 'proofs.json').write_text(text)
    assert file_schema.read_json(tmp_path / 'proofs.json', ProofResults) is None
    assert file_schema.read_json(tmp_path / 'absent.json', ProofResults) is None


def test_scores_of_a_length_table():
    table = LengthTable([1], accuracy=SummaryList([1.0], None))
    assert list(table.scores) == ['accuracy']


TOO_SHORT = SummaryList([1.0, 0.5], [0.0, 0.1], [[1.0], [1.0, 0.5]])  # one seed lacks an entry


@pytest.mark.parametrize(
    'make',
    [
        lambda: LengthTable([1, 2], accuracy=TOO_SHORT),
        lambda: TenBatchesRecord(1, [1, 11], {'loss': TOO_SHORT}),
        lambda: StatisticsCurve([0, 100], {'conv1': {'mean': TOO_SHORT}}),
    ],
)
def test_each_seed_must_have_all_entries(make):
    with pytest.raises(ValueError, match='must have 2 entries'):
        make()


def test_each_seed_must_have_an_entry():
    content = file_schema.to_json(adder_results())
    assert file_schema.from_json(content, RunResults) == adder_results()
    table = content['final_test']['by_length']['random']['exact_match']
    table['seeds'] = [[1.0, 0.5]]
    with pytest.raises(ValueError, match='2 seeds'):
        file_schema.from_json(content, RunResults)
    del table['seeds']
    content['first_batch'] = {'loss': {'mean': 0.5, 'ci95': 0.1}}
    with pytest.raises(ValueError, match='the scores of binary_add'):
        file_schema.from_json(content, RunResults)
