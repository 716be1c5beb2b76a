"""The schema of every JSON file that a run or the report writes: one typed place for all.

docs/formats.md describes these files for users. Files of earlier versions are upgraded as they
are read (see `upgrade`).
"""

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from jaxdl.durable_files import write_whole
from jaxdl.metrics import Summary

T = TypeVar('T')
Scores = dict[str, Summary]  # by the name of the score: 'loss', 'accuracy', ...


class LayerStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """The values of a layer, or of its weights, at one step of training.

    Attributes:
        mean, std, min, max: Summaries over seeds.
        dead: The share of units that are constant on the whole batch. None for weights.
        range: The smallest and the largest value of the first seed.
        histogram: Counts in equal bins over that range, of the first seed.
    """

    mean: Summary
    std: Summary
    min: Summary
    max: Summary
    dead: Summary | None = None
    range: list[float] | None = None
    histogram: list[int] | None = None


class WindowRecord(msgspec.Struct, frozen=True, omit_defaults=True, tag_field='kind', tag='steps'):
    """A line of metrics.jsonl: the training batches of a twentieth of an epoch.

    Attributes:
        epoch: Counted from 1.
        step: The last step of the window, counted from 1 over the whole run.
        train: The mean scores of these batches.
    """

    epoch: int
    step: int
    train: Scores


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
        last_batch: The scores of the last batch alone. None where an earlier version trained.
        test, validation: The scores on held-out examples after the epoch, where there are any.
    """

    epoch: int
    step: int
    seconds: float | None = None
    train: Scores
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

    epoch: int
    step: int
    layers: dict[str, LayerStatistics]


Record = WindowRecord | EpochRecord | StatisticsRecord


class LengthTable(msgspec.Struct, frozen=True, omit_defaults=True):
    """Scores by the length of a sequence.

    Attributes:
        lengths: In rising order.
        accuracy, bit_accuracy, exact_match: The scores that the task has, each a Summary with
            lists of one entry per length.
    """

    lengths: list[int]
    bit_accuracy: Summary | None = None
    exact_match: Summary | None = None
    accuracy: Summary | None = None

    @property
    def scores(self) -> Scores:
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
    sets: int | None = None


class ProofResults(msgspec.Struct, frozen=True, omit_defaults=True):
    """proofs/proofs.json: what `prove` has found of a population.

    Attributes:
        weights: Which weights the proofs are about, in words.
        epoch: The epoch of the nets.
        seeds: By seed.
    """

    weights: str
    epoch: int
    seeds: dict[str, SeedVerdict]


class AdderTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of an adder.

    Attributes:
        bit_accuracy, exact_match: On 100 random strings of each length from 1 to 20.
        by_length: By the kind of string: random, carry, ones, alternating, constants.
        samples: Sample additions of the first seed: [bits, 'a + b = sum', answer, verdict].
        verdicts: By seed.
    """

    bit_accuracy: Summary
    exact_match: Summary
    by_length: dict[str, LengthTable]
    samples: list[list[int | str]]
    verdicts: dict[str, SeedVerdict]


class RecallTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of a recall net.

    Attributes:
        accuracy: On all test sequences.
        by_length: {'random': ...}.
        samples: Of the first seed: [sequence, truth, answer, verdict].
    """

    accuracy: Summary
    by_length: dict[str, LengthTable]
    samples: list[list[int | str]]


class LastBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last batch of the test set alone: what some reports took for the test accuracy."""

    images: int
    accuracy: Summary


class ImageTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final test of a net that classifies images.

    Attributes:
        accuracy, loss: On the whole test set.
        last_batch: On its last batch alone.
        report: {class or average: {'precision', 'recall', 'f1-score'}}.
        confusion: [true class][predicted class], counts over all seeds.

    All but the accuracy may be None in files of earlier versions.
    """

    accuracy: Summary
    loss: Summary | None = None
    last_batch: LastBatch | None = None
    report: dict[str, Scores] | None = None
    confusion: list[list[int]] | None = None


FinalTest = AdderTest | RecallTest | ImageTest


def final_test_type(task: str) -> type[FinalTest]:
    """The schema of a task's final test."""
    return {'binary_add': AdderTest, 'recall': RecallTest}.get(task, ImageTest)


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
        final_test: Of the type final_test_type(task).
    """

    version: str
    versions: dict[str, str]
    config: dict[str, Any]
    device: str
    parameters: int
    epoch: int
    step: int
    seconds: dict[str, float]
    train: Scores
    last_batch: Scores | None = None
    test: Scores | None = None
    validation: Scores | None = None
    final_test: Any = None


class StepStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """Layer statistics before one step, in the file of a row."""

    step: int
    layers: dict[str, LayerStatistics]


class RowResults(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """results/<id>.json of the report: what is kept of a finished run.

    Attributes:
        seconds: Of the whole run, by what they were spent on. None where they are not known.
        layer_statistics: The last ones taken; an empty list if none were.
        curve: The records of training, thinned out.
        proofs: Of the rows that are proved.
        Others: As in RunResults.
    """

    version: str
    versions: dict[str, str]
    device: str
    parameters: int
    epoch: int
    step: int
    seconds: dict[str, float | None]
    train: Scores
    last_batch: Scores | None = None
    validation: Scores | None = None
    test: Scores | None = None
    final_test: Any
    layer_statistics: list[StepStatistics]
    curve: list[WindowRecord | EpochRecord]
    proofs: ProofResults | None = None
    config: dict[str, Any]


class FailedRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """results/<id>.json of a run that came to no end, and why."""

    version: str
    versions: dict[str, str]
    device: str
    config: dict[str, Any]
    failed: str


class PictureRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """results/<id>.json of a row that is pictures.

    Attributes:
        found: The contents of the JSON files that the command wrote beside its pictures.
    """

    version: str
    config: dict[str, Any]
    found: list[Any]


class TransferResults(msgspec.Struct, frozen=True, omit_defaults=True):
    """transfer/<dataset>/results.json: the nets that `transfer` has trained so far.

    Attributes:
        settings: Those that the accuracies depend on, with a digest of the run's parameters.
        accuracy: On the test set, by '<learner>/<images of each class>/<seed>'.
    """

    settings: dict[str, Any]
    accuracy: dict[str, float]


class Predictions(msgspec.Struct, frozen=True, omit_defaults=True, rename={'read_as': 'read as'}):
    """predict/predictions.json: what all seeds of a run together read on n images.

    Attributes:
        images: (n,) names of the files, or the true digits.
        read_as: (n,) the most probable digits.
        probability: (n,) their probabilities.
        accuracy: By the form of the images; empty where the true digits are not known.
    """

    images: list[str]
    read_as: list[int]
    probability: list[float]
    accuracy: Scores


OLD_NAMES = {'tested': 'final_test', 'probed': 'layer_statistics', 'starts': 'restarts'}


def upgrade(content: Any) -> Any:
    """The content of a JSON file of an earlier version, in the names of today."""
    if isinstance(content, dict):
        return {OLD_NAMES.get(name, name): upgrade(value) for name, value in content.items()}
    if isinstance(content, list):
        return [upgrade(value) for value in content]
    return 'falsified' if content == 'refuted' else content


def from_json(content: Any, schema_type: type[T]) -> T:
    """An object of the schema from the content of a JSON file.

    Raises:
        msgspec.ValidationError: The content is of another form.
    """
    result = msgspec.convert(content, schema_type)
    if schema_type in (RunResults, RowResults):
        test_type = final_test_type(result.config.get('task', ''))
        # The type of the final test depends on the task, which only the content tells.
        final_test = msgspec.convert(result.final_test, test_type)
        result = msgspec.structs.replace(result, final_test=final_test)
    return result


def read_json(file: Path, schema_type: type[T]) -> T | None:
    """The object of the schema in a JSON file; None if there is none that can be read."""
    try:
        return from_json(upgrade(json.loads(file.read_text())), schema_type)
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
    return msgspec.convert(json.loads(line), Record)


def write_json(file: Path, content: Any, indent: int | None = 1) -> None:
    """Writes an object of the schema, or plain JSON content, whole or not at all."""
    write_whole(file, json.dumps(to_json(content), indent=indent) + '\n')
