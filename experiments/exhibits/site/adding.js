'use strict';

// The exhibit that adds: a net at work on one sum, step by step or at once.

const MOST_STEPS_SHOWN = 100;
const LONGEST_NUMBER_SHOWN = 60; // decimal digits
const TRAIL = 12; // earlier states in the plane
const LONG_CARRY = 1000; // pairs of bits
const MANY_BITS = 10000; // pairs

const ADDER_VERDICTS = {
  proved: 'Proved: right on numbers of every length.',
  falsified: 'Falsified: there are sums that it gets wrong. Play its counterexample below.',
  unknown: 'Nothing is proved of this net, and no error of it is known.',
};

/** What the exhibit shows: a net, the bits that it reads, and what it made of them so far. */
const adding = { net: null, pairs: [], right: rightAnswers([]), steps: [], timer: 0 };

/** @param nets unpacked adders. */
function startAdding(nets) {
  const choice = byId('adder-net');
  nets.forEach((net, number) => choice.append(element('option', { value: `${number}` }, net.name)));
  choice.addEventListener('change', () => chooseAdder(nets[Number(choice.value)]));

  for (const id of ['first-number', 'second-number']) {
    byId(id).addEventListener('input', () => readNumbers());
  }
  byId('choose-numbers').addEventListener('click', chooseNumbers);
  byId('add-at-once').addEventListener('click', addAtOnce);
  byId('add-slowly').addEventListener('click', () => (adding.timer ? pause() : play()));
  byId('add-one-step').addEventListener('click', () => {
    pause();
    addOneStep();
  });
  byId('add-again').addEventListener('click', () => setPairs(adding.pairs));
  byId('add-speed').addEventListener('input', changeSpeed);

  const carry = [[1, 1], ...repeated([0, 1], LONG_CARRY - 1), [0, 0]];
  byId('break-carry').addEventListener('click', () => breakWith(carry));
  byId('break-ones').addEventListener('click', () => breakWith(repeated([1, 1], LONG_CARRY)));
  byId('break-constant').addEventListener('click', () => breakWith(repeated([0, 1], MANY_BITS)));
  byId('break-random').addEventListener('click', () => breakWith(randomPairs(MANY_BITS)));
  byId('break-known').addEventListener('click', () => breakWith(adding.net.counterexample));

  chooseAdder(nets[0]);
}

function chooseAdder(net) {
  adding.net = net;
  byId('adder-verdict').textContent = ADDER_VERDICTS[net.verdict];
  byId('break-known').hidden = !net.counterexample;
  byId('why-proved').hidden = net.verdict !== 'proved';
  if (net.certificate) {
    const file = new Blob([JSON.stringify(net.certificate, null, 1)], { type: 'application/json' });
    URL.revokeObjectURL(byId('certificate-link').href);
    byId('certificate-link').href = URL.createObjectURL(file);
  }
  readNumbers();
}

// What it reads

function readNumbers() {
  const fields = [byId('first-number'), byId('second-number')];
  const isNumber = (field) => /^\s*\d+\s*$/.test(field.value);
  for (const field of fields) field.setAttribute('aria-invalid', `${!isNumber(field)}`);
  const areNumbers = fields.every(isNumber);
  // Without two numbers nothing is left to be added.
  setPairs(areNumbers ? pairsOfBits(...fields.map((field) => BigInt(field.value.trim()))) : []);
}

function chooseNumbers() {
  const digits = 1 + Math.floor(12 * Math.random());
  for (const id of ['first-number', 'second-number']) {
    const number = Array.from({ length: digits }, () => Math.floor(10 * Math.random()));
    byId(id).value = `${BigInt(number.join(''))}`;
  }
  readNumbers();
}

function repeated(pair, count) {
  return Array.from({ length: count }, () => pair);
}

function randomPairs(count) {
  const bit = () => (Math.random() < 0.5 ? 0 : 1);
  return Array.from({ length: count }, () => [bit(), bit()]);
}

/** Starts a new sum, of which nothing is read yet. */
function setPairs(pairs) {
  pause();
  adding.pairs = pairs;
  adding.right = rightAnswers(pairs);
  adding.steps = [];
  byId('break-verdict').textContent = '';
  showAdding();
}

// At work

function addOneStep() {
  advance();
  showAdding();
}

/** Reads one more pair of bits, if there is one. */
function advance() {
  const { net, pairs, steps } = adding;
  if (steps.length === pairs.length) return;
  const before = steps.length > 0 ? steps[steps.length - 1].state : startState(net);
  steps.push(addingStep(net, before, pairs[steps.length]));
}

function addAtOnce() {
  pause();
  while (adding.steps.length < adding.pairs.length) advance();
  showAdding();
}

function play() {
  if (adding.steps.length === adding.pairs.length) adding.steps = [];
  byId('add-slowly').textContent = 'Pause';
  // The answer is spoken once all bits are read.
  byId('adding-answer').setAttribute('aria-busy', 'true');
  adding.timer = setInterval(() => {
    addOneStep();
    if (adding.steps.length === adding.pairs.length) pause();
  }, 1000 / Number(byId('add-speed').value));
}

function pause() {
  clearInterval(adding.timer);
  adding.timer = 0;
  byId('add-slowly').textContent = 'Play';
  byId('adding-answer').setAttribute('aria-busy', 'false');
}

function changeSpeed() {
  const speed = byId('add-speed');
  speed.setAttribute('aria-valuetext', `${counted(Number(speed.value), 'step')} a second`);
  if (adding.timer) {
    pause();
    play();
  }
}

