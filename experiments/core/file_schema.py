"""The schema of every JSON file that a run or the report writes: one typed place for all.

docs/formats.md describes these files for users. Files of earlier versions are upgraded as they
are read (see `upgrade`).

A file may come from anybody. All JSON is read by `read_content`, and whatever the rest of the
program takes for granted is checked here, once: types, ranges of counts, and what the fields must
have in common.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Required, TypedDict, TypeVar

import msgspec

from experiments.core.config import Config
from experiments.core.json_text import to_text
from jaxdl.durable_files import write_whole
from jaxdl.metrics import Summary, SummaryList

T = TypeVar('T')
Scores = dict[str, Summary]  # by the name of the score: 'loss', 'accuracy', ...
# JSON has no largest integer. Beyond this one a float does not hold every integer.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
# A text of a setting: the name of a choice, or a version. It cannot break a line of output.
Word = Annotated[str, msgspec.Meta(pattern=r'\A[\w.+-]*\Z', max_length=100)]
# One's own machine, as experiments.core.own_machines writes it, or a word.
SettingText = Annotated[str, msgspec.Meta(pattern=r'\A([\w.+-]{0,100}|\{[ -~]{0,1000000}\})\Z')]
Settings = dict[Word, bool | int | float | SettingText]
Sample = Annotated[list[Count | str], msgspec.Meta(min_length=4, max_length=4)]
# Ten classes have ten rows of ten counts.
ConfusionRow = Annotated[list[Count], msgspec.Meta(min_length=10, max_length=10)]
ConfusionMatrix = Annotated[list[ConfusionRow], msgspec.Meta(min_length=10, max_length=10)]

MOST_LEVELS = 50  # of lists and objects inside each other; our files have about ten


class LayerStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """The values of a layer, or of its weights, at one step of training or after the last one.

    Attributes:
        mean, std, min, max: Summaries over seeds.
        dead: The share of units that are constant on all examples. None for weights.
        range: The smallest and the largest value of the first seed. None after the last step.
        histogram: Counts in equal bins over that range, of the first seed. None likewise.
    """

    mean: Summary
    std: Summary
    min: Summary
    max: Summary
    dead: Summary | None = None
    range: Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)] | None = None
    histogram: Annotated[list[Count], msgspec.Meta(min_length=1)] | None = None

    def summaries(self) -> Scores:
        """The statistics that are Summaries and that it has, by name."""
        names = ('mean', 'std', 'min', 'max', 'dead')
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


class WindowRecord(msgspec.Struct, frozen=True, omit_defaults=True, tag_field='kind', tag='steps'):
    """A line of metrics.jsonl: the training batches of a twentieth of an epoch.

    Attributes:
        epoch: Counted from 1.
        step: The last step of the window, counted from 1 over the whole run.
        train: The mean scores of these batches.
    """

    epoch: Count
    step: Count
    train: Scores


class TenBatchesRecord(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field='kind', tag='ten_batches'
):
    """A line of metrics.jsonl: the training batches of an epoch, ten at a time.

    Report A prints such means, each at the last of its ten batches: it names batch 391 of the 391
    of an epoch of CIFAR-10, and gives it an accuracy that is a share of 9 * 128 + 80 images, of
    which the last batch has 80. The first batch is printed alone. So the windows end at the
    batches 1, 11, 21, ..., and the last one is shorter where the epoch goes on after that.

    Attributes:
        epoch: Counted from 1.
        batches: The last batch of each window, counted from 1 in the epoch.
        train: The means over the batches of each window, with the values of each seed.
    """

    epoch: Count
    batches: Annotated[list[Count], msgspec.Meta(min_length=1)]
    train: dict[str, SummaryList]

    def __post_init__(self) -> None:
        """Raises ValueError unless each score has an entry for each window."""
        for name, summary in self.train.items():
            _check_entries(name, summary, len(self.batches))


class EpochRecord(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    kw_only=True,
    tag_field='kind',
    tag='epoch',
):
    """A line of metrics.jsonl: a whole epoch.

    Attributes:
        epoch: Counted from 1.
        step: The last step of the epoch.
        seconds: Of training. Of several runs trained as one population, each one's equal share.
            None where an earlier version trained the epoch.
        train: The mean scores of all batches, each before its update.
        first_batch: The scores of the first batch of the run, before any update. Only the record
            of epoch 1 has them. None where an earlier version trained.
        last_batch: The scores of the last batch alone. None where an earlier version trained.
        test, validation: The scores on held-out examples after the epoch, where there are any.
    """

    epoch: Count
    step: Count
    seconds: float | None = None
    train: Scores
    first_batch: Scores | None = None
    last_batch: Scores | None = None
    test: Scores | None = None
    validation: Scores | None = None


class StatisticsRecord(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field='kind', tag='statistics'
):
    """A line of metrics.jsonl: the layers and their weights before one step.

    Attributes:
        epoch: Counted from 1.
        step: The number of steps done before.
        layers: By the name of a layer, or of a parameter.
    """

    epoch: Count
    step: Count
    layers: dict[str, LayerStatistics]


Record = WindowRecord | TenBatchesRecord | EpochRecord | StatisticsRecord


def _check_entries(name, summary, count):
    """Raises ValueError unless a SummaryList has so many entries."""
    for entries in (summary.mean, summary.ci95, *(summary.seeds or [])):
        if entries is not None and len(entries) != count:
            raise ValueError(f'{name} must have {count} entries')


class LengthTable(msgspec.Struct, frozen=True, omit_defaults=True):
    """Scores by the length of a sequence.

    Attributes:
        lengths: In rising order.
        accuracy, bit_accuracy, exact_match: The scores that the task has, of one entry per length.
    """

    lengths: list[Count]
    bit_accuracy: SummaryList | None = None
    exact_match: SummaryList | None = None
    accuracy: SummaryList | None = None

    def __post_init__(self) -> None:
        """Raises ValueError unless each score has an entry for each length."""
        for name, summary in self.scores.items():
            _check_entries(name, summary, len(self.lengths))

    @property
    def scores(self) -> dict[str, SummaryList]:
        """The scores that the task has, by name."""
        names = ('bit_accuracy', 'exact_match', 'accuracy')
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


class SeedVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one net.

    Attributes:
        verdict: Of the net as it was trained: 'falsified' by a counterexample, 'proved' right at
            every length, or 'unknown'.
        counterexample: In words, or None.
        slack: The largest error of a state in each step that the proof still covers.
        margin: How far sums of logits clear 0.
        float32_error: A bound on the rounding error of a step.
        sets: The number of sets of the inductive invariant. These four are of the proof of the
            net, fine-tuned unless `prove --as_trained`; None without a proof.
    """

    verdict: Literal['falsified', 'unknown', 'proved']
    counterexample: str | None
    slack: float | None = None
    margin: float | None = None
    float32_error: float | None = None
    sets: Count | None = None


