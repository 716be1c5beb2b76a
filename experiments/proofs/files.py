"""The folder of a run's proofs: certificates, proofs.json and figures."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np

from experiments.core import file_schema
from experiments.core.automata import automaton_of
from experiments.core.schemas.proofs import ProofResults
from experiments.proofs import figures
from experiments.proofs.kept_proofs import keep
from experiments.proofs.verdicts import Judgement
from experiments.training import finished_run
from experiments.training.finished_run import FinishedPopulation
from jaxdl.durable_files import write_whole
from jaxdl.figures.base import to_png
from jaxdl.verify.certify import CertifiedNet

RESULTS_FILE = 'proofs.json'
SETS_FIGURE = 'sets.png'
ACCURACY_FIGURE = 'accuracy.png'
FINE_TUNED_RUN = 'fine_tuned'


def write_all(
    folder: Path,
    population: FinishedPopulation,
    epoch: int,
    judgement: Judgement,
    as_trained: bool,
) -> list[str]:
    """Writes what is known of a population.

    Args:
        folder: Of the proofs; made if it is absent.
        population: The nets.
        epoch: Of the nets.
        judgement: What is known of them.
        as_trained: Whether no weights were to be changed.

    Returns:
        What is written, in words.
    """
    weights = 'as trained' if as_trained else 'as trained or fine-tuned'
    verdicts = {str(seed): verdict for seed, verdict in judgement.verdicts.items()}
    names = _write_proofs(folder, ProofResults(weights, epoch, verdicts), judgement.certified)
    if judgement.certified:
        names += _write_figures(folder, population, epoch, judgement)
    if any(verdict.change for verdict in verdicts.values()):
        names += _write_fine_tuned(folder, population, epoch, judgement)
    return names


def _write_proofs(
    folder: Path,
    results: ProofResults,
    certified: Mapping[int, CertifiedNet],
) -> list[str]:
    """Writes a certificate for each proof and what is known of all nets; other old files go."""
    folder.mkdir(exist_ok=True)
    for name in (RESULTS_FILE, SETS_FIGURE, ACCURACY_FIGURE):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / FINE_TUNED_RUN, ignore_errors=True)
    # Proofs that a search has kept already are never missing, wherever a kill strikes.
    certificates = set()
    for seed, proof in certified.items():
        certificates.add(keep(folder, seed, proof))
    for file in folder.glob('seed*.json'):
        if file not in certificates:
            file.unlink()  # it may be of other weights
    # Last, so that proofs.json tells of no certificate that is not there.
    file_schema.write_json(folder / RESULTS_FILE, results)
    return [RESULTS_FILE, 'a certificate seed*.json for each proof']


def _write_figures(
    folder: Path, population: FinishedPopulation, epoch: int, judgement: Judgement
) -> list[str]:
    """Draws the first proved net's inductive invariant, and all nets' accuracy at great lengths."""
    config = population.config
    automaton = automaton_of(config)
    # One net is enough to show what an invariant is.
    seed, proof = next(iter(judgement.certified.items()))
    sets = figures.invariant_sets(config, automaton, seed, proof)
    write_whole(folder / SETS_FIGURE, to_png(sets))
    params = population.params_at(epoch)['params']
    verdicts = list(judgement.verdicts.values())
    accuracy = figures.accuracy_at_length(config, automaton, params, verdicts, judgement.certified)
    write_whole(folder / ACCURACY_FIGURE, to_png(accuracy))
    return [SETS_FIGURE, ACCURACY_FIGURE]


def _write_fine_tuned(
    folder: Path, population: FinishedPopulation, epoch: int, judgement: Judgement
) -> list[str]:
    """Writes a run which other commands can load: fine-tuned nets stand in for trained ones."""
    params = jax.tree.map(np.array, population.params_at(epoch))
    for seed, proof in judgement.certified.items():
        for name, array in proof.params.items():
            params['params'][name][seed - population.config.seed] = array
    finished_run.write_with_params(folder / FINE_TUNED_RUN, population, epoch, params)
    return [f'{FINE_TUNED_RUN}/, the run with the fine-tuned nets']
