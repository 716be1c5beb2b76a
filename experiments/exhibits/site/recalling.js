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

function showRecalled(net, text) {
  const digits = Array.from(text.replace(/\D/g, ''), Number);
  const steps = readDigits(net, digits);
  const rows = steps.map(({ state, probabilities }, place) => {
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
  byId('recall-verdict').textContent = recallVerdict(net.k, digits, steps);
}