class ProofResults(msgspec.Struct, frozen=True, omit_defaults=True):
    """proofs/proofs.json: what `prove` has found of a population.

    Attributes:
        weights: Which weights the proofs are about, in words.
        epoch: The epoch of the nets.
        seeds: By seed.
    """

    weights: str
    epoch: Count
    seeds: dict[str, SeedVerdict]


class AdderTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of an adder.

    Attributes:
        bit_accuracy, exact_match: On 100 random strings of each length from 1 to 20.
        by_length: By the kind of string: random, carry, ones, alternating, constants. The random
            strings have the values of each seed.
        samples: Sample additions of the first seed: [bits, 'a + b = sum', answer, verdict].
        verdicts: By seed.
    """

    bit_accuracy: Summary
    exact_match: Summary
    by_length: dict[str, LengthTable]
    samples: list[Sample]
    verdicts: dict[str, SeedVerdict]


class RecallTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of a recall net.

    Attributes:
        accuracy: On all test sequences.
        by_length: {'random': ...}, with the values of each seed.
        samples: Of the first seed: [sequence, truth, answer, verdict].
    """

    accuracy: Summary
    by_length: dict[str, LengthTable]
    samples: list[Sample]


class AutomatonTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of a net that follows an automaton.

    Attributes:
        accuracy, exact_match: On 100 random words of each length from 1 to 20.
        by_length: By the kind of word: random, constant, loop. The random ones have the values of
            each seed.
        samples: Words of the first seed: [word, answers, those of the net, verdict].
        verdicts: By seed.
    """

    accuracy: Summary
    exact_match: Summary
    by_length: dict[str, LengthTable]
    samples: list[Sample]
    verdicts: dict[str, SeedVerdict]


class LastBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last batch of the test set alone: what some reports took for the test accuracy."""

    images: Count
    accuracy: Summary


class ImageTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of a net that classifies images.

    Attributes:
        accuracy, loss: On the whole test set.
        last_batch: On its last batch alone.
        report: {class or average: {'precision', 'recall', 'f1-score'}}, with the values of each
            seed.
        confusion: [true class][predicted class], counts over all seeds.

    All but the accuracy may be None in files of earlier versions.
    """

    accuracy: Summary
    loss: Summary | None = None
    last_batch: LastBatch | None = None
    report: dict[str, Scores] | None = None
    confusion: ConfusionMatrix | None = None


FinalTest = AdderTest | RecallTest | AutomatonTest | ImageTest
TestWithVerdicts = AdderTest | AutomatonTest


def final_test_type(task: str) -> type[FinalTest]:
    """The schema of a task's final test."""
    types = {'binary_add': AdderTest, 'recall': RecallTest, 'automaton': AutomatonTest}
    return types.get(task, ImageTest)


class RunResults(msgspec.Struct, frozen=True, omit_defaults=True):
    """results.json: a finished run, about the parameters after its last epoch.

    Attributes:
        version: Of this program.
        versions: Of Python and of the packages that decide about numbers.
        config: The run's settings, without the places where it lies.
        device: In words.
        parameters: Of one model.
        epoch, step: The last ones.
        seconds: Of the session that finished the run, by what they were spent on.
        train, last_batch, test, validation: As in the last EpochRecord.
        first_batch: The scores of the first batch of the run, before any update.
        final_test: Of the type final_test_type(task).
        activations: Of a CNN, by layer: the values on the whole test set, with those of each seed.

    The first batch and the activations are None in files of earlier versions.
    """

    version: str
    versions: dict[str, str]
    config: Settings
    device: str
    parameters: Count
    epoch: Count
    step: Count
    seconds: dict[str, float]
    train: Scores
    first_batch: Scores | None = None
    last_batch: Scores | None = None
    test: Scores | None = None
    validation: Scores | None = None
    final_test: Any = None
    activations: dict[str, LayerStatistics] | None = None


class StepStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """Layer statistics before one step, in the file of a row."""

    step: Count
    layers: dict[str, LayerStatistics]


class StatisticsCurve(msgspec.Struct, frozen=True, omit_defaults=True):
    """Layer statistics over the steps of training, in the file of a row.

    Attributes:
        steps: (n,) the numbers of steps done before.
        layers: {layer: {'mean', 'std', 'min', 'max', 'dead'}}, each of n entries.
    """

    steps: list[Count]
    layers: dict[str, dict[str, SummaryList]]

    def __post_init__(self) -> None:
        """Raises ValueError unless each statistic has an entry for each step."""
        for statistics in self.layers.values():
            for name, summary in statistics.items():
                _check_entries(name, summary, len(self.steps))


