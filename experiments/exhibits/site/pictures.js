'use strict';

// Pictures of images, maps and beliefs.

const ORANGE = [240, 160, 48];
const BLUE = [86, 180, 233];

/** What a canvas shows of an image with ink from 0 to 1: grey levels. */
function greyPicture(image) {
  return picture(image, (ink) => {
    const level = Math.round(255 * ink);
    return [level, level, level];
  });
}

/** The pixels of a canvas, from a function of the value and the place of each pixel. */
function picture(image, colourOf) {
  const [height, width] = image.shape;
  const result = new ImageData(width, height);
  image.values.forEach((value, place) => {
    result.data.set([...colourOf(value, place), 255], 4 * place);
  });
  return result;
}

/** Shows a picture in a canvas of its size. */
function showPicture(canvas, pixels) {
  canvas.getContext('2d').putImageData(pixels, 0, 0);
}

/** A map of values that are not negative, as grey levels up to its largest value. */
function mapPicture(map) {
  const largest = Math.max(...map.values);
  return greyPicture({ shape: map.shape, values: map.values.map((value) => value / largest) });
}

/** A projection over its image: what is positive blue, what is negative orange, the digit grey. */
function projectionPicture(projection, image) {
  const largest = Math.max(...projection.values.map(Math.abs));
  return picture(projection, (value, place) => {
    const colour = value > 0 ? BLUE : ORANGE;
    const strength = Math.abs(value) / largest;
    const grey = 110 * image.values[place];
    return colour.map((part) => Math.round(grey + strength * (part - grey)));
  });
}

/** An image as a part of an SVG, a unit for a pixel. */
function svgImage(image) {
  const [height, width] = image.shape;
  const canvas = element('canvas', { width: `${width}`, height: `${height}` });
  showPicture(canvas, greyPicture(image));
  return svgElement('image', {
    href: canvas.toDataURL(),
    width: `${width}`,
    height: `${height}`,
    class: 'pixels',
  });
}

/**
 * Shows an image and, beside each of its rows, the belief after it.
 *
 * @param {SVGElement} figure
 * @param {{shape: number[], values: Float64Array}} image
 * @param {number[][]} beliefs probabilities of the ten digits, after each row.
 */
function showBeliefs(figure, image, beliefs) {
  const [height, width] = image.shape;
  const columnWidth = 3;
  const left = width + 1;
  const header = 3;
  figure.setAttribute('viewBox', `0 0 ${left + 10 * columnWidth} ${height + header}`);
  const rows = svgElement('g', { transform: `translate(0 ${header})` }, svgImage(image));
  const parts = [rows];
  for (let digit = 0; digit < 10; digit += 1) {
    const x = left + digit * columnWidth;
    parts.push(svgElement('text', { x: `${x + columnWidth / 2}`, y: '2.3' }, `${digit}`));
    const line = { x1: `${x}`, x2: `${x}`, y1: '0', y2: `${height}` };
    rows.append(svgElement('line', line));
  }
  beliefs.forEach((probabilities, row) => {
    rows.append(beliefBars(probabilities, row, left, columnWidth));
  });
  figure.replaceChildren(...parts);
}

function beliefBars(probabilities, row, left, columnWidth) {
  const likeliest = argmax(probabilities);
  const percent = asPercent(probabilities[likeliest]);
  const title = svgElement('title', {}, `after row ${row + 1}: ${likeliest}, ${percent}`);
  const bars = svgElement('g', { class: 'belief' }, title);
  probabilities.forEach((probability, digit) => {
    bars.append(
      svgElement('rect', {
        x: `${left + digit * columnWidth}`,
        y: `${row + 0.1}`,
        width: `${probability * columnWidth}`,
        height: '0.8',
        class: digit === likeliest ? 'likeliest' : '',
      }),
    );
  });
  return bars;
}

/** Shows an image on which no cover has been tried yet. */
function showUncovered(figure, image) {
  const [height, width] = image.shape;
  figure.setAttribute('viewBox', `0 0 ${width} ${height}`);
  figure.replaceChildren(svgImage(image));
}

/**
 * Adds to the image what a CNN answered under one cover: the less it believed in its first answer,
 * the darker the veil; a number where it changed its mind.
 *
 * @param {SVGElement} figure
 * @param reading what the CNN makes of the uncovered image.
 * @param {{top: number, left: number, answer: number, probability: number}} cover
 */
function addCover(figure, reading, cover) {
  const { answer, probabilities } = reading;
  // Covers overlap: each stands for the square in its middle.
  const margin = (COVER_SIDE - COVER_STRIDE) / 2;
  const x = cover.left + margin;
  const y = cover.top + margin;
  const lost = within(1 - cover.probability / probabilities[answer], 0, 1);
  const side = `${COVER_STRIDE}`;
  const square = { x: `${x}`, y: `${y}`, width: side, height: side, opacity: `${0.75 * lost}` };
  figure.append(svgElement('rect', square));
  if (cover.answer !== answer) {
    const middle = { x: `${x + COVER_STRIDE / 2}`, y: `${y + 0.85 * COVER_STRIDE}` };
    figure.append(svgElement('text', middle, `${cover.answer}`));
  }
}