/** Lets the net read a hard sum at once, and counts its errors. */
function breakWith(pairs) {
  setPairs(pairs);
  addAtOnce();
  const { errors, firstError } = countErrors(givenBits(), adding.right.answers);
  const bits = counted(pairs.length, 'bit');
  byId('break-verdict').textContent =
    errors === 0
      ? `All ${bits} of the sum are right.`
      : `${errors.toLocaleString('en')} of ${bits} wrong, the first one bit ${firstError}.`;
}

/** The bits of the sum that the net has answered. */
function givenBits() {
  return adding.steps.map((step) => step.answer);
}

/** A number with what it counts: '1 bit', '1,001 bits'. */
function counted(number, unit) {
  return `${number.toLocaleString('en')} ${unit}${number === 1 ? '' : 's'}`;
}

// What it shows

function showAdding() {
  const { net, steps } = adding;
  const last = steps[steps.length - 1] || { state: startState(net), gates: {} };
  byId('adding-answer').textContent = answerText();
  showSteps();

  const rows = Object.entries(last.gates).map(([name, values]) => barRow(name, values));
  if (last.state.c) rows.push(barRow('c', last.state.c));
  rows.push(barRow('h', last.state.h));
  byId('adding-bars').replaceChildren(...rows);
  byId('held-carry').textContent =
    `It holds a carry of ${heldCarry(net, last.state)}: what it would answer to 0 + 0 now.`;
  byId('adding-plane').replaceChildren(drawPlane());
}

function answerText() {
  const { pairs, steps } = adding;
  const { answers } = adding.right;
  if (pairs.length === 0) return 'Type two whole numbers, of decimal digits only.';
  if (steps.length < pairs.length) {
    return `${steps.length.toLocaleString('en')} of ${counted(pairs.length, 'bit')} read.`;
  }
  const given = givenBits();
  const { errors } = countErrors(given, answers);
  const verdict = errors === 0 ? 'right' : `wrong in ${counted(errors, 'bit')}`;
  const [sum, answer] = [numberOfBits(answers), numberOfBits(given)];
  const isShort = `${sum}`.length <= LONGEST_NUMBER_SHOWN;
  if (!isShort) return `${counted(pairs.length, 'bit')} read: ${verdict}.`;
  const numbers = [0, 1].map((place) => numberOfBits(pairs.map((pair) => pair[place])));
  const modulus = numbers[0] + numbers[1] === sum ? '' : ` modulo 2^${pairs.length}`;
  return `${numbers[0]} + ${numbers[1]} = ${sum}${modulus}, answered ${answer}: ${verdict}.`;
}

function showSteps() {
  const { pairs, steps } = adding;
  const { answers } = adding.right;
  const first = Math.max(0, steps.length - MOST_STEPS_SHOWN);
  const rows = [];
  // The newest step is the first row, where it is seen.
  for (let step = steps.length - 1; step >= first; step -= 1) {
    const isRight = steps[step].answer === answers[step];
    rows.push(
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, `${step}`),
        element('td', {}, `${pairs[step][0]} + ${pairs[step][1]}`),
        element('td', {}, `${steps[step].answer}`),
        element('td', { class: isRight ? 'right' : 'wrong' }, isRight ? '✓ right' : '✗ wrong'),
      ),
    );
  }
  byId('adding-steps').replaceChildren(...rows);
}

/** The sets of the proof, and the last states of the net among them. */
function drawPlane() {
  const { net, steps } = adding;
  const { carries } = adding.right;
  const first = Math.max(0, steps.length - TRAIL);
  const points = steps.slice(first).map(({ state }, place) => ({
    place: projectState(net.plane, state),
    carry: carries[first + place],
  }));
  if (first === 0) {
    points.unshift({ place: projectState(net.plane, startState(net)), carry: 0 });
  }
  const sets = net.sets || [];
  const frame = frameOf(net, points);
  const picture = svgElement('svg', {
    viewBox: frame.viewBox,
    class: 'plane',
    role: 'img',
    'aria-label': planeLabel(sets, points),
  });
  for (const set of sets) {
    const corners = set.outline.map(([x, y]) => `${x},${-y}`).join(' ');
    picture.append(svgElement('polygon', { points: corners, class: `set carry${set.carry}` }));
  }
  const path = points.map(({ place: [x, y] }) => `${x},${-y}`).join(' ');
  picture.append(svgElement('polyline', { points: path, class: 'trail' }));
  points.forEach(({ place, carry }, number) => {
    const isLast = number === points.length - 1;
    const size = frame.size * (isLast ? 0.018 : 0.009);
    picture.append(stateMark(place, carry, size, isLast));
  });
  return picture;
}

/** A dot where the carry is 0, a square where it is 1. */
function stateMark([x, y], carry, size, isLast) {
  const style = `state carry${carry}${isLast ? ' last' : ''}`;
  if (carry === 0) return svgElement('circle', { cx: x, cy: -y, r: size, class: style });
  const side = 2 * size;
  return svgElement('rect', {
    x: x - size,
    y: -y - size,
    width: side,
    height: side,
    class: style,
  });
}

/** The part of the plane that is shown: all sets, or without a proof where states mostly are. */
function frameOf(net, points) {
  const places = points.map((point) => point.place);
  for (const set of net.sets || []) places.push(...set.outline);
  if (!net.sets) places.push([-1.5, -1.5], [1.5, 1.5]);
  const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]));
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)];
  const size = Math.max(right - left, top - bottom);
  const margin = 0.05 * size;
  const width = right - left + 2 * margin;
  const height = top - bottom + 2 * margin;
  return { viewBox: `${left - margin} ${-top - margin} ${width} ${height}`, size };
}

function planeLabel(sets, points) {
  const [x, y] = points[points.length - 1].place;
  const where = `The state is at ${x.toFixed(2)}, ${y.toFixed(2)}`;
  return sets.length > 0 ? `${where}, among ${sets.length} sets of the proof` : where;
}
