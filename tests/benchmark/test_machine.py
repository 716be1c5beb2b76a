"""The machine's description: other code is another machine, so that its results do not stay."""

import pytest

from experiments.benchmark import machine
from experiments.benchmark.machine import describe_machine

pytestmark = pytest.mark.quick


def test_versions_are_those_that_are_installed():
    described = describe_machine('2 x cpu')
    assert described.devices == '2 x cpu'
    assert described.jax[0].isdigit()
    assert described.processor


def test_other_code_has_another_digest(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, 'ROOT', tmp_path)
    module = tmp_path / 'jaxdl' / 'models' / 'rnn.py'
    module.parent.mkdir(parents=True)
    module.write_text('a = 1')
    before = describe_machine('').code
    assert describe_machine('').code == before
    module.write_text('a = 2')
    assert describe_machine('').code != before
