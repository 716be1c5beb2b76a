"""What a search for the proof of a net gave."""

from typing import NamedTuple

from jaxdl.verify.certify import CertifiedNet


class Outcome(NamedTuple):
    """What a search gave.

    Attributes:
        net: Its place in the population.
        proof: Or None.
        closure_gap: From the worst image to the facets of its target, in lengths of the target's
            generators, by the search, which rounds; negative if the image sticks out. None if the
            search does not know.
    """

    net: int
    proof: CertifiedNet | None
    closure_gap: float | None = None
