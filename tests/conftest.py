import os

import jax
import pytest


@pytest.fixture(scope='session', autouse=True)
def caches(tmp_path_factory):
    """Compiled programs are shared by the tests, and kept away from the user's own cache."""
    os.environ['XDG_CACHE_HOME'] = str(tmp_path_factory.mktemp('cache'))


@pytest.fixture
def x64():
    jax.config.update('jax_enable_x64', True)
    yield
    jax.config.update('jax_enable_x64', False)
