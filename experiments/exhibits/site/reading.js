'use strict';

// The exhibit that reads a digit that is drawn.

function startReading(rowNet, cnn, samples) {}
