import os

import jax
import pytest

from jaxdl import backend

# Tests run the programs that users run, which take longer to compile at full optimization.
backend.configure()
jax.config.update('jax_num_cpu_devices', 4)  # for tests of meshes


@pytest.fixture(scope='session', autouse=True)
def folders_of_the_user(tmp_path_factory):
    """Keeps compiled programs for all tests, away from the user's own, and the user's data away."""
    cache = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        cache = cache.parent  # one for all workers
    os.environ['XDG_CACHE_HOME'] = str(cache / 'cache')
    os.environ['TFDS_DATA_DIR'] = str(tmp_path_factory.mktemp('data'))
    backend.configure(compilation_cache=True)
    jax.devices()  # JAX has the devices of the tests before a command asks for others.


@pytest.fixture(scope='session', autouse=True)
def one_device():
    """A run takes one device unless it says which: programs of several take longer to compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('jaxdl.parallel.choose_axes', lambda *args: {'seeds': 1, 'data': 1})
        yield


@pytest.fixture(scope='module')
def quick_compilation():
    """Programs take half the time to compile, and longer to run.

    It is for tests of what is put into a program, and of the equations of small nets. Whole runs
    leave XLA all its optimizations, as users have them, and so does what convolves many maps:
    without optimization that runs many times longer.
    """
    _without_optimizations(True)
    yield
    _without_optimizations(False)


def _without_optimizations(are_without):
    jax.config.update('jax_disable_most_optimizations', are_without)
    jax.clear_caches()  # of programs that were compiled with the other setting


@pytest.fixture
def x64():
    jax.config.update('jax_enable_x64', True)
    yield
    jax.config.update('jax_enable_x64', False)
