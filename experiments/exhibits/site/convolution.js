'use strict';

// The LeNet of jaxdl/models/cnn.py, whose names and shapes its weights have, on one image. Maps
// have the shape (maps, height, width): the order in which the dense layer takes them.

const POOL_SIDE = 2;

/**
 * Applies a CNN to an image.
 *
 * @param net an unpacked net.
 * @param {{shape: number[], values: Float64Array}} inputs of (height, width), multiples of 4.
 * @returns the values of each layer, after its ReLU, and the logits.
 */
function applyCnn(net, inputs) {
  const { weights } = net;
  const image = { shape: [1, ...inputs.shape], values: inputs.values };
  const conv1 = rectify(convolve(image, weights.conv1_weight, weights.conv1_bias));
  const pool1 = maxPool(conv1);
  const conv2 = rectify(convolve(pool1, weights.conv2_weight, weights.conv2_bias));
  const pool2 = maxPool(conv2);
  const dense = affine(weights.dense_weight, pool2.values, weights.dense_bias).map(positivePart);
  const logits = affine(weights.head_weight, dense, weights.head_bias);
  return { conv1, pool1, conv2, pool2, dense, logits };
}

/**
 * Cross-correlates maps with kernels of odd side. Zeros around the maps keep their size.
 *
 * @param maps of (channels, height, width).
 * @param weight of (new maps, channels, side, side).
 * @param bias of (new maps).
 * @returns maps of (new maps, height, width).
 */
function convolve(maps, weight, bias) {
  const [channels, height, width] = maps.shape;
  const result = emptyMaps(weight.shape[0], height, width);
  for (let map = 0; map < weight.shape[0]; map += 1) {
    planeOf(result, map).fill(bias.values[map]);
    for (let channel = 0; channel < channels; channel += 1) {
      forEachTap(weight, map, channel, (factor, down, right) => {
        addShifted(planeOf(result, map), planeOf(maps, channel), factor, down, right, width);
      });
    }
  }
  return result;
}

/**
 * Sends maps back through a convolution: the adjoint of `convolve` without its bias.
 *
 * @param maps of (new maps, height, width).
 * @param weight of (new maps, channels, side, side).
 * @returns maps of (channels, height, width).
 */
function convolveBack(maps, weight) {
  const [count, height, width] = maps.shape;
  const result = emptyMaps(weight.shape[1], height, width);
  for (let map = 0; map < count; map += 1) {
    for (let channel = 0; channel < weight.shape[1]; channel += 1) {
      forEachTap(weight, map, channel, (factor, down, right) => {
        addShifted(planeOf(result, channel), planeOf(maps, map), factor, -down, -right, width);
      });
    }
  }
  return result;
}

/** Calls `visit(factor, down, right)` for each element of a kernel, counted from its middle. */
function forEachTap(weight, map, channel, visit) {
  const [, channels, side] = weight.shape;
  const start = (map * channels + channel) * side * side;
  const middle = (side - 1) / 2;
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      visit(weight.values[start + row * side + column], row - middle, column - middle);
    }
  }
}

/** Adds to each pixel of `target` a factor times the pixel of `source` so far down and right. */
function addShifted(target, source, factor, down, right, width) {
  const height = target.length / width;
  const lastRow = Math.min(height, height - down);
  const lastColumn = Math.min(width, width - right);
  for (let row = Math.max(0, -down); row < lastRow; row += 1) {
    const targetRow = row * width;
    const sourceRow = (row + down) * width + right;
    for (let column = Math.max(0, -right); column < lastColumn; column += 1) {
      target[targetRow + column] += factor * source[sourceRow + column];
    }
  }
}

/**
 * The maxima of windows of 2 x 2.
 *
 * @param maps of (maps, height, width), both even.
 * @returns maps of half the height and width. Their `switches` are the places in `maps.values` that
 *     the maxima come from: of equal ones the first, row after row.
 */
