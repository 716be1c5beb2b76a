'use strict';

// The exhibit that recalls: what a net still holds after each digit.

/**
 * @param net an unpacked net that recalls digit `k` of a sequence.
 */
function startRecalling(net) {
  const field = byId('recall-digits');
  byId('recall-net').textContent = net.name;
  byId('recall-k').textContent = ordinal(net.k);
  field.addEventListener('input', () => showRecalled(net, field.value));
  byId('recall-choose').addEventListener('click', () => {
    const length = 5 + Math.floor(16 * Math.random());
    const digits = Array.from({ length }, () => Math.floor(10 * Math.random()));
    field.value = digits.join('');
    showRecalled(net, field.value);
  });
  showRecalled(net, field.value);
}

/** 1st, 2nd, 3rd, 4th, ... */
function ordinal(number) {
  const isTeen = Math.floor(number / 10) % 10 === 1;
  const ending = isTeen ? 'th' : ['th', 'st', 'nd', 'rd'][number % 10] || 'th';
  return `${number}${ending}`;
}

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

function showRecalled(net, text) {
  const digits = Array.from(text.replace(/\D/g, ''), Number);
  const rows = readDigits(net, digits).map(({ state, probabilities }, place) => {
    const isAsked = place + 1 === net.k;
    const answer = argmax(probabilities);
    return element(
      'tr',
      isAsked ? { class: 'asked' } : {},
      element('th', { scope: 'row' }, `${digits[place]}`),
      element('td', {}, barRow('h', state.h)),
      element('td', {}, digitBars(probabilities)),
      element('td', {}, place + 1 < net.k ? '' : `${answer}`),
    );
  });
  byId('recall-steps').replaceChildren(...rows);
  byId('recall-verdict').textContent = recallVerdict(net, digits);
}

function recallVerdict(net, digits) {
  if (digits.length < net.k) return `Type at least ${net.k} digits.`;
  const steps = readDigits(net, digits);
  const answer = argmax(steps[steps.length - 1].probabilities);
  const truth = digits[net.k - 1];
  const verdict = answer === truth ? 'right' : `wrong: it was ${truth}`;
  return `After ${digits.length} digits it answers ${answer}: ${verdict}.`;
}
