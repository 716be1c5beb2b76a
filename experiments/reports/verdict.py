"""What a verdict on a reported number is, and the rule of all verdicts in words."""

import math
from typing import Literal, NamedTuple

from experiments.reports.curve_band import CurveBand
from experiments.reports.one_more_run import Interval
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import ReportedScore

RULE = """
A reported number comes from a single run. It **differs** if it is too unlikely as one more run of
ours: by Student's t where we have a few seeds, by its rank among them where we have forty or more,
with the scatter of the report's own test examples, and of its own choice of training images, added
where they are not ours, and at a false discovery rate of 5 % among the like numbers of a net. It
**agrees** if it does not differ, the mean of ours is known to two points (a loss: to 10 %), and the
number lies as near to it, or as near as the report's own test examples allow. Else it is
**undecided**: then the verdict says how large a difference could have stayed unseen, if the like
numbers of the net agree.
""".strip()

Kind = Literal[
    'agrees',
    'differs',
    'undecided',
    'not counted',
    'not judged',
    'not recorded',
    'no run',
    'diverged',
]
DECIDED: tuple[Kind, ...] = ('agrees', 'differs', 'undecided')


class OurScore(NamedTuple):
    """A score of ours.

    Attributes:
        mean: Over seeds.
        interval: The 95 % interval of the mean; None for a single seed without like rows.
        seeds: Their number.
    """

    mean: float
    interval: Interval | None
    seeds: int


class Verdict(NamedTuple):
    """What became of a reported score.

    Attributes:
        score: What was judged: `score.number` has the reported value.
        kind: See RULE. 'not counted' is what a report repeats, or what can hardly be read; 'not
            judged' are seconds; the last three say why there is no number of ours.
        reason: In words, where there is no verdict.
        ours: The same score of ours, or None.
        expected: Where one more run of ours falls 19 times in 20, or None.
        p: How likely one more run lies so far out, on the one side of a bound, else on either; or
            None.
        q: p, adjusted for the like numbers of the net (Benjamini and Hochberg), or None.
        family_size: How many numbers were adjusted together, itself among them; 0 if it has no p.
        unseen: Where the value would not differ if the other numbers of the family agreed; without
            ends if it could not differ at all; or None.
        below: The share of further runs of ours below the reported value, equal ones half.
        band: Of a curve: how much of it lies in the band of our seeds.
    """

    score: ReportedScore
    kind: Kind
    reason: str = ''
    ours: OurScore | None = None
    expected: Interval | None = None
    p: float | None = None
    q: float | None = None
    family_size: int = 0
    unseen: Interval | None = None
    below: float | None = None
    band: CurveBand | None = None

    @property
    def number(self) -> ReportedNumber:
        """The reported number, or the score that several are together."""
        return self.score.number

    @property
    def detectable(self) -> float | None:
        """The smallest difference from our mean, on the wider side, that could have been seen.

        It is that of a number which alone of its family deviates: infinite if it could not differ.
        A bound can be contradicted on one side only.
        """
        if self.ours is None or self.unseen is None:
            return None
        below, above = self.ours.mean - self.unseen.low, self.unseen.high - self.ours.mean
        if self.number.low == -math.inf:
            return below + self.number.rounding
        if self.number.high == math.inf:
            return above + self.number.rounding
        return max(below, above) + self.number.rounding

    def text(self) -> str:
        """The verdict in words."""
        if self.kind == 'differs':
            difference = self.number.value - self.ours.mean
            return f'differs by {format_difference(difference, self.number.unit, signed=True)}'
        if self.kind == 'undecided' and self.detectable is not None:
            return f'undecided: {self._unseen_text()}'
        return self.kind

    def _unseen_text(self) -> str:
        if math.isinf(self.detectable):
            return f'no difference of one among {self.family_size} numbers would be seen'
        detectable = format_difference(self.detectable, self.number.unit)
        return f'less than {detectable} would not be seen'


def format_difference(difference: float, unit: str, signed: bool = False) -> str:
    """A difference in the words of its unit: points of a share, else the plain number."""
    sign = '+' if signed else ''
    if unit == 'fraction':
        return f'{100 * difference:{sign}.1f} points'
    return f'{difference:{sign}.2g}'