function maxPool(maps) {
  const [count, height, width] = maps.shape;
  const pooled = emptyMaps(count, height / POOL_SIDE, width / POOL_SIDE);
  const switches = new Int32Array(pooled.values.length);
  let place = 0;
  for (let row = 0; row < count * height; row += POOL_SIDE) {
    for (let column = 0; column < width; column += POOL_SIDE) {
      const first = row * width + column;
      const window = [first, first + 1, first + width, first + width + 1];
      const largest = window[argmax(window.map((position) => maps.values[position]))];
      switches[place] = largest;
      pooled.values[place] = maps.values[largest];
      place += 1;
    }
  }
  return { ...pooled, switches };
}

/** Sends pooled maps back to the places that their maxima came from. */
function unpool(pooled, switches, shape) {
  const result = emptyMaps(...shape);
  pooled.values.forEach((value, place) => {
    result.values[switches[place]] = value;
  });
  return result;
}

/**
 * The numbers of the maps with the largest norms, the strongest first.
 *
 * @param maps of (maps, height, width).
 * @param {number} count
 * @returns {number[]}
 */
function strongestMaps(maps, count) {
  const norms = [];
  for (let map = 0; map < maps.shape[0]; map += 1) norms.push(Math.hypot(...planeOf(maps, map)));
  const numbers = [...norms.keys()].sort((first, second) => norms[second] - norms[first]);
  return numbers.slice(0, count);
}

/**
 * Projects one map of conv2 down to the pixels by the deconvnet of Zeiler and Fergus (2013,
 * section 2.1), as jaxdl/visualize/deconvnet.py does.
 *
 * @param net an unpacked net.
 * @param layers what `applyCnn` returned for an image.
 * @param {number} map
 * @returns {{shape: number[], values: Float64Array}} of (height, width).
 */
function projectMap(net, layers, map) {
  const signal = emptyMaps(...layers.conv2.shape);
  planeOf(signal, map).set(planeOf(layers.conv2, map));
  const atPool1 = convolveBack(signal, net.weights.conv2_weight);
  const atConv1 = unpool(atPool1, layers.pool1.switches, layers.conv1.shape);
  const atPixels = convolveBack(rectify(atConv1), net.weights.conv1_weight);
  return { shape: atPixels.shape.slice(1), values: atPixels.values };
}

/** The upper left corners of all square covers of an image, row after row. */
function coverCorners(imageSide, coverSide, stride) {
  const corners = [];
  for (let top = 0; top + coverSide <= imageSide; top += stride) {
    for (let left = 0; left + coverSide <= imageSide; left += stride) {
      corners.push({ top, left });
    }
  }
  return corners;
}

/**
 * What a CNN answers when a black square covers a part of the image.
 *
 * @param net an unpacked net.
 * @param inputs of (height, width).
 * @param {{top: number, left: number}} corner
 * @param {number} coverSide
 * @param {number} label the class whose probability is asked.
 * @returns {{answer: number, probability: number}}
 */
function answerUnderCover(net, inputs, corner, coverSide, label) {
  const width = inputs.shape[1];
  const values = inputs.values.slice();
  for (let row = corner.top; row < corner.top + coverSide; row += 1) {
    const start = row * width + corner.left;
    values.fill(blackInput(net.pixels), start, start + coverSide);
  }
  const { logits } = applyCnn(net, { shape: inputs.shape, values });
  return { answer: argmax(logits), probability: softmax(logits)[label] };
}

function rectify(maps) {
  return { shape: maps.shape, values: maps.values.map(positivePart) };
}

function positivePart(value) {
  return Math.max(0, value);
}

function emptyMaps(count, height, width) {
  return { shape: [count, height, width], values: new Float64Array(count * height * width) };
}

/** One of several maps: a view, not a copy. */
function planeOf(maps, map) {
  const size = maps.shape[1] * maps.shape[2];
  return maps.values.subarray(map * size, (map + 1) * size);
}
