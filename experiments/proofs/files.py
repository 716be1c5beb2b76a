"""The folder of a run's proofs: certificates, proofs.json and figures."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np

from experiments.core import file_schema
from experiments.core.config import Config
from experiments.core.schemas.proofs import ProofResults
from experiments.proofs import figures
from experiments.proofs.kept_proofs import keep
from experiments.proofs.verdicts import Judgement
from experiments.training import finished_run
from experiments.training.finished_run import FinishedPopulation
from jaxdl.durable_files import write_whole
from jaxdl.figures.base import to_png
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certify import CertifiedNet

RESULTS_FILE = 'proofs.json'
SETS_FIGURE = 'sets.png'
ACCURACY_FIGURE = 'accuracy.png'
FINE_TUNED_RUN = 'fine_tuned'


def write_proofs(
    folder: Path,
    results: ProofResults,
    certified: Mapping[int, CertifiedNet],
) -> list[str]:
    """Writes a certificate for each proof and what is known of all nets; other old files go.

    Args:
        folder: Made if it is absent.
        results: For proofs.json.
        certified: The nets that are proved, by seed.

    Returns:
        What is written, in words.
    """
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


def write_figures(
    folder: Path,
    config: Config,
    automaton: Automaton,
    params: Params,
    judgement: Judgement,
) -> list[str]:
    """Draws the first proved net's inductive invariant, and all nets' accuracy at great lengths.

    Args:
        folder: Of the proofs.
        config: Of the run.
        automaton: What the nets must do.
        params: Of the nets as trained, (S, ...).
        judgement: What is known of them; at least one is proved.

    Returns:
        The names of the files.
    """
    # One net is enough to show what an invariant is.
    seed, proof = next(iter(judgement.certified.items()))
    sets = figures.invariant_sets(config, automaton, seed, proof)
    write_whole(folder / SETS_FIGURE, to_png(sets))
    verdicts = list(judgement.verdicts.values())
    accuracy = figures.accuracy_at_length(config, automaton, params, verdicts, judgement.certified)
    write_whole(folder / ACCURACY_FIGURE, to_png(accuracy))
    return [SETS_FIGURE, ACCURACY_FIGURE]


def write_fine_tuned(
    folder: Path, population: FinishedPopulation, epoch: int, judgement: Judgement
) -> list[str]:
    """Writes the nets that are proved as a run, which other commands can load.

    Args:
        folder: Of the proofs.
        population: The nets as trained; those without a proof stay so.
        epoch: Of the nets.
        judgement: What is known of them.

    Returns:
        What is written, in words.
    """
    params = jax.tree.map(np.array, population.params_at(epoch))
    for seed, proof in judgement.certified.items():
        for name, array in proof.params.items():
            params['params'][name][seed - population.config.seed] = array
    finished_run.write_with_params(folder / FINE_TUNED_RUN, population, epoch, params)
    return [f'{FINE_TUNED_RUN}/, a run of the proved nets']
