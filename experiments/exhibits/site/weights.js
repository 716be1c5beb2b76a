'use strict';

// Weights come as base64 of little-endian single precision numbers.

const BASE64_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The bytes of a base64 text. */
function decodeBase64(text) {
  const digits = text.replace(/=+$/, '');
  const bytes = new Uint8Array(Math.floor((digits.length * 6) / 8));
  let buffer = 0;
  let bits = 0;
  let place = 0;
  for (const digit of digits) {
    buffer = (buffer << 6) | BASE64_DIGITS.indexOf(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[place] = (buffer >> bits) & 255;
      place += 1;
      buffer &= (1 << bits) - 1;
    }
  }
  return bytes;
}

/**
 * An array of the page's data as numbers in double precision.
 *
 * @param {{shape: number[], float32: string}} packed
 * @returns {{shape: number[], values: Float64Array}} row after row.
 */
function unpackArray(packed) {
  const bytes = decodeBase64(packed.float32);
  const view = new DataView(bytes.buffer);
  const values = new Float64Array(bytes.length / 4);
  for (let place = 0; place < values.length; place += 1) {
    values[place] = view.getFloat32(4 * place, true);
  }
  return { shape: packed.shape, values };
}

/** A net of the page's data with all its arrays unpacked. */
function unpackNet(packed) {
  const weights = {};
  for (const [name, array] of Object.entries(packed.weights)) {
    weights[name] = unpackArray(array);
  }
  return { ...packed, weights };
}
