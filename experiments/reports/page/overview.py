"""The beginning of the page: the reports, the rule of the verdicts, and how many numbers stand."""

from collections import Counter
from collections.abc import Mapping

from experiments.reports.page.document import Page
from experiments.reports.evidence import Evidence
from experiments.reports.page.sequence_claims import ADDERS_OF_E
from experiments.reports.reported import REPORTS
from experiments.reports.verdict import RULE
from experiments.reports.verdict_summary import Counts, ReportTest, Summary
from jaxdl.figures import comparisons


def headline(counts: Counts) -> str:
    """How many reported numbers agree, differ and are undecided."""
    text = (
        f'Of {counts.decided} reported numbers that could be judged {counts.agrees} agree, '
        f'{counts.differs} differ and {counts.undecided} are undecided'
    )
    reasons = []
    for kind, count in sorted(counts.without_verdict.items()):
        reasons.append(f'{count} {kind}')
    if reasons:
        text += f'; without a verdict: {", ".join(reasons)}'
    return f'{text}.'


def write(
    page: Page, evidence: Evidence, summary: Summary, reports: Mapping[str, ReportTest]
) -> None:
    """Writes the beginning of the page."""
    page.text(
        'Five course reports train recurrent and convolutional nets, each net in a single run. '
        'This page repeats the runs with several seeds, and sets the results beside the reported '
        'numbers.'
    )
    descriptions = []
    for letter, report in REPORTS.items():
        descriptions.append(f'**Report {letter}** {report.description}')
    page.list(descriptions)
    # The rule comes before the headline, since it says what 'agree' means.
    page.text(RULE)
    page.text(f'**{headline(summary.overall)}** The windows of a log are one curve.')
    _write_reports(page, summary, reports)
    page.text(
        'Every number of ours is computed from the files in `experiments/results` by '
        '`python -m experiments.report`; `python -m experiments.reproduce` made these files. '
        'Seconds are those of training, for one seed, on the device that is named.'
    )
    if evidence.results:
        page.text(f'Made with {"; ".join(_versions(evidence))}.')
    _write_luck(page, evidence)


def _write_reports(page: Page, summary: Summary, reports: Mapping[str, ReportTest]) -> None:
    """The verdicts by report, and whether a report as a whole is better than ours."""
    lines = []
    for report, test in reports.items():
        counts = summary.by_report[report]
        lines.append(
            [
                report,
                counts.agrees,
                counts.differs,
                counts.undecided,
                f'{test.above} of {test.above + test.below}',
                f'{test.sign_p:.2g}',
                f'{test.z:.1f} ({test.z_p:.1g})',
            ]
        )
    page.table(
        [
            'report',
            'agree',
            'differ',
            'undecided',
            'rows above the middle of ours',
            'sign test, p',
            "Stouffer's Z (p)",
        ],
        lines,
    )
    page.text(
        'The last three columns take one number a row, its final accuracy. A report that shows its '
        'best runs and a preset of ours that is worse than what the report ran look alike in them.'
    )


def _versions(evidence: Evidence) -> list[str]:
    """The versions that the results were made with, and how many rows with each."""
    counts = Counter()
    for results in evidence.results.values():
        versions = results.versions
        counts[
            f'Python {versions["python"]}, jax {versions["jax"]}, flax {versions["flax"]}, '
            f'optax {versions["optax"]}'
        ] += 1
    return [f'{versions} ({count} rows)' for versions, count in counts.items()]


def _write_luck(page: Page, evidence: Evidence) -> None:
    """The figure that shows best how little a single run says."""
    adders = evidence.finished(ADDERS_OF_E)
    if not adders:
        return
    scores, reported = {}, {}
    for name in adders:
        scores[name] = evidence.results[name].final_test.exact_match.seeds
        reported[name] = evidence.reported[name].reported_test_acc
    page.figure(
        'luck',
        comparisons.seed_scores(
            "Report E's adders: what one run says, and what a hundred say",
            'whole sums right, lengths 1 to 20',
            scores,
            reported,
        ),
        "Each dot is a seed, the star is the report's one run",
    )
