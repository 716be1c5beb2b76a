"""The experiments: one command each, python -m experiments.<name>."""
import os

# Small loops become one kernel on XLA:CPU: 2-5x faster recurrences at batch 1. Read when JAX first runs something.
os.environ.setdefault(
    'XLA_FLAGS', '--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=1000000000')
