"""The samplers of the sequence tasks, against integer arithmetic and automata in plain Python."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.core.automata import sampling_tables
from jaxdl.data import sequences
from jaxdl.verify.automaton import ADDER, Automaton
from jaxdl.verify.machines import MACHINES

pytestmark = pytest.mark.usefixtures('quick_compilation')


def test_sums_are_python_sums():
    bits = 20
    lengths = sequences.uniform_lengths(jax.random.key(0), 500, 1, bits)
    sample = jax.jit(sequences.binary_add, static_argnums=2)
    inputs, targets, steps = sample(jax.random.key(1), lengths, bits)
    assert inputs.shape == (500, bits + 1, 2)
    assert targets.shape == (500, bits + 1)
    assert set(np.array(lengths)) == set(range(1, bits + 1))
    np.testing.assert_array_equal(steps, lengths + 1)
    inputs, targets = np.array(inputs), np.array(targets)
    for row, length in enumerate(np.array(lengths)):
        a = sequences.bits_to_int(inputs[row, :, 0])
        b = sequences.bits_to_int(inputs[row, :, 1])
        assert a < 2 ** int(length)
        assert b < 2 ** int(length)
        assert sequences.bits_to_int(targets[row]) == a + b


@pytest.mark.quick
def test_the_example_of_the_course():
    a = jnp.array([[1, 0]])
    b = jnp.array([[1, 1]])
    inputs, targets, steps = sequences.encode_sum(a, b, lengths=jnp.array([2]))
    np.testing.assert_array_equal(inputs[0], [(1, 1), (0, 1), (0, 0)])
    np.testing.assert_array_equal(targets[0], [0, 0, 1])
    assert steps == 3


def test_bits_behind_the_length_do_not_count():
    a = jnp.array([[1, 1, 1, 1]])
    inputs, targets, _ = sequences.encode_sum(a, a, lengths=jnp.array([2]))
    np.testing.assert_array_equal(inputs[0, :, 0], [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(targets[0], [0, 1, 1, 0, 0])


def test_bits_are_fair_and_independent():
    n, length = 4000, 10
    inputs, _, _ = sequences.binary_add(jax.random.key(0), jnp.full(n, length), length)
    bits = np.array(inputs)[:, :length].reshape(n, 2 * length)
    five_standard_errors = 0.04
    assert np.abs(bits.mean(axis=0) - 0.5).max() < five_standard_errors
    correlations = np.corrcoef(bits.T)
    assert np.abs(correlations - np.eye(2 * length)).max() < 0.08


def test_structured_sums_at_a_length_no_machine_int_holds():
    bits = 200
    all_ones = 2**bits - 1
    for kind, (a, b) in sequences.structured_summands(bits).items():
        lengths = jnp.full(len(a), bits)
        _, targets, _ = sequences.encode_sum(jnp.array(a), jnp.array(b), lengths)
        for row in range(len(a)):
            first = sequences.bits_to_int(a[row])
            second = sequences.bits_to_int(b[row])
            assert sequences.bits_to_int(targets[row]) == first + second
            if kind == 'carry':
                assert first + second == 2**bits
            if kind == 'ones':
                assert first == second == all_ones


def test_recall_answers_the_kth_digit():
    steps, k = 10, 3
    lengths = sequences.uniform_lengths(jax.random.key(0), 300, k, steps)
    inputs, targets, valid_steps = sequences.recall(jax.random.key(1), lengths, steps, k)
    np.testing.assert_array_equal(valid_steps, lengths)
    is_valid = np.arange(steps) < np.array(lengths)[:, None]
    np.testing.assert_array_equal(inputs.sum(axis=-1), is_valid)
    np.testing.assert_array_equal(np.argmax(inputs[:, k - 1], axis=-1), targets)
    assert set(np.array(targets)) == set(range(10))


# The tables are arguments: automata of the same shape share a program.
draw_words = jax.jit(sequences.automaton_words, static_argnums=2)


def sample_words(automaton, count, steps, low=1):
    """(symbols (n, steps), targets, lengths) of random words, as NumPy arrays."""
    lengths = sequences.uniform_lengths(jax.random.key(0), count, low, steps)
    tables = sampling_tables(automaton)
    inputs, targets, lengths = map(np.array, draw_words(jax.random.key(1), lengths, steps, tables))
    is_valid = np.arange(steps) < lengths[:, None]
    assert not inputs[~is_valid].any()
    vectors = np.array(automaton.symbols)
    symbols = (inputs[:, :, None] == vectors).all(-1).argmax(-1)
    return symbols, targets, lengths


def states_before(automaton, word):
    """The state before each symbol of a word."""
    states = [0]
    for symbol in word:
        states.append(automaton.next_state[states[-1]][symbol])
    return states[:-1]


@pytest.mark.quick
@pytest.mark.parametrize('name', ['count_modulo_5', 'modular_arithmetic', 'tomita_1', 'tomita_7'])
def test_targets_of_words_are_the_answers_of_the_automaton(name):
    automaton = MACHINES[name].automaton
    symbols, targets, lengths = sample_words(automaton, 300, 20)
    for word, row, length in zip(symbols, targets, lengths, strict=True):
        for t, state in enumerate(states_before(automaton, word[:length])):
            answer = automaton.answer[state][word[t]]
            assert row[t] == (sequences.ANY_ANSWER if answer is None else answer)
        assert (row[length:] == sequences.ANY_ANSWER).all()


@pytest.mark.slow
def test_words_reach_every_state_and_symbol_and_do_not_fail_early():
    for machine in MACHINES.values():
        automaton = machine.automaton
        symbols, _, lengths = sample_words(automaton, 3000, 20, low=20)
        visited = set()
        for word in symbols:
            visited.update(zip(states_before(automaton, word), word.tolist(), strict=True))
        asked = {state for state, row in enumerate(automaton.answer) if set(row) != {None}}
        assert {state for state, _ in visited} >= asked
        assert {symbol for _, symbol in visited} == set(range(len(machine.symbols)))
    alive = MACHINES['tomita_1'].automaton
    symbols, _, _ = sample_words(alive, 3000, 20, low=20)
    # Of uniform words one in a million.
    assert 0.1 < (symbols == 1).all(1).mean() < 0.5


@pytest.mark.quick
def test_an_expression_that_is_sampled_is_well_formed():
    machine = MACHINES['modular_arithmetic']
    symbols, _, _ = sample_words(machine.automaton, 300, 19, low=19)
    for word in symbols:
        text = ''.join(machine.symbols[symbol] for symbol in word)
        assert isinstance(eval(text), int)


def test_symbols_are_uniform_where_the_automaton_can_always_come_back():
    symbols, _, _ = sample_words(ADDER, 4000, 10, low=10)
    five_standard_errors = 5 * np.sqrt(0.25 * 0.75 / 4000)
    for symbol in range(4):
        share = (symbols == symbol).mean(0)
        assert np.abs(share - 0.25).max() < five_standard_errors


@pytest.mark.quick
def test_a_state_in_which_nothing_is_asked_is_entered_only_where_all_symbols_lead_there():
    # State 1 asks for nothing and leads nowhere. State 0 has a way around it, state 2 has none.
    automaton = Automaton(
        symbols=((1, 0), (0, 1)),
        outputs=1,
        next_state=((1, 2), (1, 1), (1, 1)),
        answer=((None, 0), (None, None), (None, None)),
    )
    symbols, targets, _ = sample_words(automaton, 50, 3, low=3)
    assert (symbols[:, 0] == 1).all()
    assert set(symbols[:, 1]) == {0, 1}
    np.testing.assert_array_equal(targets, [[0, -1, -1]] * 50)
