'use strict';

// Sequences of digits, of which a net recalls one.

/**
 * What a net holds after each digit.
 *
 * @param net an unpacked net.
 * @param {number[]} digits
 * @returns {{state: {h: Float64Array}, probabilities: number[]}[]} for each digit.
 */
function readDigits(net, digits) {
  let state = startState(net);
  return digits.map((digit) => {
    const oneHot = new Float64Array(10);
    oneHot[digit] = 1;
    state = recurrentStep(net, state, oneHot).state;
    return { state, probabilities: softmax(logitsOf(net, state)) };
  });
}

/**
 * Whether a net has recalled the k-th digit, in words.
 *
 * @param {number} k counted from 1.
 * @param {number[]} digits
 * @param steps what `readDigits` returned.
 */
function recallVerdict(k, digits, steps) {
  if (digits.length < k) return `Type at least ${k} digits.`;
  const answer = argmax(steps[steps.length - 1].probabilities);
  const truth = digits[k - 1];
  const verdict = answer === truth ? 'right' : `wrong: it was ${truth}`;
  return `After ${digits.length} digits it answers ${answer}: ${verdict}.`;
}

/** 1st, 2nd, 3rd, 4th, ... */
function ordinal(number) {
  const isTeen = Math.floor(number / 10) % 10 === 1;
  const ending = isTeen ? 'th' : ['th', 'st', 'nd', 'rd'][number % 10] || 'th';
  return `${number}${ending}`;
}
