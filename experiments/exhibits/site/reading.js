'use strict';

// The exhibit that reads a digit that is drawn.

const SHOWN_MAPS = 4;
const COVER_SIDE = 7; // pixels
const COVER_STRIDE = 2; // pixels
const REST_BEFORE_COVERS = 250; // milliseconds after the last change of the drawing
const SLOW_ROW = 200; // milliseconds
const FORMS = {
  mnist: {
    make: bringIntoMnistForm,
    caption:
      'Cut out, its longer side fit to 20 pixels, its centre of mass moved into the middle: ' +
      'as the digits were made that the nets have learned.',
  },
  shrunk: {
    make: merelyShrink,
    caption:
      'The whole drawing, made smaller. The digit stays where it was drawn, and as large: the ' +
      'nets have seen none like it. Report D calls its net "really bad" on its author\'s handwriting.',
  },
};
const ASK_FOR_A_DIGIT = 'Draw a digit, or take one of the samples.';

/**
 * Starts the exhibit.
 *
 * @param rowNet an unpacked recurrent net that reads images row by row.
 * @param cnn an unpacked CNN.
 * @param {number[][]} samples grey levels of a digit of each class, of 8 x 8.
 */
function startReading(rowNet, cnn, samples) {
  byId('reading-row-net').textContent = `the ${rowNet.name}`;
  byId('reading-cnn').textContent = `the ${cnn.name}`;
  const work = { frame: 0, covers: 0, slowly: 0 };
  let reading = null;

  const readAgain = () => {
    stopWork(work);
    setBusy(true);
    work.frame = requestAnimationFrame(() => {
      const { make, caption } = FORMS[chosenForm()];
      byId('reading-form-caption').textContent = caption;
      const image = make(pad.read());
      reading = image === null ? null : readImage(rowNet, cnn, image);
      if (reading === null) {
        showNothing();
        setBusy(false);
        return;
      }
      showReading(reading);
      work.covers = setTimeout(() => {
        setBusy(false);
        tryCovers(cnn, reading, work);
      }, REST_BEFORE_COVERS);
    });
  };
  const pad = makeDrawingPad(
    byId('drawing'),
    byId('drawing-pen'),
    byId('drawing-pen-state'),
    readAgain,
  );

  byId('drawing-clear').addEventListener('click', pad.clear);
  byId('reading-slowly').addEventListener('click', () => {
    if (reading !== null) readSlowly(reading, work);
  });
  for (const choice of formChoices()) choice.addEventListener('change', readAgain);
  samples.forEach((levels, digit) => {
    const attributes = { type: 'button', 'aria-label': `Sample ${digit}` };
    const button = element('button', attributes, `${digit}`);
    button.addEventListener('click', () => pad.show(enlargeSample(levels)));
    byId('reading-samples').append(button);
  });
  readAgain();
}

function formChoices() {
  return document.querySelectorAll('input[name="reading-form"]');
}

function chosenForm() {
  return Array.from(formChoices()).find((choice) => choice.checked).value;
}

function stopWork(work) {
  cancelAnimationFrame(work.frame);
  clearTimeout(work.covers);
  clearTimeout(work.slowly);
}

/** Screen readers wait with answers that still change with every stroke. */
function setBusy(isBusy) {
  for (const id of ['reading-row-answer', 'reading-cnn-answer']) {
    byId(id).setAttribute('aria-busy', `${isBusy}`);
  }
}

/** All that both nets make of an image. */
function readImage(rowNet, cnn, image) {
  const inputs = inputsOf(cnn, image);
  const layers = applyCnn(cnn, inputs);
  const probabilities = softmax(layers.logits);
  const maps = strongestMaps(layers.conv2, SHOWN_MAPS);
  return {
    image,
    beliefs: readRows(rowNet, inputsOf(rowNet, image)),
    inputs,
    layers,
    probabilities,
    answer: argmax(probabilities),
    maps,
    projection: projectMap(cnn, layers, maps[0]),
  };
}

