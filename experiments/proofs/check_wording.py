"""What prove --check says. Apart from wording.py, since a check needs neither schema nor JAX."""

from pathlib import Path

from jaxdl.verify.check import CheckResult

# A CPU takes products so at any precision; a GPU and a TPU with --precision=highest.
FLOAT32_CONDITION = 'products are taken in full float32 (not TF32 or bfloat16)'


def check_text(file: str | Path, result: CheckResult) -> str:
    """What a certificate file proves."""
    covers = 'also proved' if result.covers_float32 else 'not proved'
    return (
        f'{file}: proved. This net {result.statement} at every length; '
        f'slack {result.slack:.2g} in each number of the state, '
        f'sums of logits clear 0 by {result.margin:.2g}\n'
        f'with float32 rounding it is {covers}, if {FLOAT32_CONDITION}'
    )
