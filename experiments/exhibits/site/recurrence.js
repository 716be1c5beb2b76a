'use strict';

// Recurrent nets of one layer, a step at a time. The equations and the names of the weights are
// those of PyTorch and of jaxdl/models/recurrence.py.

/** The zero state in which a net starts: h, and the cell state c of an LSTM. */
function startState(net) {
  const units = net.weights.weight_hh_l0.shape[1];
  const state = { h: new Float64Array(units) };
  if (net.cell === 'lstm') state.c = new Float64Array(units);
  return state;
}

/**
 * One step of a net.
 *
 * @param net an unpacked net whose cell is 'rnn', 'gru' or 'lstm'.
 * @param {{h: Float64Array, c?: Float64Array}} state before the step.
 * @param {ArrayLike<number>} input
 * @returns {{state: {h: Float64Array, c?: Float64Array}, gates: Object<string, Float64Array>}}
 *     the state after the step, and what the gates were, by name.
 */
function recurrentStep(net, state, input) {
  const { weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 } = net.weights;
  const fromInput = affine(weight_ih_l0, input, bias_ih_l0);
  const fromState = affine(weight_hh_l0, state.h, bias_hh_l0);
  return RECURRENT_STEPS[net.cell](state, fromInput, fromState);
}

/** The logits of a net in a state. */
function logitsOf(net, state) {
  return affine(net.weights.head_weight, state.h, net.weights.head_bias);
}

const RECURRENT_STEPS = { rnn: rnnStep, gru: gruStep, lstm: lstmStep };

function rnnStep(state, fromInput, fromState) {
  const h = state.h.map((_, unit) => Math.tanh(fromInput[unit] + fromState[unit]));
  return { state: { h }, gates: {} };
}

function gruStep(state, fromInput, fromState) {
  const units = state.h.length;
  const reset = new Float64Array(units);
  const update = new Float64Array(units);
  const candidate = new Float64Array(units);
  const h = new Float64Array(units);
  for (let unit = 0; unit < units; unit += 1) {
    const second = units + unit;
    const third = 2 * units + unit;
    reset[unit] = sigmoid(fromInput[unit] + fromState[unit]);
    update[unit] = sigmoid(fromInput[second] + fromState[second]);
    // The reset gate acts after the product with the state.
    candidate[unit] = Math.tanh(fromInput[third] + reset[unit] * fromState[third]);
    h[unit] = (1 - update[unit]) * candidate[unit] + update[unit] * state.h[unit];
  }
  return { state: { h }, gates: { reset, update, candidate } };
}

function lstmStep(state, fromInput, fromState) {
  const units = state.h.length;
  const input = new Float64Array(units);
  const forget = new Float64Array(units);
  const candidate = new Float64Array(units);
  const output = new Float64Array(units);
  const c = new Float64Array(units);
  const h = new Float64Array(units);
  for (let unit = 0; unit < units; unit += 1) {
    const sum = (gate) => fromInput[gate * units + unit] + fromState[gate * units + unit];
    input[unit] = sigmoid(sum(0));
    forget[unit] = sigmoid(sum(1));
    candidate[unit] = Math.tanh(sum(2));
    output[unit] = sigmoid(sum(3));
    c[unit] = forget[unit] * state.c[unit] + input[unit] * candidate[unit];
    h[unit] = output[unit] * Math.tanh(c[unit]);
  }
  return { state: { h, c }, gates: { input, forget, candidate, output } };
}
