"""The results of a run as text."""

from pathlib import Path

import pytest
from adder_results import adder_results

from experiments.core.schemas.proofs import ProofResults, SeedVerdict
from experiments.training.results_text import results_text

pytestmark = pytest.mark.quick


def test_an_adder_that_was_not_proved():
    text = results_text(Path('runs/x'), adder_results(), None)
    assert 'after epoch 2, step 4:' in text
    assert '  train       loss 0.5000 ± 0.1000' in text
    assert 'right at every length: falsified 1 (python -m experiments.prove' in text
    assert 'seed 0 is falsified: 1 + 1 = 0' in text
    assert '3 parameters; seconds of this session: train 1.5' in text


def test_proofs_of_the_same_epoch_count():
    proved = {'0': SeedVerdict('unknown', None, slack=1e-3, margin=0.1, change=0.1)}
    text = results_text(Path('runs/x'), adder_results(), ProofResults('fine-tuned', 2, proved))
    assert 'proved after fine-tuning: 1 of 1' in text and 'python -m experiments.prove' not in text
    old = results_text(Path('runs/x'), adder_results(), ProofResults('fine-tuned', 1, proved))
    assert 'fine-tuning' not in old
