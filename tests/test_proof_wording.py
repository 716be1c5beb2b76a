"""Verdicts and proofs in words."""

import pytest

from experiments.core.file_schema import SeedVerdict
from experiments.proofs.check_wording import check_text
from experiments.proofs.wording import summary_text, verdict_text
from jaxdl.verify.check import CheckResult

pytestmark = pytest.mark.quick
FALSIFIED = SeedVerdict('falsified', '1 + 3 = 2 (mod 4)?')
UNKNOWN = SeedVerdict('unknown', None)
PROVED = SeedVerdict(
    'unknown', None, slack=0.01, margin=0.5, covers_float32=True, sets=2, change=0.04
)
UNCOVERED = SeedVerdict(
    'unknown', None, slack=1e-6, margin=0.5, covers_float32=False, sets=2, change=0.29
)


def test_a_verdict():
    assert verdict_text(UNKNOWN) == 'as trained no error found; not proved'
    assert verdict_text(FALSIFIED) == 'as trained falsified (1 + 3 = 2 (mod 4)?); not proved'
    assert verdict_text(PROVED) == (
        'as trained no error found; proved with float32 rounding, slack 0.01, logits clear 0 by 0.5'
    )


def test_a_summary():
    verdicts = [FALSIFIED, UNKNOWN, PROVED, UNCOVERED]
    assert summary_text(verdicts, as_trained=False) == (
        '2 of 4 nets, fine-tuned (weights moved by 4% to 29% in norm), '
        'are proved right at every length, 1 with float32 rounding, '
        'if products are taken in full float32 (not TF32 or bfloat16); '
        '1 nets as trained are falsified'
    )


def test_a_checked_file():
    result = CheckResult('adds correctly', slack=0.01, margin=0.5, covers_float32=True)
    lines = check_text('seed0.json', result).splitlines()
    assert lines[0].startswith('seed0.json: proved. This net adds correctly at every length')
    condition = ', if products are taken in full float32 (not TF32 or bfloat16)'
    assert lines[1] == f'with float32 rounding it is also proved{condition}'
    uncovered = result._replace(covers_float32=False)
    assert check_text('seed0.json', uncovered).endswith(
        f'with float32 rounding it is not proved{condition}'
    )
