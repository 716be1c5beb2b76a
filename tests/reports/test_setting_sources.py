"""Where the settings of the presets come from."""

import dataclasses

import pytest

from experiments.core.config import Config
from experiments.reports.presets import CHOSEN, presets, settings_of
from experiments.reports.reported import reported_rows
from experiments.reports.setting_sources import SOURCES, setting_sources

pytestmark = pytest.mark.quick


def test_every_setting_of_a_preset_has_a_source():
    for name in presets():
        sources = setting_sources(name)
        if name not in CHOSEN:
            assert sources.keys() == settings_of(reported_rows()[name]).keys(), name
        assert set(sources.values()) <= {'given', 'implied', 'chosen'}, name


def test_the_table_names_fields_and_rows():
    fields = {field.name for field in dataclasses.fields(Config)}
    rows = reported_rows()
    for prefix, sources in SOURCES.items():
        assert any(name.startswith(prefix) for name in rows), prefix
        for names in sources:
            assert set(names.split()) <= fields, prefix


def test_sources_are_those_of_the_provenance():
    """As the last column of the table says it."""
    assert setting_sources('A-rnn256-sgd')['momentum'] == 'chosen'  # "momentum NOT stated"
    assert setting_sources('A-rnn128')['learning_rate'] == 'implied'  # "course: Adam lr .01"
    assert setting_sources('A-rnn128-rmsprop')['learning_rate'] == 'given'
    assert setting_sources('B-gru5')['activation'] == 'implied'  # "report does not say"
    assert setting_sources('B-cifar-relu-momentum')['momentum'] == 'chosen'  # "assumed"
    assert setting_sources('B-cifar-relu-mom0.8-reg')['momentum'] == 'given'
    assert setting_sources('C-gru')['hidden'] == 'chosen'  # "assumed: hidden 64"
    assert setting_sources('D-recall-h5')['batch_size'] == 'chosen'  # "not given"
    assert setting_sources('E-lstm128')['batch_size'] == 'given'
    assert setting_sources('E-lstm128')['pixels'] == 'chosen'
    assert setting_sources('E-recall-gru5')['k'] == 'chosen'  # "K not given for the curves"
    assert setting_sources('E-recall-gru10-k2')['k'] == 'given'


def test_what_is_chosen_starts_from_another_row():
    sources = setting_sources('A-cifar-tuned-ep1')
    assert (sources['epochs'], sources['batch_size']) == ('chosen', 'given')
    assert set(setting_sources('B-cnn-compare').values()) == {'chosen'}
