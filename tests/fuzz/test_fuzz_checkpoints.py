"""Checkpoints from strangers: each is read, or said to be damaged in one line."""

import shutil

import jax
import jax.numpy as jnp
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from strangers import FEW, damaged, files_in, fuzz, nested, to_bytes

from experiments.training import workdir
from jaxdl import UserError, checkpoint

STATE = {
    'params': {'weight': jnp.arange(6.0).reshape(2, 3), 'bias': jnp.ones(2)},
    'count': jnp.int32(3),
}


@pytest.fixture(scope='module')
def original(tmp_path_factory):
    """The folder of two checkpoints."""
    folder = tmp_path_factory.mktemp('original') / 'checkpoints'
    with checkpoint.open_manager(folder) as manager:
        for epoch in (1, 2):
            checkpoint.save(manager, epoch, STATE, {'task': 'recall'}, 0.5 / epoch)
    return folder


def shapes():
    sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), STATE
    )


def check_folder(folder):
    """Opens and restores: nothing but a state of these shapes, or a user's error."""
    try:
        with checkpoint.open_manager(folder) as manager:
            epochs = manager.all_steps()
            if not epochs:
                return
            restored = checkpoint.restore(manager, shapes())
            # The manager looks at all losses when it decides what to keep.
            checkpoint.save(manager, restored.epoch + 1, STATE, {'task': 'recall'}, 0.1)
    except UserError as error:
        assert '\n' not in str(error)
        return
    jax.tree.map(assert_same_form, restored.state, STATE)


def assert_same_form(leaf, original):
    assert leaf.shape == original.shape and leaf.dtype == original.dtype


def changes_of(original):
    """(file, content) where the file of a checkpoint is changed, or JSON of another shape."""
    files = {path.relative_to(original): content for path, content in files_in(original).items()}
    names = sorted(files)
    json_contents = st.sampled_from(
        [b'', b'null', b'[]', b'{}', b'5', b'"x"', b'\xff', to_bytes(nested(400)), b'[' * 100_000]
    )

    @st.composite
    def changes(draw):
        name = draw(st.sampled_from(names))
        return name, draw(damaged(files[name]) | json_contents)

    return changes()


@pytest.mark.parametrize(
    'examples',
    [
        pytest.param(settings(FEW, max_examples=25), id='few'),
        pytest.param(settings(FEW, max_examples=300), id='many', marks=pytest.mark.slow),
    ],
)
def test_changed_checkpoints(examples, original, tmp_path):
    def check(folder, change):
        check_change(original, folder, change)

    fuzz(check, tmp_path, changes_of(original), examples)


def check_change(original, folder, change):
    name, content = change
    changed = folder / 'checkpoints'
    shutil.rmtree(changed, ignore_errors=True)
    shutil.copytree(original, changed)
    (changed / name).write_bytes(content)
    elsewhere = files_outside(folder, changed)
    check_folder(changed)
    assert files_outside(folder, changed) == elsewhere


def files_outside(folder, inner):
    return [path for path in folder.rglob('*') if inner not in (path, *path.parents)]


@pytest.mark.quick
@pytest.mark.parametrize('name', ['metrics', 'config', 'state'])
def test_items_that_are_missing(name, original, tmp_path):
    changed = tmp_path / 'checkpoints'
    shutil.copytree(original, changed)
    for epoch in ('1', '2'):
        shutil.rmtree(changed / epoch / name)
    check_folder(changed)


@pytest.mark.quick
def test_names_of_epochs(tmp_path, original):
    changed = tmp_path / 'checkpoints'
    shutil.copytree(original, changed)
    for name in ('9' * 100, '-1', '007', 'x', '\u0663', '\u00b2'):
        (changed / name).mkdir()
    (changed / '5').write_text('a file')
    assert workdir.newest_epoch(tmp_path) == int('9' * 100)
    check_folder(changed)
