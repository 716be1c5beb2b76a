"""Recurrent and convolutional nets as pure JAX functions: trained, looked into and proved."""

__version__ = '0.1.0'


class UserError(Exception):
    """Something the user can put right: one line that says what is wrong and what to do next."""
