"""How many reported numbers agree, and whether a report as a whole is better than chance."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from scipy.stats import binomtest, combine_pvalues, norm

from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import MEAN_OVER_LENGTHS
from experiments.reports.verdict import DECIDED, Verdict

SHORTEST_P = 1e-12  # so that no z is infinite


class Counts(NamedTuple):
    """How many verdicts are of each kind.

    Attributes:
        agrees, differs, undecided: Verdicts; a curve or a row's predictions are one.
        without_verdict: By kind, the scores that have none.
    """

    agrees: int
    differs: int
    undecided: int
    without_verdict: dict[str, int]

    @property
    def decided(self) -> int:
        """All verdicts."""
        return self.agrees + self.differs + self.undecided


class Summary(NamedTuple):
    """The counts of all verdicts.

    Attributes:
        overall: Of all.
        by_report: By 'A' to 'E'.
        by_quantity: By quantity.
    """

    overall: Counts
    by_report: dict[str, Counts]
    by_quantity: dict[str, Counts]


class ReportTest(NamedTuple):
    """Whether one number of each row of a report is better than ours, by more than chance.

    A report that shows its best runs, and a preset of ours that is worse than what the report
    ran, look alike here.

    Attributes:
        above: The number of rows whose number is above the middle of what one more run of ours
            gives.
        below: Of those below it.
        sign_p: Of the sign test, two-sided.
        z: Stouffer's: the sum of the rows' z, over the square root of their number.
        z_p: Its p value, two-sided.
    """

    above: int
    below: int
    sign_p: float
    z: float
    z_p: float


def summarize_verdicts(verdicts: Sequence[Verdict]) -> Summary:
    """Counts the verdicts on what the reports state, overall, by report and by quantity."""
    by_report: dict[str, list[Verdict]] = {}
    by_quantity: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if not verdict.score.parts:
            continue  # the report does not state it
        by_report.setdefault(verdict.number.report, []).append(verdict)
        by_quantity.setdefault(verdict.number.quantity, []).append(verdict)
    return Summary(
        overall=count_verdicts(verdicts),
        by_report={report: count_verdicts(group) for report, group in by_report.items()},
        by_quantity={name: count_verdicts(group) for name, group in by_quantity.items()},
    )


def count_verdicts(verdicts: Sequence[Verdict]) -> Counts:
    """Counts verdicts. Scores that a report does not state itself are left out."""
    decided: Counter[str] = Counter()
    without: Counter[str] = Counter()
    for verdict in verdicts:
        if not verdict.score.parts:
            continue
        if verdict.kind in DECIDED:
            decided[verdict.kind] += 1
        else:
            without[verdict.kind] += 1
    return Counts(decided['agrees'], decided['differs'], decided['undecided'], dict(without))


def headline_verdicts(verdicts: Sequence[Verdict]) -> dict[str, Verdict]:
    """The verdict on the one number that stands for a row, by row id.

    It is the final accuracy on the test set; of the adders of report E its mean over the lengths;
    and where no test is reported, the accuracy on the last training batch.
    """
    chosen: dict[str, Verdict] = {}
    for verdict in verdicts:
        number = verdict.number
        rank = _headline_rank(number)
        if rank is None:
            continue
        known = chosen.get(number.row_id)
        if known is None or rank < _headline_rank(known.number):
            chosen[number.row_id] = verdict
    return chosen


def _headline_rank(number: ReportedNumber) -> int | None:
    """0 for the best headline of a row; None for a number that is none."""
    if not number.counted:
        return None
    if number.quantity == MEAN_OVER_LENGTHS:
        return 0
    if number.quantity != 'accuracy':
        return None
    ranks = {'test': 0, '': 0, 'train_batch': 1}
    return ranks.get(number.split)


def compare_report(
    report: str, verdicts: Sequence[Verdict], run_of: Mapping[str, Hashable]
) -> ReportTest | None:
    """The sign test and Stouffer's Z over the headline of each row of a report.

    Args:
        report: 'A' to 'E'.
        verdicts: Of all reported numbers.
        run_of: By row id, what rows that are one run share. Rows of one run and with one number
            count once.

    Returns:
        None if no row has a verdict.
    """
    shares_below: dict[Hashable, float] = {}
    for row_id, verdict in headline_verdicts(verdicts).items():
        if verdict.number.report == report and verdict.below is not None:
            run_and_number = run_of.get(row_id, row_id), verdict.number.value
            shares_below[run_and_number] = verdict.below
    if not shares_below:
        return None
    shares = list(shares_below.values())
    above = sum(share > 0.5 for share in shares)
    below = sum(share < 0.5 for share in shares)
    sign_p = float(binomtest(above, above + below).pvalue) if above + below else 1.0
    # Each is the p value of "not above ours".
    p_values = [min(max(1 - share, SHORTEST_P), 1 - SHORTEST_P) for share in shares]
    z = float(combine_pvalues(p_values, method='stouffer').statistic)
    return ReportTest(above, below, sign_p, z, float(2 * norm.sf(abs(z))))
