"""The columns of the deconvnet's figure, for a net that is never run."""

import numpy as np
import pytest

from experiments.views import projections
from experiments.views.request import ViewRequest

pytestmark = pytest.mark.quick


def test_a_unit_that_is_named_twice_is_one_column():
    request = ViewRequest(
        pixels=np.zeros((1, 8, 8, 1), np.uint8),
        labels=np.array([1]),
        names=['one'],
        class_names=['zero', 'one'],
        units={'conv1': [3, 0, 3]},
        rule='deconvnet',
        parametrization='fourier',
        whole_maps=False,
        shared_scale=False,
        window=2,
        fill=0.5,
    )
    columns = [(source.group, source.name) for source in projections._sources(request)]
    assert len(columns) == len(set(columns))
    assert [name for group, name in columns if group == 'conv1'] == ['no. 3', 'no. 0']
