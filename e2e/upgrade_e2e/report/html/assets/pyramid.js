// Pyramids: what a stretch of a stream amounts to, without a look at each of its samples.

const BLOCK = 64;

function raisePyramid(stream) {
  const blocks = Math.ceil(stream.at.length / BLOCK);
  const pyramid = {
    failed: new Uint8Array(blocks),
    doubtful: new Uint8Array(blocks),
    worst: new Uint8Array(blocks),
    low: new Float64Array(blocks),
    high: new Float64Array(blocks),
    logs: new Float64Array(blocks),
    answered: new Uint8Array(blocks),
    waited: new Float64Array(blocks),
  };
  for (let block = 0; block < blocks; block++) {
    const sum = emptySum();
    addSamples(sum, stream, block * BLOCK, Math.min(stream.at.length, (block + 1) * BLOCK));
    for (const key of Object.keys(pyramid)) pyramid[key][block] = sum[key];
  }
  stream.pyramid = pyramid;
}

function emptySum() {
  return { failed: 0, doubtful: 0, worst: 0, low: Infinity, high: 0, logs: 0, answered: 0, waited: 0 };
}

// Latency is that of good answers only: a refusal in 1 ms is not a fast answer. How long failures
// took is kept apart, as `waited`.
function addSamples(sum, stream, from, to) {
  for (let i = from; i < to; i++) {
    const family = stream.family[i];
    if (family > sum.worst) sum.worst = family;
    if (family === 0) {
      const latency = stream.latency[i];
      if (latency < sum.low) sum.low = latency;
      if (latency > sum.high) sum.high = latency;
      sum.logs += Math.log(latency + 1);
      sum.answered++;
    } else if (family === DOES_NOT_COUNT) {
      sum.doubtful++;
    } else {
      sum.failed++;
      if (stream.latency[i] > sum.waited) sum.waited = stream.latency[i];
    }
  }
}

function addBlocks(sum, pyramid, from, to) {
  for (let block = from; block < to; block++) {
    if (pyramid.worst[block] > sum.worst) sum.worst = pyramid.worst[block];
    if (pyramid.low[block] < sum.low) sum.low = pyramid.low[block];
    if (pyramid.high[block] > sum.high) sum.high = pyramid.high[block];
    if (pyramid.waited[block] > sum.waited) sum.waited = pyramid.waited[block];
    sum.logs += pyramid.logs[block];
    sum.answered += pyramid.answered[block];
    sum.doubtful += pyramid.doubtful[block];
    sum.failed += pyramid.failed[block];
  }
}

// The samples [from, to) in sum: blocks where they are whole, samples at both ends.
function summarise(stream, from, to) {
  const sum = emptySum();
  addStretch(sum, stream, from, to);
  return sum;
}

function addStretch(sum, stream, from, to) {
  const first = Math.ceil(from / BLOCK);
  const last = Math.floor(to / BLOCK);
  if (first >= last) {
    addSamples(sum, stream, from, to);
  } else {
    addSamples(sum, stream, from, first * BLOCK);
    addBlocks(sum, stream.pyramid, first, last);
    addSamples(sum, stream, last * BLOCK, to);
  }
}
