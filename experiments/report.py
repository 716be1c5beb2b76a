"""Writes REPORT.md, report.html and docs/claims.md from what reproduce has kept; it never trains.

python -m experiments.report
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from experiments.core.command import run_command
from experiments.core.flags import HELP_FLAG, Flag, flag_values
from experiments.core.installation import is_in_a_clone
from experiments.reports import catalogue
from experiments.reports.catalogue import RESULTS_FOLDER, RESULTS_FOLDER_SHOWN
from experiments.reports.claims.table import answer_all, claims_page
from experiments.reports.evidence import gather_evidence
from experiments.reports.judgement import judge_all
from experiments.reports.page import (
    backgrounds,
    first_screen,
    pictures,
    render,
    report_chapter,
    sections,
    sequence_sections,
    subset_table,
)
from experiments.reports.page.blocks import Block, Chapter, Section, Text
from experiments.reports.page.report_chapter import Judged
from experiments.reports.reported import REPORTS
from experiments.reports.reported_claims import reported_claims
from experiments.reports.reported_numbers import reported_numbers
from experiments.reports.verdict import Verdict
from experiments.reports.verdict_summary import ReportTest, compare_report, summarize_verdicts
from jaxdl import UserError, backend
from jaxdl.durable_files import write_whole

FLAGS = {
    'results': Flag(
        str(RESULTS_FOLDER), 'folder of the results that reproduce has kept', RESULTS_FOLDER_SHOWN
    ),
    'out': Flag('.', 'folder of REPORT.md, report.html and docs/claims.md'),
    **HELP_FLAG,
}
TITLE = 'Five reports, reproduced'
PAPER = Path(__file__).parent / 'reports' / 'page' / 'zeiler_fergus.md'
PAPER_NET = 'The net of `B-cifar-relu-adam-reg`'


def main(argv: Sequence[str]) -> None:
    """Writes the page that the flags describe.

    Raises:
        UserError: There is no folder of results.
    """
    flags = flag_values(argv, FLAGS, __doc__)
    results_folder = Path(flags['results']).expanduser()
    out = Path(flags['out']).expanduser()
    if not results_folder.is_dir():
        raise UserError(
            f'--results={results_folder} is no folder; python -m experiments.reproduce makes it'
        )
    (out / 'docs').mkdir(parents=True, exist_ok=True)

    # A few claims are decided by computing with JAX.
    backend.configure()
    judged = judge_everything(results_folder)
    blocks = page_blocks(judged)
    render.write_page(TITLE, blocks, out, figure_folder(results_folder, out))
    write_whole(out / 'docs' / 'claims.md', claims_page(judged.evidence, judged.answers))
    print(first_screen.headline(summarize_verdicts(judged.verdicts).overall))
    print(f'wrote {out / "REPORT.md"}, {out / "report.html"} and {out / "docs" / "claims.md"}')


def judge_everything(results_folder: Path) -> Judged:
    """The verdicts on all numbers and the answers to all claims, from a folder of results."""
    evidence = gather_evidence(results_folder)
    run_of = catalogue.first_ids()
    return Judged(
        evidence,
        judge_all(reported_numbers(), evidence.outcomes(), evidence.reported, run_of),
        reported_claims(),
        answer_all(evidence),
        results_folder,
    )


def compare_reports(verdicts: Sequence[Verdict]) -> Mapping[str, ReportTest]:
    """Whether each report as a whole is better than ours; those without verdicts are left out."""
    run_of = catalogue.first_ids()
    tests = {}
    for report in REPORTS:
        test = compare_report(report, verdicts, run_of)
        if test is not None:
            tests[report] = test
    return tests


def figure_folder(results_folder: Path, out: Path) -> Path:
    """Where the page's figures are written: beside the page, or below it with the results."""
    # The repository has REPORT.md at its top, and the pictures that it shows with the results. An
    # installed package is left as it is, also where it lies below the page.
    is_installed = results_folder == RESULTS_FOLDER and not is_in_a_clone()
    if out.absolute() in results_folder.absolute().parents and not is_installed:
        return results_folder / 'figures'
    return out / 'figures'


def page_blocks(judged: Judged) -> list[Block]:
    """All of the page, in order."""
    evidence = judged.evidence
    blocks = first_screen.first_screen(
        summarize_verdicts(judged.verdicts),
        compare_reports(judged.verdicts),
        judged.claims,
        judged.answers,
    )
    blocks.append(Section('How a number is judged', 'rule', first_screen.rule(evidence)))
    blocks.append(
        Section('The choice of training images', 'subsets', subset_table.subset_blocks(evidence))
    )
    for report in tqdm(REPORTS, 'chapters', unit='report'):
        blocks.append(report_chapter.report_chapter(report, judged))
    blocks.append(backgrounds.backgrounds_section(evidence))
    blocks.append(sections.comparisons_section(evidence))
    samples = pictures.row_pictures('samples-cifar', "Report B's LeNet", judged.results_folder)
    blocks.append(Section('CIFAR-10: samples', 'samples', samples))
    proofs = Chapter()
    sequence_sections.proofs(proofs, evidence)
    sequence_sections.automata(proofs, evidence)
    blocks.append(Section('Nets that are proved right at every length', 'proofs', proofs.blocks))
    blocks.append(_paper(judged.results_folder))
    return blocks


def _paper(results_folder: Path) -> Section:
    """What Zeiler and Fergus saw, and what we see."""
    title, *paragraphs = PAPER.read_text().strip().split('\n\n')
    texts: list[Block] = [Text(paragraph) for paragraph in paragraphs]
    drawn = pictures.row_pictures('paper', PAPER_NET, results_folder)
    return Section(title.removeprefix('## '), 'paper', [*texts, *drawn])


if __name__ == '__main__':
    run_command(main)
