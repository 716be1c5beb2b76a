"""The beginning of the page: what it is, the claims that matter, and how many numbers agree."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from experiments.reports.claims.answer import ClaimAnswer
from experiments.reports.claims.report_e_adders import ADDERS_OF_E
from experiments.reports.evidence import Evidence
from experiments.reports.page.blocks import Block, Chapter, Items, Picture, Text
from experiments.reports.page.claim_tables import count_text, first_claims_table
from experiments.reports.page.report_chapter import report_anchor
from experiments.reports.reported_claims import ReportedClaim
from experiments.reports.verdict import RULE
from experiments.reports.verdict_summary import Counts, ReportTest, Summary
from jaxdl.figures import comparisons

PLAYGROUND_PICTURE = Path(__file__).parent / 'playground.webp'


def headline(counts: Counts) -> str:
    """How many reported scores agree, differ and are undecided; a curve is one score."""
    text = (
        f'Of {counts.decided} reported scores that could be judged {counts.agrees} agree, '
        f'{counts.differs} differ and {counts.undecided} are undecided'
    )
    reasons = []
    for kind, count in sorted(counts.without_verdict.items()):
        reasons.append(f'{count} {kind}')
    if reasons:
        text += f'; without a verdict are {", ".join(reasons)}'
    return f'{text}.'


def first_screen(
    summary: Summary,
    tests: Mapping[str, ReportTest],
    claims: Mapping[str, ReportedClaim],
    answers: Mapping[str, ClaimAnswer],
) -> list[Block]:
    """What a reader sees first.

    Args:
        summary: The counts of the verdicts.
        tests: Of each report as a whole, by its letter.
        claims: Of the reports, by id.
        answers: To them, by id.
    """
    return [
        Text(
            'Five course reports (A to E) train recurrent and convolutional nets, each in a single '
            'run. This page repeats the runs with several seeds, and holds every number and claim '
            'of the reports against them.'
        ),
        Text(f'**{headline(summary.overall)}** {count_text(answers)}.'),
        first_claims_table(claims, answers),
        Items(_sentences(summary, tests)),
        Text(
            "The sign test and Stouffer's Z take one number a row, its final accuracy. A report "
            'that shows its best runs, and a preset of ours that is worse than what the report '
            'ran, look alike in them.'
        ),
        Text(
            'Nets like those of the reports at work, in a page of its own: '
            '[the playground](docs/playground.html).'
        ),
        Picture(
            'playground',
            PLAYGROUND_PICTURE,
            'A proved LSTM of five units adds 314 and 1012: its bits, its gates and states, and '
            'the sets that hold its state for ever.',
            'A screenshot of the playground',
        ),
    ]


def _sentences(summary: Summary, tests: Mapping[str, ReportTest]) -> list[str]:
    """A sentence on each report."""
    sentences = []
    for report, counts in summary.by_report.items():
        sentence = (
            f'[Report {report}](#{report_anchor(report)}): agree {counts.agrees}, '
            f'differ {counts.differs}, undecided {counts.undecided}'
        )
        test = tests.get(report)
        if test is not None:
            sentence += (
                f'; {test.above} of {test.above + test.below} rows lie above the middle of ours '
                f"(sign test p = {test.sign_p:.2g}; Stouffer's Z = {test.z:z.1f}, "
                f'p = {test.z_p:.1g})'
            )
        sentences.append(f'{sentence}.')
    return sentences


def rule(evidence: Evidence) -> list[Block]:
    """How a number is judged, and what the numbers of ours were made with."""
    chapter = Chapter()
    chapter.text(RULE)
    chapter.text(
        'The windows of a log are one curve with one verdict, and so are the single digits that a '
        'net reads. `docs/verdicts.md` has the rule with its formulas, and `docs/claims.md` what '
        'decides each claim.'
    )
    chapter.text(
        'Every number of ours is computed from the files in `experiments/results` by '
        '`python -m experiments.report`; `python -m experiments.reproduce` made these files.'
    )
    if evidence.results:
        chapter.text(f'Made with {"; ".join(_versions(evidence))}.')
    _add_luck(chapter, evidence)
    return chapter.blocks


def _versions(evidence: Evidence) -> list[str]:
    """The versions that the results were made with, and how many rows with each."""
    counts: Counter[str] = Counter()
    for results in evidence.results.values():
        versions = results.versions
        counts[
            f'Python {versions["python"]}, jax {versions["jax"]}, flax {versions["flax"]}, '
            f'optax {versions["optax"]}'
        ] += 1
    return [f'{versions} ({count} rows)' for versions, count in counts.items()]


def _add_luck(chapter: Chapter, evidence: Evidence) -> None:
    """The figure that shows best how little a single run says."""
    adders = evidence.finished(ADDERS_OF_E)
    if not adders:
        return
    scores, reported = {}, {}
    for name in adders:
        scores[name] = evidence.results[name].final_test.exact_match.seeds
        reported[name] = evidence.reported[name].reported_test_acc
    chapter.figure(
        'luck',
        comparisons.seed_scores(
            "Report E's adders: what one run says, and what a hundred say",
            'whole sums right, lengths 1 to 20',
            scores,
            reported,
        ),
        'How little one run says: each dot is one of our seeds, the star is the one run of '
        'report E.',
    )
