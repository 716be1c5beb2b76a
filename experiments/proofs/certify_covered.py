"""Certifies nets of a population as they were trained, by covers of what they can reach."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tqdm import tqdm

from experiments.core.config import Config
from experiments.proofs.certify_searched import take
from experiments.proofs.outcome import Outcome
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certify import CertifiedNet, certify
from jaxdl.verify.cover import Cover, find_cover
from jaxdl.verify.search import Candidate
from jaxdl.verify.set_images import SetImages, make_set_images

# Of sets, from large to small: large ones may be too large for right answers, small ones too many.
SIZES = (0.2, 0.1, 0.05, 0.03, 0.02, 0.014, 0.01, 0.007, 0.005)
# Sizes that needed too many sets; then smaller ones are not tried for words of this length.
MOST_TOO_SMALL = 2
MOST_WORDS = 100  # of the longest words that are tried where their length is not given
# Images of sets that a proof may need. The check takes a millisecond or two for each of them.
MOST_IMAGES = 40_000
SLACK = 2.0**-17


class WordImages(NamedTuple):
    """What the search needs for words of k symbols.

    Attributes:
        word_steps: k.
        set_images: Finds images, of any net.
        images_of_set: How many images a set has: one for each word of 1 to k symbols.
    """

    word_steps: int
    set_images: SetImages
    images_of_set: int


class Found(NamedTuple):
    """A cover of a net, which closes over words of k symbols.

    Attributes:
        cover: Of what the net can reach.
        word_steps: k.
    """

    cover: Cover
    word_steps: int


def certify_covered(
    config: Config,
    automaton: Automaton,
    params: Params,
    nets: Sequence[int],
    word_steps: int,
) -> Iterator[Outcome]:
    """Searches for proofs of nets, one after the other.

    Args:
        config: Of the run.
        automaton: What the nets must do.
        params: Of all nets, (S, ...).
        nets: Which of them to prove, by their places from 0.
        word_steps: k, after how many symbols the sets close; 0 for a choice of two.

    Yields:
        What each search gave.
    """
    if not nets:
        return
    choices = [word_steps] if word_steps else usual_word_steps(automaton)
    kinds = []
    for steps in choices:
        kinds.append(_word_images(config, automaton, steps))
    for net in tqdm(nets, 'as trained, covers', unit='net'):
        yield Outcome(net, _certify_net(config, automaton, take(params, net), kinds))


def usual_word_steps(automaton: Automaton) -> list[int]:
    """The largest k with at most MOST_WORDS words of k symbols, and the k before it."""
    # One symbol makes a single word of any length, so k would have no end: count as with two.
    symbols = max(len(automaton.symbols), 2)
    longest = 1
    while symbols ** (longest + 1) <= MOST_WORDS:
        longest += 1
    return list(range(max(longest - 1, 1), longest + 1))


def _word_images(config: Config, automaton: Automaton, word_steps: int) -> WordImages:
    symbols = len(automaton.symbols)
    images_of_set = 0
    for steps in range(1, word_steps + 1):
        images_of_set += symbols**steps
    # The bounds allow for twice the slack: single precision rounds here.
    set_images = make_set_images(config.cell, config.hidden, automaton, word_steps, 2 * SLACK)
    return WordImages(word_steps, set_images, images_of_set)


def _certify_net(
    config: Config, automaton: Automaton, params: Params, kinds: Sequence[WordImages]
) -> CertifiedNet | None:
    found = _find_largest_sets(params, kinds)
    if found is None:
        return None
    candidate = Candidate(params, found.cover.sets)
    graph = found.cover.graph
    return certify(automaton, config.cell, candidate, graph, found.word_steps, SLACK)


def _find_largest_sets(params: Params, kinds: Sequence[WordImages]) -> Found | None:
    """The first cover that is found, from large to small sets and from short to long words."""
    too_small = {kind.word_steps: 0 for kind in kinds}
    for size in SIZES:
        for kind in kinds:
            if too_small[kind.word_steps] == MOST_TOO_SMALL:
                continue
            most_sets = max(MOST_IMAGES // kind.images_of_set, 1)
            attempt = find_cover(kind.set_images, params, size, most_sets)
            if attempt.cover is not None:
                return Found(attempt.cover, kind.word_steps)
            # All answers were right so far, so there were too many sets.
            if attempt.answer > 0:
                too_small[kind.word_steps] += 1
    return None
