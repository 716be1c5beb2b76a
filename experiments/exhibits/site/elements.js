'use strict';

// How the exhibits make parts of the page.

const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

/** The element with an id. */
function byId(id) {
  return document.getElementById(id);
}

/**
 * A new HTML element.
 *
 * @param {string} tag
 * @param {Object<string, string>} attributes
 * @param {...(Node|string)} children
 */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A new SVG element; the arguments are those of `element`. */
function svgElement(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG_NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/**
 * A row of bars with their name, one for each value from -1 to 1.
 *
 * @param {string} name
 * @param {ArrayLike<number>} values values beyond 1 fill their bar.
 */
function barRow(name, values) {
  const numbers = Array.from(values);
  const spoken = numbers.map((value) => value.toFixed(2)).join(', ');
  const bars = element('span', { class: 'bars', role: 'img', 'aria-label': `${name}: ${spoken}` });
  for (const value of numbers) {
    const share = Math.min(1, Math.abs(value)) * 50;
    const fill = element('span', { class: value < 0 ? 'fill negative' : 'fill' });
    fill.style.height = `${share}%`;
    fill.style.bottom = value < 0 ? `${50 - share}%` : '50%';
    bars.append(element('span', { class: 'bar', title: value.toFixed(3) }, fill));
  }
  return element('div', { class: 'bar-row' }, element('span', { class: 'bar-name' }, name), bars);
}

/**
 * Ten bars, one for each digit, as high as its probability. The most likely one stands out.
 *
 * @param {number[]} probabilities
 */
function digitBars(probabilities) {
  const likeliest = argmax(probabilities);
  const percent = asPercent(probabilities[likeliest]);
  const strip = element('span', {
    class: 'digit-bars',
    role: 'img',
    'aria-label': `most likely ${likeliest}, ${percent}`,
  });
  probabilities.forEach((probability, digit) => {
    const fill = element('span', { class: digit === likeliest ? 'fill likeliest' : 'fill' });
    fill.style.height = `${100 * probability}%`;
    const title = `${digit}: ${(100 * probability).toFixed(1)} %`;
    strip.append(element('span', { class: 'digit-bar', title }, fill));
  });
  return strip;
}

/** A probability in words: '97 %', and '99.9 %' at most, since no net is certain. */
function asPercent(probability) {
  const percent = 100 * probability;
  if (percent < 99) return `${Math.round(percent)} %`;
  return `${Math.min(99.9, Math.floor(10 * percent) / 10)} %`;
}