function showReading(reading) {
  const { image, beliefs, maps } = reading;
  showPicture(byId('reading-seen'), greyPicture(image));
  const lastBelief = beliefs[beliefs.length - 1];
  byId('reading-row-answer').textContent = answerInWords(lastBelief);
  byId('reading-row-changes').textContent = changesInWords(changesOfMind(beliefs));
  showBeliefs(byId('reading-beliefs'), image, beliefs);
  byId('reading-cnn-answer').textContent = answerInWords(reading.probabilities);
  byId('reading-maps').replaceChildren(...maps.map((map) => mapFigure(reading.layers.conv2, map)));
  const projection = projectionPicture(reading.projection, image);
  showPicture(byId('reading-projection'), projection);
  showUncovered(byId('reading-covers'), image);
  byId('reading-covers-count').textContent = '';
}

/** The exhibit before anything is drawn. */
function showNothing() {
  const black = greyPicture(emptyImage(IMAGE_SIDE, IMAGE_SIDE));
  showPicture(byId('reading-seen'), black);
  showPicture(byId('reading-projection'), black);
  byId('reading-beliefs').replaceChildren();
  byId('reading-covers').replaceChildren();
  byId('reading-maps').replaceChildren();
  byId('reading-row-answer').textContent = ASK_FOR_A_DIGIT;
  byId('reading-cnn-answer').textContent = ASK_FOR_A_DIGIT;
  byId('reading-row-changes').textContent = '';
  byId('reading-covers-count').textContent = '';
}

function mapFigure(maps, map) {
  const [, height, width] = maps.shape;
  const canvas = element('canvas', {
    class: 'pixels',
    width: `${width}`,
    height: `${height}`,
    role: 'img',
    'aria-label': `Map ${map}, ${width} by ${height} values`,
  });
  showPicture(canvas, mapPicture({ shape: [height, width], values: planeOf(maps, map) }));
  return element('figure', {}, canvas, element('figcaption', { class: 'quiet' }, `map ${map}`));
}

/** Shows the beliefs row after row, from the first. */
function readSlowly(reading, work) {
  clearTimeout(work.slowly);
  let rows = 0;
  const showNextRow = () => {
    rows += 1;
    showBeliefs(byId('reading-beliefs'), reading.image, reading.beliefs.slice(0, rows));
    if (rows < reading.beliefs.length) work.slowly = setTimeout(showNextRow, SLOW_ROW);
  };
  showNextRow();
}

/** Covers one part of the image after the other, a cover at a time so that the page stays awake. */
function tryCovers(cnn, reading, work) {
  const corners = coverCorners(IMAGE_SIDE, COVER_SIDE, COVER_STRIDE);
  const covers = [];
  const tryNextCover = () => {
    const corner = corners[covers.length];
    const result = answerUnderCover(cnn, reading.inputs, corner, COVER_SIDE, reading.answer);
    const cover = { ...corner, ...result };
    covers.push(cover);
    addCover(byId('reading-covers'), reading, cover);
    if (covers.length < corners.length) {
      work.covers = setTimeout(tryNextCover);
    } else {
      byId('reading-covers-count').textContent = coversInWords(covers, reading.answer);
    }
  };
  tryNextCover();
}

function answerInWords(probabilities) {
  const answer = argmax(probabilities);
  const article = answer === 8 ? 'an' : 'a';
  return `It reads ${article} ${answer}, ${asPercent(probabilities[answer])} sure.`;
}

function changesInWords(changes) {
  const [first, ...others] = changes;
  if (others.length === 0) return `It believes in ${first.answer} from the first row on.`;
  const parts = others.map(({ row, answer }) => `${answer} (row ${row})`);
  return `At first it believes in ${first.answer}, then in ${parts.join(', ')}.`;
}

function coversInWords(covers, label) {
  const changed = covers.filter((cover) => cover.answer !== label).length;
  if (changed === 0) return `None of ${covers.length} covers changes its mind.`;
  return `${changed} of ${covers.length} covers change its mind.`;
}