class RowResults(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """results/<id>.json of the report: what is kept of a finished run.

    Attributes:
        seconds: Of the whole run, by what they were spent on. None where they are not known.
        layer_statistics: The last ones taken; an empty list if none were.
        statistics_curve: Of a CNN, those of the convolutions over the steps, thinned out.
        ten_batches: The last two epochs, ten batches at a time. Only of images, and of few seeds.
        curve: The records of training, thinned out.
        proofs: Of the rows that are proved.
        Others: As in RunResults.
    """

    version: str
    versions: dict[str, str]
    device: str
    parameters: Count
    epoch: Count
    step: Count
    seconds: dict[str, float | None]
    train: Scores
    first_batch: Scores | None = None
    last_batch: Scores | None = None
    validation: Scores | None = None
    test: Scores | None = None
    final_test: Any
    activations: dict[str, LayerStatistics] | None = None
    layer_statistics: list[StepStatistics]
    statistics_curve: StatisticsCurve | None = None
    ten_batches: list[TenBatchesRecord] | None = None
    curve: list[WindowRecord | EpochRecord]
    proofs: ProofResults | None = None
    config: Settings


class FailedRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """results/<id>.json of a run that came to no end, and why."""

    version: str
    versions: dict[str, str]
    device: str
    config: Settings
    failed: str


class Predictions(msgspec.Struct, frozen=True, omit_defaults=True, rename={'read_as': 'read as'}):
    """predict/predictions.json: what all seeds of a run together read on n images.

    Attributes:
        images: (n,) names of the files, or the true digits.
        read_as: (n,) the most probable digits.
        probability: (n,) their probabilities.
        accuracy: By the form of the images; empty where the true digits are not known.
    """

    images: list[str]
    read_as: list[Count]
    probability: list[float]
    accuracy: Scores


class PictureRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """results/<id>.json of a row that is pictures.

    Attributes:
        found: The contents of the JSON files that the command wrote beside its pictures. None for
            a file that could not be read.
    """

    version: str
    config: Settings
    found: list[Predictions | None]


class TransferResults(msgspec.Struct, frozen=True, omit_defaults=True):
    """transfer/<dataset>/results.json: the nets that `transfer` has trained so far.

    Attributes:
        settings: Those that the accuracies depend on, with a digest of the run's parameters.
        accuracy: On the test set, by '<learner>/<images of each class>/<seed>'.
    """

    settings: dict[str, Any]
    accuracy: dict[str, float]


OLD_NAMES = {'tested': 'final_test', 'probed': 'layer_statistics', 'starts': 'restarts'}


def _setting_types() -> dict[str, Any]:
    """The type of each setting of a run, by name."""
    types = {}
    for field in dataclasses.fields(Config):
        types[field.name] = Count if field.type is int else field.type
    # These two are needed to read the rest of a file.
    types['task'] = Required[str]
    types['seeds'] = Required[Annotated[int, msgspec.Meta(ge=1, le=2**31)]]
    return types


# Config's own checks would be too much here: they are made for the settings of today.
_SettingsOfRun = TypedDict('_SettingsOfRun', _setting_types(), total=False)


def check_settings(content: Any) -> Settings:
    """The settings of a run, as far as types say that they are some.

    They may hold names that this version does not know.

    Raises:
        ValueError: They are none.
    """
    settings = msgspec.convert(content, Settings)
    msgspec.convert(settings, _SettingsOfRun)
    return settings


def to_config(settings: Mapping[str, Any]) -> Config:
    """The Config of settings that were read from a file.

    Args:
        settings: By name, without the places of Config.

    Raises:
        ValueError: A name is unknown, or a value is of another type.
        UserError: As Config.
    """
    unknown = settings.keys() - Config().identity().keys()
    if unknown:
        raise ValueError(f'unknown settings {", ".join(sorted(unknown))}')
    return msgspec.convert(dict(settings), Config)


def upgrade(content: Any, levels: int = MOST_LEVELS) -> Any:
    """The content of a JSON file of an earlier version, in the names of today.

    Args:
        content: Of the file, or a part of it.
        levels: How many lists and objects may lie inside each other.

    Raises:
        ValueError: There are more, or a text holds half a character, which cannot be printed.
    """
    if isinstance(content, str):
        content.encode()  # raises UnicodeEncodeError, a ValueError
        return 'falsified' if content == 'refuted' else content
    if not isinstance(content, dict | list):
        return content
    if levels == 0:
        raise ValueError(f'it has more than {MOST_LEVELS} lists and objects inside each other')
    if isinstance(content, list):
        return [upgrade(value, levels - 1) for value in content]
    upgraded = {}
    for name, value in content.items():
        name.encode()
        upgraded[OLD_NAMES.get(name, name)] = upgrade(value, levels - 1)
    _upgrade_settings(upgraded)
    return upgraded


def _upgrade_settings(content: dict[str, Any]) -> None:
    """Puts the settings of today in the place of those that say the same in another way."""
    if 'forget_bias' in content:
        # It acted on an LSTM alone.
        forget_bias = content.pop('forget_bias')
        content['gate_bias'] = forget_bias if content.get('cell') == 'lstm' else 0.0
    if 'standardize' in content:
        standardize = content.pop('standardize')
        content['pixels'] = 'standardized' if standardize is True else 'unit'


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
    if isinstance(result, RunResults | RowResults | FailedRow | PictureRow):
        check_settings(result.config)
    if isinstance(result, RunResults | RowResults):
        # The type of the final test depends on the task, which only the content tells.
        final_test = msgspec.convert(result.final_test, final_test_type(result.config['task']))
        result = msgspec.structs.replace(result, final_test=final_test)
        _check_results(result)
    return result


def _check_results(results: RunResults | RowResults) -> None:
    """Checks what the fields of results must have in common.

    Raises:
        ValueError: A score of the task is missing, or that of a seed.
    """
    task, seeds = results.config['task'], results.config['seeds']
    splits = (results.first_batch, results.last_batch, results.validation, results.test)
    for scores in (results.train, *splits):
        _check_scores(scores, task)
        for summary in (scores or {}).values():
            _check_seeds(summary, seeds)
    for layer in (results.activations or {}).values():
        for summary in layer.summaries().values():
            _check_seeds(summary, seeds)
    test = results.final_test
    if isinstance(test, AdderTest):
        headline = [test.bit_accuracy, test.exact_match]
    elif isinstance(test, AutomatonTest):
        headline = [test.accuracy, test.exact_match]
    else:
        headline = [test.accuracy]
    for summary in headline:
        _check_seeds(summary, seeds, required=True)
    if isinstance(test, ImageTest):
        for scores in (test.report or {}).values():
            for summary in scores.values():
                _check_seeds(summary, seeds)
    else:
        _check_tables(test.by_length, seeds)
    if isinstance(results, RowResults):
        _check_row(results, task)


def _check_scores(scores, task):
    names = {'loss', 'accuracy'}
    if task == 'binary_add':
        names = {'loss', 'bit_accuracy', 'exact_match'}
    elif task == 'automaton':
        names = {'loss', 'accuracy', 'exact_match'}
    if scores is not None and scores.keys() != names:
        raise ValueError(f'the scores of {task} are {", ".join(sorted(names))}')


def _check_seeds(summary, seeds, required=False):
    """Checks the values of single seeds in a Summary or a SummaryList."""
    if summary.seeds is None and not required:
        return
    if summary.seeds is None or len(summary.seeds) != seeds:
        raise ValueError(f'a score must have the values of {seeds} seeds')
    # One seed has no interval, several have one.
    if (summary.ci95 is None) != (seeds == 1):
        raise ValueError('a score of several seeds must have an interval')


def _check_tables(by_length, seeds):
    shapes = set()
    for table in by_length.values():
        shapes.add((tuple(table.lengths), tuple(table.scores)))
        for summary in table.scores.values():
            _check_seeds(summary, seeds)
    if len(shapes) != 1 or not shapes.pop()[1]:
        raise ValueError('the tables by length must have the same lengths and scores')


def _check_row(row, task):
    missing = {'python', 'jax', 'flax', 'optax'} - row.versions.keys()
    if missing or 'train' not in row.seconds:
        raise ValueError('a version, or the seconds of training, are missing')
    for record in row.curve:
        for scores in (record.train, getattr(record, 'test', None)):
            _check_scores(scores, task)
    for record in row.ten_batches or []:
        _check_scores(record.train, task)
        for summary in record.train.values():
            _check_seeds(summary, row.config['seeds'], required=True)


def read_json(file: Path, schema_type: type[T]) -> T | None:
    """The object of the schema in a JSON file; None if there is none that can be read."""
    try:
        return from_json(read_content(file), schema_type)
    except (FileNotFoundError, ValueError):  # msgspec's errors are ValueErrors
        return None


def to_json(value: Any) -> Any:
    """The content of a JSON file of an object of the schema."""
    return msgspec.to_builtins(value)


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


def write_json(file: Path, content: Any) -> None:
    """Writes an object of the schema, or plain JSON content, whole or not at all."""
    write_whole(file, to_text(to_json(content)) + '\n')
