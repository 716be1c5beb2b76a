"""Writes REPORT.md, report.html and docs/claims.md from what reproduce has kept; it never trains.

python -m experiments.report
"""

from collections.abc import Sequence
from pathlib import Path

from experiments.core.command import run_command
from experiments.core.flags import HELP_FLAG, Flag, flag_values
from experiments.reports.agreement import Verdict, judge
from experiments.reports.catalogue import RESULTS_FOLDER
from experiments.reports.claims.table import claims_page
from experiments.reports.evidence import Evidence, gather_evidence
from experiments.reports.page import claims, overview, report_rows, sections, sequence_sections
from experiments.reports.page.document import Page
from experiments.reports.reported import REPORTS
from jaxdl import UserError, backend
from jaxdl.durable_files import write_whole

FLAGS = {
    'results': Flag(str(RESULTS_FOLDER), 'folder of the results that reproduce has kept'),
    'out': Flag('.', 'folder of REPORT.md, report.html and docs/claims.md'),
    **HELP_FLAG,
}
TITLE = 'Five reports, reproduced'
PAPER = Path(__file__).parent / 'reports' / 'page' / 'zeiler_fergus.md'


def main(argv: Sequence[str]) -> None:
    """Writes the page that the flags describe.

    Raises:
        UserError: There is no folder of results.
    """
    flags = flag_values(argv, FLAGS)
    results_folder = Path(flags['results']).expanduser()
    out = Path(flags['out']).expanduser()
    if not results_folder.is_dir():
        raise UserError(
            f'--results={results_folder} is no folder; python -m experiments.reproduce makes it'
        )
    (out / 'docs').mkdir(parents=True, exist_ok=True)

    # A few claims are decided by computing with JAX.
    backend.configure()
    evidence = gather_evidence(results_folder)
    verdicts = judge_all(evidence)
    page = Page(out, figure_folder(results_folder, out))
    write_page(page, evidence, verdicts, results_folder)
    write_whole(out / 'REPORT.md', page.markdown())
    write_whole(out / 'report.html', page.html(TITLE))
    write_whole(out / 'docs' / 'claims.md', claims_page(evidence))
    print(overview.headline(verdicts))
    print(f'wrote {out / "REPORT.md"}, {out / "report.html"} and {out / "docs" / "claims.md"}')


def judge_all(evidence: Evidence) -> dict[str, Verdict]:
    """The verdicts on all reported rows that are trained, by id."""
    verdicts = {}
    for name, row in evidence.reported.items():
        if name in evidence.ids:  # the others are pictures
            verdicts[name] = judge(row, evidence.outcome(name))
    return verdicts


def figure_folder(results_folder: Path, out: Path) -> Path:
    """Where the page's figures are written: beside the page, or below it with the results."""
    # The repository has REPORT.md at its top, and the pictures that it shows with the results.
    if out.absolute() in results_folder.absolute().parents:
        return results_folder / 'figures'
    return out / 'figures'


def write_page(
    page: Page, evidence: Evidence, verdicts: dict[str, Verdict], results_folder: Path
) -> None:
    """Writes all chapters of the page, in order."""
    page.text(f'# {TITLE}')
    overview.write(page, evidence, verdicts)
    for report in REPORTS:
        report_rows.write(page, report, evidence, verdicts, results_folder)
    claims.write(page, evidence)
    sections.write(page, evidence)
    page.text('## Samples')
    report_rows.write_pictures(page, 'samples-mnist', results_folder)
    report_rows.write_pictures(page, 'samples-cifar', results_folder)
    page.text('## Adders that are proved right at every length')
    sequence_sections.proofs(page, evidence)
    page.text(PAPER.read_text().strip())
    report_rows.write_pictures(page, 'paper', results_folder)


if __name__ == '__main__':
    run_command(main)
