"""Claims and sections name runs that exist, and write what they can from incomplete results."""

import msgspec
import pytest

from experiments.core.file_schema import EpochRecord
from experiments.reports import catalogue
from experiments.reports.evidence import gather_evidence
from experiments.reports.page import claims, image_claims, image_sections, sections, sequence_claims
from experiments.reports.page.document import Page
from experiments.reports.result_files import RESULTS_FOLDER
from jaxdl.metrics import Summary

pytestmark = pytest.mark.quick


@pytest.fixture(scope='module')
def evidence():
    """What the committed results hold."""
    return gather_evidence(RESULTS_FOLDER)


def only(evidence, names):
    """The evidence with the results of these ids alone."""
    results = {name: evidence.results[name] for name in names}
    return evidence._replace(results=results)


@pytest.mark.parametrize('claim', claims.CLAIMS, ids=lambda claim: claim.title)
def test_claims_need_runs_that_exist(claim):
    assert set(claim.needed) <= catalogue.runs().keys()


@pytest.mark.parametrize('section', sections.SECTIONS, ids=lambda section: section.title)
def test_sections_need_runs_that_exist(section):
    assert section.ids(catalogue.runs())


@pytest.mark.parametrize('claim', claims.CLAIMS, ids=lambda claim: claim.title)
def test_a_claim_is_written_from_one_of_its_runs(claim, evidence, tmp_path):
    page = Page(tmp_path, tmp_path)
    claim.write(page, only(evidence, claim.needed[:1]))
    assert 'nan' not in page.markdown()


@pytest.mark.parametrize('section', sections.SECTIONS, ids=lambda section: section.title)
def test_a_section_is_written_from_one_of_its_runs(section, evidence, tmp_path):
    names = section.ids(evidence.ids)
    page = Page(tmp_path, tmp_path)
    section.write(page, only(evidence, names[:1]))
    assert 'nan' not in page.markdown()


def with_results(evidence, name, **changes):
    """The evidence of one run, some of whose results are replaced."""
    results = msgspec.structs.replace(evidence.results[name], **changes)
    return evidence._replace(results={name: results}, failures={})


def test_the_curves_of_many_seeds_have_no_single_seeds(evidence, tmp_path):
    curve = []
    for record in evidence.results['A-rnn128'].curve:
        if isinstance(record, EpochRecord):
            accuracy = record.test['accuracy']
            test = {'accuracy': Summary(accuracy.mean, accuracy.ci95)}
            record = msgspec.structs.replace(record, test=test)
        curve.append(record)
    page, changed = Page(tmp_path / 'all', tmp_path), Page(tmp_path / 'many', tmp_path)
    image_claims.unstable_rate(page, only(evidence, ['A-rnn128']))
    image_claims.unstable_rate(changed, with_results(evidence, 'A-rnn128', curve=curve))
    assert changed.parts[0] == page.parts[0]


def test_results_of_earlier_versions_lack_parts_of_the_final_test(evidence, tmp_path):
    page = Page(tmp_path, tmp_path)
    for name, write in (
        (image_claims.MNIST_OF_D[0], image_claims.last_batch),
        (image_sections.MNIST_NET, image_sections.classes),
    ):
        test = msgspec.structs.replace(
            evidence.results[name].final_test, last_batch=None, report=None, confusion=None
        )
        write(page, with_results(evidence, name, final_test=test))
    assert len(page.parts) == 1
    assert image_claims.MNIST_OF_D[0] in page.parts[0]


def test_what_is_missing_is_said(evidence, tmp_path):
    page = Page(tmp_path, tmp_path)
    claims.write(page, only(evidence, []))
    sections.write(page, only(evidence, []))
    text = page.markdown()
    for claim in claims.CLAIMS:
        assert f'### {claim.title}\n' in text
    assert 'Not run yet: A-rnn128, A-rnn256.' in text
    assert '|' not in text  # no table without results


def test_an_upset_is_a_pair_in_which_the_worse_net_wins(evidence, tmp_path):
    page = Page(tmp_path, tmp_path)
    sequence_claims.luck_of_adders(page, only(evidence, ['E-add-ce-h3-L3', 'E-add-mse-h3-L3']))
    first = evidence.results['E-add-ce-h3-L3'].final_test.exact_match.seeds
    second = evidence.results['E-add-mse-h3-L3'].final_test.exact_match.seeds
    assert sum(first) > sum(second)
    upsets = 0
    for higher_on_average in first:
        upsets += sum(other > higher_on_average for other in second)
    share = upsets / (len(first) * len(second))
    assert f'ahead in {100 * share:.0f} % of the pairs of seeds' in page.markdown()
