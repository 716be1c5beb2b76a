'use strict';

// Sums of two binary numbers, lowest bit first: what an adder net reads, and what is right.

/**
 * What a net that adds reads: the bits of two numbers, lowest first, and one step more for the last
 * carry.
 *
 * @param {bigint} first not negative.
 * @param {bigint} second not negative.
 * @returns {number[][]} a pair of bits for each step.
 */
function pairsOfBits(first, second) {
  const firstBits = first.toString(2);
  const secondBits = second.toString(2);
  const steps = Math.max(firstBits.length, secondBits.length) + 1;
  const pairs = [];
  for (let step = 0; step < steps; step += 1) {
    const bitOf = (bits) => (step < bits.length ? Number(bits[bits.length - 1 - step]) : 0);
    pairs.push([bitOf(firstBits), bitOf(secondBits)]);
  }
  return pairs;
}

/** The bits of the sum and the carries after each step, lowest first, by schoolbook addition. */
function rightAnswers(pairs) {
  let carry = 0;
  const answers = [];
  const carries = [];
  for (const [first, second] of pairs) {
    const total = first + second + carry;
    carry = total >> 1;
    answers.push(total & 1);
    carries.push(carry);
  }
  return { answers, carries };
}

/** The number whose bits, lowest first, are given. */
function numberOfBits(bits) {
  return BigInt(`0b${[...bits].reverse().join('')}`);
}

/** A step of an adder: its new state, its gates, and the bit that it answers. */
function addingStep(net, state, pair) {
  const { state: nextState, gates } = recurrentStep(net, state, pair);
  const [logit] = logitsOf(net, nextState);
  return { state: nextState, gates, answer: logit > 0 ? 1 : 0 };
}

/** The carry that a net holds in a state: the bit that it would answer to 0 + 0. */
function heldCarry(net, state) {
  return addingStep(net, state, [0, 0]).answer;
}

/** The bits that a net answers to pairs of bits. */
function answeredBits(net, pairs) {
  let state = startState(net);
  return pairs.map((pair) => {
    const result = addingStep(net, state, pair);
    state = result.state;
    return result.answer;
  });
}

/**
 * Compares the bits that a net has answered with the right ones.
 *
 * @returns {{errors: number, firstError: number}} how many are wrong, and the number of the first
 *     wrong one, counted from 0; -1 if there is none.
 */
function countErrors(given, answers) {
  const wrong = answers.map((bit, step) => bit !== given[step]);
  return { errors: wrong.filter(Boolean).length, firstError: wrong.indexOf(true) };
}

/** Where a state lies in a plane of principal directions: [x, y]. */
function projectState(plane, state) {
  return plane.directions.map((direction) =>
    direction.reduce((sum, part, unit) => sum + part * (state.h[unit] - plane.origin[unit]), 0),
  );
}
