"""Settings of the backend."""

import os

import jax
import pytest

from jaxdl.backend import use_compilation_cache, use_loop_kernels

pytestmark = pytest.mark.quick


def test_loop_kernels_are_added_to_the_users_flags(monkeypatch):
    monkeypatch.setenv('XLA_FLAGS', '--xla_dump_to=x')
    use_loop_kernels()
    assert os.environ['XLA_FLAGS'].startswith('--xla_dump_to=x --xla_backend_extra_options=')


def test_options_of_the_user_stay(monkeypatch):
    monkeypatch.setenv('XLA_FLAGS', '--xla_backend_extra_options=a=b')
    use_loop_kernels()
    assert os.environ['XLA_FLAGS'] == '--xla_backend_extra_options=a=b'


@pytest.fixture
def no_cache():
    """JAX without a folder for compiled programs; the tests' own one comes back."""
    folder = jax.config.jax_compilation_cache_dir
    jax.config.update('jax_compilation_cache_dir', None)
    yield
    jax.config.update('jax_compilation_cache_dir', folder)


def test_programs_are_kept_in_the_users_cache_folder(no_cache, monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    use_compilation_cache(wanted=False)
    assert jax.config.jax_compilation_cache_dir is None
    use_compilation_cache()
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / 'jaxdl')


def test_a_folder_that_jax_was_given_stays(no_cache):
    jax.config.update('jax_compilation_cache_dir', 'given')
    use_compilation_cache()
    assert jax.config.jax_compilation_cache_dir == 'given'
