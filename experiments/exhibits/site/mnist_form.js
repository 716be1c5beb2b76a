'use strict';

// Brings a drawing into the form of MNIST's digits, as jaxdl/data/handwriting_photos.py does with
// photos. Images have the shape (height, width), and ink from 0, none, to 1.

const IMAGE_SIDE = 28; // pixels
const BOX_SIDE = 20; // pixels, of the box into which a digit is fit
const DRAWING_SIDE = 280; // pixels, of the canvas to draw on
const SAMPLE_SIDE = 8; // pixels
const SAMPLE_EDGE = 0.6; // ink, over which it rises from none to all at an edge
const LANCZOS_REACH = 3; // pixels
// Half the threshold between ink and paper: less than this at the soft edge of a stroke is paper.
const LEAST_INK = 0.25;

/**
 * A drawing in MNIST's form: the digit fit into 20 x 20 pixels, its centre of mass in the middle.
 *
 * @param {{shape: number[], values: Float64Array}} drawing
 * @returns {{shape: number[], values: Float64Array} | null} of (28, 28); null without any ink.
 */
function bringIntoMnistForm(drawing) {
  const inked = drawing.values.map((ink) => (ink < LEAST_INK ? 0 : ink));
  const digit = { shape: drawing.shape, values: inked };
  const box = boxAroundInk(digit);
  if (box === null) return null;
  return centreByMass(fitIntoBox(cutOut(digit, box)));
}

/** A drawing of (28, 28), shrunk whole, its digit wherever it was; null without any ink. */
function merelyShrink(drawing) {
  if (boxAroundInk(drawing) === null) return null;
  return resizeImage(drawing, IMAGE_SIDE, IMAGE_SIDE);
}

/**
 * A drawing of (280, 280) of a sample digit of 8 x 8 grey levels from 0 to 255.
 *
 * It gets a border of a pixel, since its strokes end at its edge. Enlarged, they are blurred: more
 * contrast makes them more like a pen's.
 */
function enlargeSample(levels) {
  const small = emptyImage(SAMPLE_SIDE + 2, SAMPLE_SIDE + 2);
  levels.forEach((level, place) => {
    const row = 1 + Math.floor(place / SAMPLE_SIDE);
    const column = 1 + (place % SAMPLE_SIDE);
    small.values[row * small.shape[1] + column] = level / 255;
  });
  const large = resizeImage(small, DRAWING_SIDE, DRAWING_SIDE);
  const values = large.values.map((ink) => within((ink - 0.5) / SAMPLE_EDGE + 0.5, 0, 1));
  return { shape: large.shape, values };
}

/** The first row and column with ink, and those after the last; null without any ink. */
function boxAroundInk(image) {
  const [height, width] = image.shape;
  const box = { top: height, bottom: 0, left: width, right: 0 };
  image.values.forEach((ink, place) => {
    if (ink === 0) return;
    const row = Math.floor(place / width);
    const column = place % width;
    box.top = Math.min(box.top, row);
    box.bottom = Math.max(box.bottom, row + 1);
    box.left = Math.min(box.left, column);
    box.right = Math.max(box.right, column + 1);
  });
  return box.bottom === 0 ? null : box;
}

function cutOut(image, box) {
  const width = image.shape[1];
  const cut = emptyImage(box.bottom - box.top, box.right - box.left);
  for (let row = box.top; row < box.bottom; row += 1) {
    const pixels = image.values.subarray(row * width + box.left, row * width + box.right);
    cut.values.set(pixels, (row - box.top) * cut.shape[1]);
  }
  return cut;
}

/** Scales a digit so that its longer side has 20 pixels. */
function fitIntoBox(digit) {
  const [height, width] = digit.shape;
  const scale = BOX_SIDE / Math.max(height, width);
  const newHeight = Math.max(1, roundHalfToEven(scale * height));
  const newWidth = Math.max(1, roundHalfToEven(scale * width));
  return resizeImage(digit, newHeight, newWidth);
}

/** Places a digit in a black image: whole, even if its centre then is not in the middle. */
function centreByMass(digit) {
  const [height, width] = digit.shape;
  const centre = centreOfMass(digit);
  const middle = (IMAGE_SIDE - 1) / 2;
  const top = within(roundHalfToEven(middle - centre.row), 0, IMAGE_SIDE - height);
  const left = within(roundHalfToEven(middle - centre.column), 0, IMAGE_SIDE - width);
  const image = emptyImage(IMAGE_SIDE, IMAGE_SIDE);
  for (let row = 0; row < height; row += 1) {
    const pixels = digit.values.subarray(row * width, (row + 1) * width);
    image.values.set(pixels, (top + row) * IMAGE_SIDE + left);
  }
  return image;
}

function centreOfMass(image) {
  const width = image.shape[1];
  let mass = 0;
  let rows = 0;
  let columns = 0;
  image.values.forEach((ink, place) => {
    mass += ink;
    rows += ink * Math.floor(place / width);
    columns += ink * (place % width);
  });
  return { row: rows / mass, column: columns / mass };
}

/**
 * Resizes an image by Lanczos' kernel, which reaches over three pixels of the coarser image to each
 * side. The kernel is negative in parts: what becomes less than 0 or more than 1 is clipped, after
 * the width and after the height, as Pillow does.
 */
function resizeImage(image, height, width) {
  const withWidth = keepInRange(resampleRows(image, width));
  return keepInRange(transpose(resampleRows(transpose(withWidth), height)));
}

/** Resamples each row of an image to a new width. */
function resampleRows(image, newWidth) {
  const [height, width] = image.shape;
  const result = emptyImage(height, newWidth);
  for (let column = 0; column < newWidth; column += 1) {
    const { first, weights } = lanczosWeights(width, newWidth, column);
    for (let row = 0; row < height; row += 1) {
      const start = row * width + first;
      let sum = 0;
      for (let place = 0; place < weights.length; place += 1) {
        sum += weights[place] * image.values[start + place];
      }
      result.values[row * newWidth + column] = sum;
    }
  }
  return result;
}

/** How much the pixels from number `first` on count for one pixel of a resampled row. */
function lanczosWeights(size, newSize, newPlace) {
  const scale = size / newSize;
  const spread = Math.max(1, scale);
  const centre = (newPlace + 0.5) * scale - 0.5;
  const first = Math.max(0, Math.ceil(centre - LANCZOS_REACH * spread));
  const last = Math.min(size - 1, Math.floor(centre + LANCZOS_REACH * spread));
  const weights = [];
  for (let place = first; place <= last; place += 1) {
    weights.push(lanczosKernel((place - centre) / spread));
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { first, weights: weights.map((weight) => weight / total) };
}

function lanczosKernel(x) {
  if (Math.abs(x) >= LANCZOS_REACH) return 0;
  return normalizedSinc(x) * normalizedSinc(x / LANCZOS_REACH);
}

function normalizedSinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Rounds as Python does: halves to the even number. */
function roundHalfToEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

function transpose(image) {
  const [height, width] = image.shape;
  const result = emptyImage(width, height);
  image.values.forEach((value, place) => {
    const row = Math.floor(place / width);
    result.values[(place % width) * height + row] = value;
  });
  return result;
}

function keepInRange(image) {
  return { shape: image.shape, values: image.values.map((ink) => within(ink, 0, 1)) };
}

function within(value, least, most) {
  return Math.min(most, Math.max(least, value));
}

function emptyImage(height, width) {
  return { shape: [height, width], values: new Float64Array(height * width) };
}
