'use strict';

// Small functions on arrays of numbers. All arithmetic of this page is in double precision.

/** The logistic function. */
function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

/** The probabilities that logits stand for. */
function softmax(logits) {
  // Without the largest logit the exponentials cannot overflow.
  const largest = Math.max(...logits);
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/** The place of the largest value, the first of equal ones. */
function argmax(values) {
  let best = 0;
  for (let place = 1; place < values.length; place += 1) {
    if (values[place] > values[best]) best = place;
  }
  return best;
}

/**
 * The product of a matrix and a vector, plus a bias.
 *
 * @param {{shape: number[], values: Float64Array}} matrix of (rows, columns), row after row.
 * @param {ArrayLike<number>} vector of (columns).
 * @param {{values: Float64Array}} bias of (rows).
 * @returns {Float64Array} of (rows).
 */
function affine(matrix, vector, bias) {
  const [rows, columns] = matrix.shape;
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let sum = bias.values[row];
    for (let column = 0; column < columns; column += 1) {
      sum += matrix.values[row * columns + column] * vector[column];
    }
    result[row] = sum;
  }
  return result;
}
