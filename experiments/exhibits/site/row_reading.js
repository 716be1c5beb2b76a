'use strict';

// What a net reads of an image, and a recurrent net's belief after each row of it.

/** An image, with ink from 0 to 1, in the scale on which a net was trained. */
function inputsOf(net, image) {
  const { mean, deviation } = net.pixels;
  return { shape: image.shape, values: image.values.map((ink) => (ink - mean) / deviation) };
}

/** The input of a black pixel. */
function blackInput(pixels) {
  return -pixels.mean / pixels.deviation;
}

/**
 * Reads the rows of an image from the top.
 *
 * @param net an unpacked recurrent net.
 * @param inputs of (rows, columns).
 * @returns {number[][]} the probabilities of the classes after each row.
 */
function readRows(net, inputs) {
  const [rows, columns] = inputs.shape;
  const beliefs = [];
  let state = startState(net);
  for (let row = 0; row < rows; row += 1) {
    const pixels = inputs.values.subarray(row * columns, (row + 1) * columns);
    state = recurrentStep(net, state, pixels).state;
    beliefs.push(softmax(logitsOf(net, state)));
  }
  return beliefs;
}

/**
 * The rows after which the likeliest class is another one than before.
 *
 * @param {number[][]} beliefs
 * @returns {{row: number, answer: number}[]} rows are counted from 1; the first is always there.
 */
function changesOfMind(beliefs) {
  const changes = [];
  let previous = -1;
  beliefs.forEach((probabilities, row) => {
    const answer = argmax(probabilities);
    if (answer !== previous) changes.push({ row: row + 1, answer });
    previous = answer;
  });
  return changes;
}
