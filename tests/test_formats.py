"""docs/formats.md describes the files that are written: field for field, and nothing else."""

import inspect
import re
from pathlib import Path

import msgspec
import pytest

from experiments.core import file_schema
from experiments.core.config import Config
from jaxdl.metrics import Summary, SummaryList
from jaxdl.verify import certificate
from jaxdl.verify.automaton import ADDER

PAGE = Path(__file__).parents[1] / 'docs' / 'formats.md'


def is_struct(thing):
    return inspect.isclass(thing) and issubclass(thing, msgspec.Struct)


STRUCTS = [Summary, SummaryList]
for _, thing in inspect.getmembers(file_schema, is_struct):
    if thing.__module__ == file_schema.__name__:
        STRUCTS.append(thing)


def sections():
    """The text below each heading of the page, up to the next heading."""
    parts = re.split(r'^#+ (.*)$', PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def section_of(name):
    """The section whose heading names something in backquotes, or is just that name."""
    for heading, text in sections().items():
        if heading == name or f'(`{name}`)' in heading:
            return text
    raise AssertionError(f'{PAGE.name} has no section on {name}')


def table_rows(text):
    """The cells of each row of the tables in a section, without headers."""
    rows = []
    for line in text.splitlines():
        if line.startswith('| `'):
            rows.append([cell.strip() for cell in line.strip('|').split('|')])
    return rows


def first_cells(text):
    return [row[0].strip('`') for row in table_rows(text)]


def fields_in_json(struct):
    """The names of a Struct's fields in JSON, with the one that says which kind it is."""
    names = [field.encode_name for field in msgspec.structs.fields(struct)]
    tag_field = struct.__struct_config__.tag_field
    return [tag_field, *names] if tag_field else names


@pytest.mark.quick
@pytest.mark.parametrize('struct', STRUCTS, ids=lambda struct: struct.__name__)
def test_every_field_of_a_struct_is_described_and_no_other(struct):
    documented = first_cells(section_of(struct.__name__))
    assert sorted(documented) == sorted(fields_in_json(struct))


@pytest.mark.quick
def test_every_struct_that_has_a_section_exists():
    named = re.findall(r'^#+ .*\(`(\w+)`\)$', PAGE.read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(struct.__name__ for struct in STRUCTS)


@pytest.mark.quick
def test_the_kind_of_a_record_is_that_of_its_section():
    for struct in (file_schema.WindowRecord, file_schema.EpochRecord, file_schema.StatisticsRecord):
        row = table_rows(section_of(struct.__name__))[0]
        assert row[1] == f'`"{struct.__struct_config__.tag}"`'


@pytest.mark.quick
def test_settings_are_described_with_their_defaults():
    documented = {
        name.strip('`'): default for name, default, _ in table_rows(section_of('config.json'))
    }
    assert documented.pop('version') == ''
    defaults = {}
    for name, value in Config().identity().items():
        defaults[name] = describe_default(value)
    assert documented == defaults


def describe_default(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'`{value}`' if value else '(empty)'
    return str(value)


@pytest.mark.quick
def test_a_certificate_is_described_in_its_order():
    text = section_of('proofs/seed\\<seed\\>.json: certificates')
    of_file, of_set = text.split('| field of a set |')
    one_set = certificate.StateSet(0, [0], [0.0], [[1.0]])
    written = certificate.make_certificate(ADDER, 'rnn', {}, [one_set])
    assert first_cells(of_file)[: len(written)] == list(written)
    assert certificate.FORMAT in of_file
    assert first_cells(of_set) == list(written['sets'][0])
