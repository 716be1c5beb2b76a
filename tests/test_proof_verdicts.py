"""What is kept of the searches for the proofs of a population."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.core.config import Config
from experiments.core.schemas.proofs import SeedVerdict
from experiments.proofs import verdicts
from experiments.proofs.outcome import Outcome
from experiments.proofs.verdicts import Options, judge_population
from jaxdl.verify.automaton import ADDER

pytestmark = pytest.mark.quick
PARAMS = {'head_bias': np.ones((1, 1), np.float32)}


def judge(monkeypatch, folder, outcomes, known=()):
    """The verdict on one net, whose searches give these outcomes in turn."""
    searches = iter([outcomes, []])
    monkeypatch.setattr(verdicts, 'certify_searched', lambda *args, **options: next(searches))
    monkeypatch.setattr(verdicts, 'falsify', lambda *args: [None])
    options = Options(as_trained=False, history=0, steps=1, word_steps=0, folder=folder)
    judgement = judge_population(Config(), ADDER, PARAMS, dict(known), options)
    return judgement.verdicts[0]


def proof_of(weights):
    return SimpleNamespace(
        params={'head_bias': np.array(weights, np.float32)},
        graph=SimpleNamespace(automaton_state=[0, 1]),
        certificate={'steps': 1},
        result=SimpleNamespace(slack=0.1, margin=1.0, covers_float32=True),
    )


def test_the_largest_gap_that_is_a_number_is_kept(monkeypatch, tmp_path):
    gaps = [-0.3, math.nan, -0.2, -math.inf]
    verdict = judge(monkeypatch, tmp_path, [Outcome(0, None, gap) for gap in gaps])
    assert verdict == SeedVerdict('unknown', None, closure_gap=-0.2)


def test_only_a_proof_of_the_net_as_trained_says_proved_and_is_kept_at_once(monkeypatch, tmp_path):
    verdict = judge(monkeypatch, tmp_path, [Outcome(0, proof_of([1.0]), 0.1)])
    assert (verdict.verdict, verdict.change) == ('proved', 0)
    assert (tmp_path / 'seed0.json').exists()

    (tmp_path / 'seed0.json').unlink()
    verdict = judge(monkeypatch, tmp_path, [Outcome(0, proof_of([1.25]), 0.1)])
    assert (verdict.verdict, verdict.change) == ('unknown', 0.25)
    assert not (tmp_path / 'seed0.json').exists()


def test_a_counterexample_stays(monkeypatch, tmp_path):
    """Of the final test, in float32, where a proof need not cover rounding."""
    known = {'0': SeedVerdict('falsified', '1 + 1 = 2, answered 0')}
    verdict = judge(monkeypatch, tmp_path, [Outcome(0, proof_of([1.0]), 0.1)], known)
    assert verdict.verdict == 'falsified'
