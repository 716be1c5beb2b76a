"""The Config: its key, its mesh, and its choices beside the functions that they name."""

import dataclasses

import jax
import pytest

from experiments.core import config as config_module
from experiments.core.config import CHOICES, VMAPPED, Config
from experiments.core.defaults import TASK_DEFAULTS
from jaxdl.data.images import DATA_SETS
from jaxdl.models import activations, initializers
from jaxdl.models.recurrence import CELLS
from jaxdl.train import OPTIMIZERS, PENALTIES

pytestmark = pytest.mark.quick


def test_choices_are_the_names_of_functions():
    assert set(CHOICES['cell']) == set(CELLS)
    assert set(CHOICES['optimizer']) == set(OPTIMIZERS)
    assert set(CHOICES['activation']) == set(activations.ACTIVATIONS)
    assert set(CHOICES['dense_activation']) == {'', *activations.ACTIVATIONS}
    assert set(CHOICES['init']) == set(initializers.INITIALIZERS)
    assert set(CHOICES['head_init']) == {'', *initializers.INITIALIZERS}
    assert set(CHOICES['l2_of']) == set(PENALTIES)
    assert set(CHOICES['dataset']) == {'digits', *DATA_SETS}
    precisions = {precision.name.lower() for precision in jax.lax.Precision}
    assert set(CHOICES['precision']) == precisions


def test_names_in_lists_are_fields():
    fields = {field.name for field in dataclasses.fields(Config)}
    lists = (
        CHOICES,
        VMAPPED,
        config_module.POSITIVE,
        config_module.NOT_NEGATIVE,
        config_module.BELOW_ONE,
        config_module.PLACES,
    )
    for names in lists:
        assert set(names) <= fields


def test_the_key_tells_settings_apart_but_not_places():
    config = Config(hidden=7)
    assert config.key() != Config().key()
    assert config.key() == dataclasses.replace(config, mesh='seeds:2', workdir='x').key()


def test_the_key_does_not_change_with_a_new_field():
    @dataclasses.dataclass(frozen=True)
    class NewerConfig(Config):
        brightness: float = config_module.field(0.5, 'a field of a later version')

    assert 'brightness' in NewerConfig(hidden=7).identity()
    assert NewerConfig(hidden=7).key() == Config(hidden=7).key()
    assert NewerConfig(hidden=7, brightness=1.0).key() != Config(hidden=7).key()


def test_every_field_has_a_help():
    for field in dataclasses.fields(Config):
        assert field.metadata['help']


def test_the_mesh():
    assert Config().mesh_axes() is None
    assert Config(mesh='seeds:4,data:2').mesh_axes() == {'seeds': 4, 'data': 2}
    assert Config(mesh='data:2').mesh_axes() == {'seeds': 1, 'data': 2}


def test_descriptions_for_titles():
    assert Config(bidirectional=True).describe() == 'bidirectional lstm, 5 units'
    cifar = dataclasses.replace(TASK_DEFAULTS['cifar_cnn'], seeds=3)
    assert cifar.describe() == (
        'cifar10, relu CNN on grey images, 1024 units, 3 seeds with 95 % intervals'
    )
