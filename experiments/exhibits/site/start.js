'use strict';

// The page's data, and the start of its three exhibits.

function start() {
  const exhibits = JSON.parse(byId('exhibits').textContent);
  startAdding(exhibits.adders.map(unpackNet));
  startReading(unpackNet(exhibits.rows), unpackNet(exhibits.cnn), exhibits.samples);
  startRecalling(unpackNet(exhibits.recall));
}

start();
