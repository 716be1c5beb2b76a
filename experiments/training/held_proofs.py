"""What `prove` found of a run, as far as its certificates bear it out."""

from pathlib import Path

from tqdm import tqdm

from experiments.core.automata import automaton_of
from experiments.core.config import Config
from experiments.core.schemas.proofs import ProofResults, SeedVerdict
from experiments.training import workdir
from jaxdl.verify import second_check
from jaxdl.verify.certificate import Claim, Refused, read


def read_held_proofs(folder: Path, config: Config) -> ProofResults | None:
    """Reads proofs.json and checks every certificate again; without one a net is not proved.

    Args:
        folder: Of the run.
        config: Of the run.

    Returns:
        None if `prove` found nothing that can be read.
    """
    proofs = workdir.read_proofs(folder)
    if proofs is None:
        return None
    seeds = {}
    # Large proofs take seconds each. A bar that is gone sooner would only flicker.
    verdicts = tqdm(proofs.seeds.items(), 'checking proofs again', unit='net', delay=1)
    for seed, verdict in verdicts:
        claims_proof = verdict.slack is not None or verdict.verdict == 'proved'
        if claims_proof and not _holds(folder / 'proofs' / f'seed{seed}.json', config):
            known = 'falsified' if verdict.counterexample else 'unknown'
            verdict = SeedVerdict(known, verdict.counterexample)
        seeds[seed] = verdict
    return ProofResults(proofs.weights, proofs.epoch, seeds)


def _holds(file: Path, config: Config) -> bool:
    """Whether a certificate proves that a net of this cell does the task."""
    try:
        claim = read(file)
        _check(file, claim)
    except (OSError, Refused, second_check.Refused):
        return False
    return claim.cell == config.cell and claim.automaton == automaton_of(config)


def _check(file: Path, claim: Claim) -> None:
    """Checks a claim, by the second checker where python-flint is not installed.

    Raises:
        Refused: It proves nothing.
        second_check.Refused: Likewise.
    """
    try:
        from jaxdl.verify.check import check
    except ModuleNotFoundError:
        second_check.check_text(file.read_text(encoding='utf-8'))
        return
    check(claim)
