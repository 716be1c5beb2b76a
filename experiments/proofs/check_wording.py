"""What prove --check says. Apart from wording.py, since a check needs neither schema nor JAX."""

from pathlib import Path

from jaxdl.verify.check import CheckResult
from jaxdl.verify.coverage import covers_float32

# A CPU takes products so at any precision; a GPU and a TPU with --precision=highest.
FLOAT32_CONDITION = 'products are taken in full float32 (not TF32 or bfloat16)'


def check_text(file: str | Path, result: CheckResult) -> str:
    """What a certificate file proves."""
    covers = 'does not cover'
    if covers_float32(result.slack, result.float32_error):
        covers = 'covers'
    return (
        f'{file}: proved. This net {result.statement} at every length; '
        f'slack {result.slack:.2g} in each number of the state, '
        f'sums of logits clear 0 by {result.margin:.2g}\n'
        f'float32 rounding is at most {result.float32_error:.2g} a step, '
        f'which the slack {covers}, if {FLOAT32_CONDITION}'
    )
