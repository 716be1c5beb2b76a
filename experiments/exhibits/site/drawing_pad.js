'use strict';

// A canvas to draw on with mouse, finger, pen or keys. It shows light ink on black.

const PEN_WIDTH = 24; // pixels of the canvas: as thick as the strokes of MNIST once they are fit
const KEY_STEP = 8; // pixels of the canvas
const STEPS_OF_KEYS = {
  ArrowLeft: [-KEY_STEP, 0],
  ArrowRight: [KEY_STEP, 0],
  ArrowUp: [0, -KEY_STEP],
  ArrowDown: [0, KEY_STEP],
};

/**
 * Makes a canvas one to draw on.
 *
 * @param {HTMLCanvasElement} canvas square.
 * @param {HTMLElement} mark shows where the pen of the keyboard is.
 * @param {HTMLElement} state says whether that pen is down.
 * @param {() => void} onChange is called after every change of the drawing.
 * @returns {{read: Function, show: Function, clear: Function}}
 */
function makeDrawingPad(canvas, mark, state, onChange) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.lineCap = 'round';
  context.lineWidth = PEN_WIDTH;
  context.strokeStyle = 'white';
  const drawLine = (from, to) => {
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    onChange();
  };
  const blacken = () => {
    context.fillStyle = 'black';
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  drawByPointer(canvas, drawLine);
  drawByKeys(canvas, mark, state, drawLine);
  blacken();
  return {
    /** The ink, from 0 to 1, as an image of (height, width). */
    read() {
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const ink = emptyImage(canvas.height, canvas.width);
      // Red, green and blue are the same; the fourth number is the opacity.
      ink.values.forEach((_, place) => {
        ink.values[place] = data[4 * place] / 255;
      });
      return ink;
    },
    /** Replaces the drawing by an image as large as the canvas. */
    show(image) {
      context.putImageData(greyPicture(image), 0, 0);
      onChange();
    },
    clear() {
      blacken();
      onChange();
    },
  };
}

function drawByPointer(canvas, drawLine) {
  let pointer = null;
  let last = null;
  canvas.addEventListener('pointerdown', (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    last = pointInCanvas(canvas, event);
    drawLine(last, last);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    const next = pointInCanvas(canvas, event);
    drawLine(last, next);
    last = next;
  });
  const lift = (event) => {
    if (event.pointerId === pointer) pointer = null;
  };
  canvas.addEventListener('pointerup', lift);
  canvas.addEventListener('pointercancel', lift);
}

/** Where an event is, in pixels of the canvas, however large it is shown. */
function pointInCanvas(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * canvas.width,
    y: ((event.clientY - box.top) / box.height) * canvas.height,
  };
}

function drawByKeys(canvas, mark, state, drawLine) {
  let pen = { x: canvas.width / 2, y: canvas.height / 4 };
  let isDown = false;
  const showPen = () => {
    mark.style.left = `${(100 * pen.x) / canvas.width}%`;
    mark.style.top = `${(100 * pen.y) / canvas.height}%`;
    mark.classList.toggle('down', isDown);
  };
  const setDown = (down) => {
    isDown = down;
    state.textContent = isDown ? 'The pen is down.' : 'The pen is up.';
    if (isDown) drawLine(pen, pen);
  };
  canvas.addEventListener('keydown', (event) => {
    const step = STEPS_OF_KEYS[event.key];
    if (event.key !== ' ' && step === undefined) return;
    // Else the page would scroll.
    event.preventDefault();
    mark.hidden = false;
    if (event.key === ' ') {
      // A key that is held down repeats.
      if (!event.repeat) setDown(!isDown);
    } else {
      const next = {
        x: within(pen.x + step[0], 0, canvas.width),
        y: within(pen.y + step[1], 0, canvas.height),
      };
      if (isDown) drawLine(pen, next);
      pen = next;
    }
    showPen();
  });
  canvas.addEventListener('blur', () => {
    mark.hidden = true;
    if (isDown) setDown(false);
  });
}
