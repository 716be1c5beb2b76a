"""Verdicts and proofs in words."""

import pytest

from experiments.core.schemas.proofs import SeedVerdict
from experiments.proofs.check_wording import check_text
from experiments.proofs.wording import summary_text, verdict_text
from jaxdl.verify.check import CheckResult

pytestmark = pytest.mark.quick
FALSIFIED = SeedVerdict('falsified', '1 + 3 = 0 modulo 4, answered 2')
UNKNOWN = SeedVerdict('unknown', None)
PROVED = SeedVerdict(
    'unknown', None, slack=0.01, margin=0.5, covers_float32=True, sets=2, change=0.04
)
UNCOVERED = SeedVerdict(
    'unknown', None, slack=1e-6, margin=0.5, covers_float32=False, sets=2, change=0.29
)
AS_TRAINED = SeedVerdict(
    'proved', None, slack=1e-3, margin=2.0, covers_float32=True, sets=7, change=0.0
)


def test_a_verdict():
    assert verdict_text(UNKNOWN) == 'as trained no error found; not proved'
    assert (
        verdict_text(FALSIFIED)
        == 'as trained falsified (1 + 3 = 0 modulo 4, answered 2); not proved'
    )
    assert verdict_text(PROVED) == (
        'as trained no error found; proved with weights moved by 4 %, with float32 rounding, '
        '2 sets, slack 0.01, logits clear 0 by 0.5'
    )
    assert verdict_text(AS_TRAINED) == (
        'as trained no error found; proved as trained, with float32 rounding, '
        '7 sets, slack 0.001, logits clear 0 by 2'
    )


def test_a_summary():
    verdicts = [FALSIFIED, UNKNOWN, PROVED, UNCOVERED, AS_TRAINED]
    assert summary_text(verdicts) == (
        '1 of 5 nets are proved right at every length as trained, '
        'and 2 after fine-tuning (weights moved by 4 to 29 % in norm); '
        '2 of these proofs cover float32 rounding, '
        'if products are taken in full float32 (not TF32 or bfloat16); '
        '1 nets as trained are falsified'
    )
    assert summary_text([AS_TRAINED]).startswith(
        '1 of 1 nets are proved right at every length as trained; 1 of these proofs'
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
