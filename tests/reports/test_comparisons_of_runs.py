"""Comparisons name runs that exist, and show what they can from incomplete results."""

import msgspec
import pytest

from experiments.core.schemas.records import EpochRecord
from experiments.reports import catalogue
from experiments.reports.catalogue import RESULTS_FOLDER
from experiments.reports.evidence import gather_evidence
from experiments.reports.page import backgrounds, image_claims, render, sections, sequence_claims
from experiments.reports.page.blocks import Chapter
from experiments.training import workdir
from jaxdl.metrics import Summary

pytestmark = pytest.mark.quick


@pytest.fixture(scope='module')
def evidence():
    """What the committed results hold, whatever the settings of their rows are today."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workdir, 'differences', lambda *args, **kwargs: [])
        return gather_evidence(RESULTS_FOLDER)


def markdown(chapter):
    """The text of a chapter, whose figures are not drawn."""
    files = {block.name: RESULTS_FOLDER for block in chapter.blocks if block.kind == 'picture'}
    return render.to_markdown('', chapter.blocks, RESULTS_FOLDER, files)


def only(evidence, names):
    """The evidence with the results of these ids alone."""
    results = {name: evidence.results[name] for name in names}
    return evidence._replace(results=results)


@pytest.mark.parametrize('claim', backgrounds.BACKGROUNDS, ids=lambda claim: claim.title)
def test_claims_need_runs_that_exist(claim):
    assert set(claim.needed) <= catalogue.runs().keys()


@pytest.mark.parametrize('section', sections.COMPARISONS, ids=lambda section: section.title)
def test_sections_need_runs_that_exist(section):
    assert section.ids(catalogue.runs())


@pytest.mark.parametrize('claim', backgrounds.BACKGROUNDS, ids=lambda claim: claim.title)
def test_a_claim_is_written_from_one_of_its_runs(claim, evidence):
    chapter = Chapter()
    claim.write(chapter, only(evidence, claim.needed[:1]))
    text = markdown(chapter)
    assert 'nan' not in text
    for name in claim.needed[:1]:  # one is of pictures, and needs no run
        assert name in text


@pytest.mark.parametrize('section', sections.COMPARISONS, ids=lambda section: section.title)
def test_a_section_is_written_from_one_of_its_runs(section, evidence):
    names = section.ids(evidence.ids)
    chapter = Chapter()
    section.write(chapter, only(evidence, names[:1]))
    assert 'nan' not in markdown(chapter)


@pytest.mark.parametrize('section', sections.COMPARISONS, ids=lambda section: section.title)
def test_a_section_shows_something_of_all_of_its_runs(section, evidence):
    chapter = Chapter()
    section.write(chapter, only(evidence, evidence.finished(section.ids(evidence.ids))))
    kinds = {block.kind for block in chapter.blocks}
    assert kinds & {'table', 'picture'}
    assert 'nan' not in markdown(chapter)


def with_results(evidence, name, **changes):
    """The evidence of one run, some of whose results are replaced."""
    results = msgspec.structs.replace(evidence.results[name], **changes)
    return evidence._replace(results={name: results}, failures={})


def test_the_curves_of_many_seeds_have_no_single_seeds(evidence):
    curve = []
    for record in evidence.results['A-rnn128'].curve:
        if isinstance(record, EpochRecord):
            accuracy = record.test['accuracy']
            test = {'accuracy': Summary(accuracy.mean, accuracy.ci95)}
            record = msgspec.structs.replace(record, test=test)
        curve.append(record)
    few, many = Chapter(), Chapter()
    image_claims.unstable_rate(few, only(evidence, ['A-rnn128']))
    image_claims.unstable_rate(many, with_results(evidence, 'A-rnn128', curve=curve))
    assert many.blocks[0] == few.blocks[0]


def test_results_of_earlier_versions_lack_the_last_batch(evidence):
    name = image_claims.MNIST_OF_D[0]
    test = msgspec.structs.replace(evidence.results[name].final_test, last_batch=None)
    chapter = Chapter()
    image_claims.last_batch(chapter, with_results(evidence, name, final_test=test))
    (table,) = chapter.blocks
    (row,) = table.rows
    assert (row.cells[0].text, row.cells[-1].text) == (name, '')


def test_what_is_missing_is_said(evidence):
    nothing = only(evidence, [])
    behind = backgrounds.backgrounds_section(nothing)
    compared = sections.comparisons_section(nothing)
    assert [part.title for part in behind.sections] == [
        background.title for background in backgrounds.BACKGROUNDS
    ]
    text = render.to_markdown('', [behind, compared], RESULTS_FOLDER, {})
    assert 'Not run yet: A-rnn128, A-rnn256.' in text
    assert '|' not in text  # no table without results


def test_an_upset_is_a_pair_in_which_the_worse_net_wins(evidence):
    chapter = Chapter()
    sequence_claims.luck_of_adders(chapter, only(evidence, ['E-add-ce-h3-L3', 'E-add-mse-h3-L3']))
    first = evidence.results['E-add-ce-h3-L3'].final_test.exact_match.seeds
    second = evidence.results['E-add-mse-h3-L3'].final_test.exact_match.seeds
    assert sum(first) > sum(second)
    upsets = 0
    for higher_on_average in first:
        upsets += sum(other > higher_on_average for other in second)
    share = upsets / (len(first) * len(second))
    assert f'ahead in {100 * share:.0f} % of the pairs of seeds' in markdown(chapter)
