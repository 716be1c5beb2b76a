"""How JAX is set up: flags of XLA, which cure wrong numbers, precision, and the cache."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from jaxdl import UserError, backend

ROOT = Path(__file__).parents[1]
YNNPACK = '--xla_cpu_experimental_ynn_fusion_type=-reduce'
WIDTH = '--xla_cpu_prefer_vector_width=512'
LOOPS = f'--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=1000000000 {WIDTH}'
LARGE = f'--xla_backend_extra_options=xla_cpu_use_multi_output_fusion=true {WIDTH}'
# Each result is an error relative to the largest number of the right result, in float64.
PROBES = """
import json

import numpy as np

from jaxdl import backend

backend.configure(small_loops=%s)

import jax
import jax.numpy as jnp


def error(actual, expected):
    # Not a number is as wrong as can be.
    difference = np.nan_to_num(np.abs(actual - expected), nan=np.inf)
    return float(difference.max() / np.abs(expected).max())


random = np.random.default_rng(0)
matrices = random.standard_normal((5, 60, 60)).astype(np.float32)
sums_of_products = jax.jit(lambda E, c: jnp.sum((E @ jnp.full_like(E, c)) * E, -1))
actual = sums_of_products(matrices, np.float32(0.5))
row_sums = 0.5 * matrices.sum(-1, keepdims=True, dtype=float)
expected = (row_sums * matrices).sum(-1)
errors = [error(actual, expected)]

matrix = random.standard_normal((3, 3)).astype(np.float32)
for count in (32_769, 33_000):
    rows = random.standard_normal((count, 3)).astype(np.float32)
    squared_products = jax.jit(jax.vmap(lambda row: jnp.sum((matrix @ row) ** 2)))
    expected = ((rows @ matrix.T.astype(float)) ** 2).sum(-1)
    errors.append(error(squared_products(rows), expected))
print(json.dumps(errors))
"""


@pytest.fixture
def no_jax(monkeypatch):
    """As if JAX had not been imported, so that flags may still be set."""
    monkeypatch.delitem(sys.modules, 'jax')
    # The tests' own process has started JAX long ago.
    monkeypatch.setattr(backend, 'use_precision', lambda precision: None)


def set_jaxlib(monkeypatch, version):
    installed = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        'version',
        lambda package: version if package == 'jaxlib' else installed(package),
    )


@pytest.mark.quick
@pytest.mark.parametrize(
    'jaxlib, users_flags, small_loops, expected',
    [
        ('0.10.2', '', False, f'{YNNPACK} {LARGE}'),
        ('0.10.1', '', True, f'{YNNPACK} {LOOPS}'),
        ('0.12.0.1', '--xla_dump_to=x', True, f'--xla_dump_to=x {YNNPACK} {LOOPS}'),
        # An older jaxlib would abort.
        ('0.10.0', '', False, LARGE),
        ('0.7.2', '', True, LOOPS),
        # What the user has set stays.
        (
            '0.10.2',
            '--xla_backend_extra_options=a=b',
            True,
            f'--xla_backend_extra_options=a=b {YNNPACK} {WIDTH}',
        ),
        ('0.10.2', f'{backend.YNNPACK_FLAG}=', True, f'{backend.YNNPACK_FLAG}= {LOOPS}'),
        (
            '0.10.0',
            '--xla_cpu_prefer_vector_width=256 --xla_backend_extra_options=',
            True,
            '--xla_cpu_prefer_vector_width=256 --xla_backend_extra_options=',
        ),
    ],
)
def test_flags_of_xla(no_jax, monkeypatch, jaxlib, users_flags, small_loops, expected):
    set_jaxlib(monkeypatch, jaxlib)
    monkeypatch.setenv('XLA_FLAGS', users_flags)
    for _ in range(2):
        backend.configure(small_loops)
        assert os.environ['XLA_FLAGS'] == expected


@pytest.mark.quick
def test_jax_that_has_started_without_a_flag_is_told(monkeypatch):
    jax.devices()
    set_jaxlib(monkeypatch, '0.10.2')
    monkeypatch.setenv('XLA_FLAGS', '--xla_dump_to=x')
    with pytest.raises(UserError, match='JAX has started without a flag'):
        backend.configure()
    # Speed alone is no reason to stop.
    monkeypatch.setenv('XLA_FLAGS', YNNPACK)
    backend.configure(small_loops=True)
    assert os.environ['XLA_FLAGS'] == YNNPACK


@pytest.mark.parametrize('small_loops', [False, True])
def test_programs_that_ynnpack_gets_wrong_are_right(small_loops):
    environment = {**os.environ, 'XLA_FLAGS': '', 'JAX_PLATFORMS': 'cpu'}
    process = subprocess.run(
        [sys.executable, '-c', PROBES % small_loops],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    errors = json.loads(process.stdout)
    # Sums of 60 products err by a few units in the last place of float32, 6e-8 of the largest.
    # Without the flag jaxlib 0.10.2 errs by more than 1e20, 2e-3 and .7.
    assert max(errors) < 1e-6, errors


@pytest.mark.quick
def test_precision():
    for precision in ('default', 'high', 'highest'):
        backend.use_precision(precision)
        assert jax.config.jax_default_matmul_precision == precision
    with pytest.raises(UserError, match="the precision 'double' is unknown; choose one of highest"):
        backend.use_precision('double')


@pytest.mark.quick
def test_tests_run_at_the_precision_and_with_the_flags_of_users():
    assert jax.config.jax_default_matmul_precision == 'highest'
    if backend.knows_ynnpack():
        assert backend.YNNPACK_FLAG in os.environ['XLA_FLAGS']
    assert 'optimization_level' not in os.environ['XLA_FLAGS']


@pytest.fixture
def no_cache():
    """JAX without a folder for compiled programs; the tests' own one comes back."""
    folder = jax.config.jax_compilation_cache_dir
    jax.config.update('jax_compilation_cache_dir', None)
    yield
    jax.config.update('jax_compilation_cache_dir', folder)


@pytest.mark.quick
def test_programs_are_kept_in_the_users_cache_folder(no_cache, monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    backend.configure()
    assert jax.config.jax_compilation_cache_dir is None
    backend.configure(compilation_cache=True)
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / 'jaxdl')


@pytest.mark.quick
def test_a_folder_that_jax_was_given_stays(no_cache):
    jax.config.update('jax_compilation_cache_dir', 'given')
    backend.configure(compilation_cache=True)
    assert jax.config.jax_compilation_cache_dir == 'given'
