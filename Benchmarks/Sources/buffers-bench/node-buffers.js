// The same cases with Node's Buffer: ns of processor time per operation, including the garbage collector's threads, median of nine rounds. Run: node node-buffers.js
'use strict';

const rounds = 9;
const live = 64;

function median(body, count) {
  const figures = [];
  body(count);
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    body(count);
    const used = process.cpuUsage(start);
    figures.push((used.user + used.system) * 1000 / count);
  }
  return figures.sort((a, b) => a - b)[rounds >> 1].toFixed(1);
}

for (const size of [64, 256, 1024, 4096]) {
  const figure = median((count) => {
    for (let i = 0; i < count; i++) Buffer.allocUnsafe(size)[0] = 1;
  }, 200000);
  console.log(`| allocate + drop, ${size} B | ${figure} |`);
}
for (const size of [64, 1024, 4096]) {
  const slots = new Array(live).fill(null);
  const figure = median((count) => {
    for (let i = 0; i < count; i++) slots[i & (live - 1)] = Buffer.allocUnsafe(size);
  }, 200000);
  console.log(`| the same among ${live} live ones, ${size} B | ${figure} |`);
}
