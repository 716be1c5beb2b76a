"""JSON files, read and written by their schema, which is one of the classes in schemas/.

docs/formats.md describes these files for users. Files of earlier versions are upgraded as they
are read.

A file may come from anybody. All JSON is read by `read_content`, and whatever the rest of the
program takes for granted is checked here, once: types, ranges of counts, and what the fields must
have in common.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from experiments.core.json_text import to_text
from experiments.core.schemas.earlier_versions import upgrade
from experiments.core.schemas.final_tests import final_test_type
from experiments.core.schemas.records import Record, StatisticsRecord
from experiments.core.schemas.result_checks import check_results
from experiments.core.schemas.results import RunResults
from experiments.core.schemas.rows import FailedRow, MeasurementRow, PictureRow, RowResults
from experiments.core.schemas.settings import check_settings
from jaxdl.durable_files import write_whole

T = TypeVar('T')


def parse(text: str | bytes) -> Any:
    """The content of a JSON text, in the names of today.

    Raises:
        ValueError: It is no JSON, or JSON that no file of ours can hold.
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError('it is nested too deeply') from None
    return upgrade(content)


def read_content(file: Path) -> Any:
    """The content of a JSON file, in the names of today.

    Raises:
        ValueError: It cannot be read; the message says why.
        FileNotFoundError: There is no such file.
    """
    # To open a pipe would wait for ever.
    if file.exists() and not file.is_file():
        raise ValueError('it is not a file')
    return parse(file.read_text(encoding='utf-8'))


def from_json(content: Any, schema_type: type[T]) -> T:
    """An object of the schema from the content of a JSON file.

    Raises:
        ValueError: The content is of another form.
    """
    result = msgspec.convert(content, schema_type)
    if isinstance(result, RunResults | RowResults | FailedRow | PictureRow | MeasurementRow):
        check_settings(result.config)
    if isinstance(result, RunResults | RowResults):
        # The type of the final test depends on the task, which only the content tells.
        final_test = msgspec.convert(result.final_test, final_test_type(result.config['task']))
        result = msgspec.structs.replace(result, final_test=final_test)
        check_results(result)
    return result


def read_json(file: Path, schema_type: type[T]) -> T | None:
    """The object of the schema in a JSON file; None if there is none that can be read."""
    try:
        return from_json(read_content(file), schema_type)
    except (FileNotFoundError, ValueError):  # msgspec's errors are ValueErrors
        return None


def to_json(value: Any) -> Any:
    """The content of a JSON file of an object of the schema."""
    return msgspec.to_builtins(value)


def write_json(file: Path, content: Any) -> None:
    """Writes an object of the schema, or plain JSON content, whole or not at all."""
    write_whole(file, to_text(to_json(content)) + '\n')


def to_line(record: Record) -> str:
    """A record as a line of metrics.jsonl."""
    return json.dumps(to_json(record)) + '\n'


def from_line(line: str | bytes) -> Record:
    """A record from a line of metrics.jsonl.

    Raises:
        ValueError: The line is no record.
    """
    # json, unlike msgspec, reads the Infinity and NaN that statistics may hold.
    record = msgspec.convert(parse(line), Record)
    if isinstance(record, StatisticsRecord):
        for layer in record.layers.values():
            if layer.range is None or layer.histogram is None:
                raise ValueError('layer statistics must have a range and a histogram')
    elif 'loss' not in record.train:
        raise ValueError('the scores have no loss')
    return record
