"""Settings of the backend."""

import os

import pytest

from jaxdl.backend import use_loop_kernels

pytestmark = pytest.mark.quick


def test_loop_kernels_are_added_to_the_users_flags(monkeypatch):
    monkeypatch.setenv('XLA_FLAGS', '--xla_dump_to=x')
    use_loop_kernels()
    assert os.environ['XLA_FLAGS'].startswith('--xla_dump_to=x --xla_backend_extra_options=')


def test_options_of_the_user_stay(monkeypatch):
    monkeypatch.setenv('XLA_FLAGS', '--xla_backend_extra_options=a=b')
    use_loop_kernels()
    assert os.environ['XLA_FLAGS'] == '--xla_backend_extra_options=a=b'
