"""The test of nets that follow an automaton: random words, and loops far beyond training."""

import jax
import numpy as np

from experiments.core import length_tests
from experiments.core.automata import sampling_tables
from experiments.core.config import Config
from experiments.core.final_test import FinalTestResult, verdict_of_test
from experiments.core.length_tests import (
    LENGTHS,
    SHORT_LENGTHS,
    STRINGS_PER_LENGTH,
    Evaluate,
    LengthStrings,
)
from experiments.core.own_machines import machine_name, machine_of
from experiments.core.schemas.final_tests import AutomatonTest
from jaxdl.data import sequences
from jaxdl.figures import confusion_and_text, curves
from jaxdl.metrics import summarize
from jaxdl.train import TEST, Examples, Params, address
from jaxdl.verify import automaton_graph, counterexamples

LONGEST_LOOP = 3  # symbols
MOST_LOOPS = 32
NO_ANSWER = '.'  # in samples, where any answer will do


def automaton(config: Config, evaluate: Evaluate, params: Params) -> FinalTestResult:
    """Accuracy and exact match on random words, and on loops, of each length."""
    machine = machine_of(config.machine)
    strings = _words(jax.random.key(config.seed), machine.automaton)
    test = length_tests.score_strings(strings, evaluate, params)
    by_length = test.by_length()
    overall = {}
    for name in ('accuracy', 'exact_match'):
        overall[name] = summarize(test.short_random_scores(name), keep_seeds=True)

    samples = _samples(machine, test.short)
    verdicts = {}
    for net in range(config.seeds):
        wrong = test.shortest_wrong_string(net)
        counterexample = None
        if wrong is not None:
            word = counterexamples.Counterexample(_symbols(machine, wrong.inputs), wrong.answer)
            counterexample = counterexamples.describe_answer(word, machine)
        verdicts[str(config.seed + net)] = verdict_of_test(counterexample)
    name = machine_name(config.machine)
    figures = {
        'accuracy_by_length': curves.accuracy_by_length(
            config.describe(), 'symbols of a word', by_length, config.max_length
        ),
        'samples': confusion_and_text.text_table(
            f'Sample words of {name} (first seed)',
            ('word', 'answers', 'answered', 'verdict'),
            samples,
        ),
    }
    results = AutomatonTest(**overall, by_length=by_length, samples=samples, verdicts=verdicts)
    return FinalTestResult(results, figures)


def _words(key, automaton):
    """Random words, constant ones and loops, of every length."""
    tables = sampling_tables(automaton)
    random_lengths = np.repeat(LENGTHS, STRINGS_PER_LENGTH)
    kinds = ['random'] * len(random_lengths)
    structured = []
    lengths = []
    for kind, word in _structured_words(automaton, max(LENGTHS)):
        for length in LENGTHS:
            structured.append(word)
            kinds.append(kind)
            lengths.append(length)
    lengths = np.array(lengths)

    @jax.jit
    def encode(key, structured):
        random = sequences.automaton_words(address(key, TEST), random_lengths, max(LENGTHS), tables)
        return random, sequences.encode_words(structured, lengths, tables)

    random, encoded = jax.device_get(encode(key, np.array(structured)))
    examples = []
    for of_random, of_structured in zip(random, encoded, strict=True):
        examples.append(np.concatenate([of_random, of_structured]))
    return LengthStrings(Examples(*examples), np.array(kinds), examples[2])


def _structured_words(automaton, length):
    """(kind, word) of so many symbols: one symbol for ever, and loops in every state."""
    words = []
    for symbol in range(len(automaton.symbols)):
        words.append(('constant', [symbol] * length))
    for loop in automaton_graph.loops(automaton, LONGEST_LOOP, MOST_LOOPS):
        words.append(('loop', automaton_graph.repeated(loop, length)))
    return words


def _symbols(machine, inputs):
    """The symbols (t,) whose input vectors are inputs (t, D)."""
    is_symbol = (inputs[:, None] == np.array(machine.automaton.symbols)).all(-1)
    return is_symbol.argmax(1)


def _samples(machine, scored):
    """[word, answers, those of the first net, 'right' or 'wrong'] of a word of each length."""
    inputs, targets, steps = scored.strings.examples
    outputs = scored.evaluation.outputs[0]
    samples = []
    for length in SHORT_LENGTHS:
        row = np.flatnonzero(steps == length)[0]
        symbols = _symbols(machine, inputs[row, :length])
        asked = targets[row, :length]
        given = np.where(asked < 0, asked, outputs[row, :length])
        verdict = 'right' if (given == asked).all() else 'wrong'
        word = ' '.join(machine.symbols[symbol] for symbol in symbols)
        samples.append([word, _answers_text(asked), _answers_text(given), verdict])
    return samples


def _answers_text(answers):
    return ' '.join(NO_ANSWER if answer < 0 else str(answer) for answer in answers)
