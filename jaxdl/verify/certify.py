"""From a net and sets that may prove it to a certificate that the check has accepted."""

from typing import Any, NamedTuple

from jaxdl import UserError
from jaxdl.verify import set_graph
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certificate import Refused, make_certificate, parse
from jaxdl.verify.check import CheckResult, check
from jaxdl.verify.requirements import require_automaton, require_net
from jaxdl.verify.search import Candidate
from jaxdl.verify.set_graph import Parallelotopes, SetGraph

SMALLEST_SLACK = 32  # the slack 2**-32 is hardly more than none


class CertifiedNet(NamedTuple):
    """A net that is proved, as the check has confirmed.

    Attributes:
        params: Of the net that the proof is about.
        sets: Its inductive invariant.
        graph: Which of the sets each symbol leads to.
        certificate: The JSON of the proof.
        result: Of the check.
    """

    params: Params
    sets: Parallelotopes
    graph: SetGraph
    certificate: dict[str, Any]
    result: CheckResult


def certify(
    automaton: Automaton,
    cell: str,
    candidate: Candidate,
    graph: SetGraph,
    word_steps: int = 1,
    slack: float | None = None,
) -> CertifiedNet | None:
    """The proof of a net, as the check confirms it.

    Args:
        automaton: What the net must do.
        cell: 'rnn', 'gru' or 'lstm'.
        candidate: The net and its sets, as NumPy arrays.
        graph: Of the sets.
        word_steps: k, after how many symbols the sets close.
        slack: That the proof covers; None for the largest power of 1/2 that the check grants, which
            takes several checks.

    Returns:
        The proof, or None if the check refuses it.

    Raises:
        UserError: The automaton's tables are not whole, or the net cannot follow it.
    """
    require_automaton(automaton)
    require_net(cell, candidate.params, automaton)
    if slack is not None and slack < 0:
        raise UserError(f'slack={slack} must not be negative')
    # The checker knows no arrays.
    weights = {name: array.tolist() for name, array in candidate.params.items()}
    sets = set_graph.to_state_sets(candidate.sets, graph)

    def proof_with(slack: float) -> CertifiedNet | None:
        try:
            certificate = make_certificate(automaton, cell, weights, sets, word_steps, slack)
            result = check(parse(certificate))
        # What bound propagation accepts may fail in exact arithmetic, and a net may have NaNs.
        except Refused:
            return None
        return CertifiedNet(candidate.params, candidate.sets, graph, certificate, result)

    if slack is not None:
        return proof_with(slack)
    proof = proof_with(slack=0.0)
    if proof is None:
        return None
    # By bisection: the smallest power that is refused lies above `refused`.
    proved, refused = SMALLEST_SLACK, 0
    while proved - refused > 1:
        halfway = (proved + refused) // 2
        larger = proof_with(slack=2.0**-halfway)
        if larger is None:
            refused = halfway
        else:
            proof, proved = larger, halfway
    return proof
