"""The certificates of a run. A search that keeps them as it finds them goes on where it stopped."""

import json
from pathlib import Path

import numpy as np

from experiments.core import file_schema
from experiments.proofs.claimed_net import are_weights_of
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certificate import Claim, Refused, read
from jaxdl.verify.certify import CertifiedNet
from jaxdl.verify.check import check
from jaxdl.verify.set_graph import Parallelotopes, SetGraph


def keep(folder: Path, seed: int, proof: CertifiedNet) -> Path:
    """Writes the certificate of a net.

    Args:
        folder: Of the proofs; made if it is absent.
        seed: Of the net.
        proof: Of the net.

    Returns:
        The file.
    """
    folder.mkdir(exist_ok=True)
    file = _file(folder, seed)
    file_schema.write_json(file, proof.certificate)
    return file


def find_kept(
    folder: Path, seed: int, automaton: Automaton, cell: str, params: Params
) -> CertifiedNet | None:
    """The proof that was kept of a net, checked again; None if there is none of this net.

    Args:
        folder: Of the proofs.
        seed: Of the net.
        automaton: What the net must do.
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net, as NumPy arrays.
    """
    file = _file(folder, seed)
    try:
        claim = read(file)
        is_ours = claim.cell == cell and claim.automaton == automaton
        if not is_ours or not are_weights_of(claim, params):
            return None
        result = check(claim)
        certificate = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, Refused):
        return None
    return CertifiedNet(params, _sets_of(claim), _graph_of(claim), certificate, result)


def _file(folder: Path, seed: int) -> Path:
    return folder / f'seed{seed}.json'


def _sets_of(claim: Claim) -> Parallelotopes:
    centres = []
    generators = []
    for state_set in claim.sets:
        centres.append(state_set.centre)
        generators.append(state_set.generators)
    return Parallelotopes(np.array(centres), np.array(generators))


def _graph_of(claim: Claim) -> SetGraph:
    automaton_states = []
    next_sets = []
    for state_set in claim.sets:
        automaton_states.append(state_set.automaton_state)
        next_sets.append(state_set.next_sets)
    return SetGraph(np.array(automaton_states), np.array(next_sets))
