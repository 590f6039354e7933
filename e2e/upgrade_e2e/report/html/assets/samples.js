// Samples: from base64 in the page to typed arrays, one set a stream. See pack.py for the format.

const EXACT = 255;
const DOES_NOT_COUNT = 1;

async function inflate(base64) {
  const bytes = fromBase64(base64);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// Numbers may need 53 bits, so they are put together by multiplication.
function varints(bytes, [offset, length], into) {
  let at = offset;
  for (let i = 0; at < offset + length; i++) {
    let value = bytes[at] & 127;
    for (let scale = 128; bytes[at++] > 127; scale *= 128) value += (bytes[at] & 127) * scale;
    into[i] = value;
  }
  return into;
}

function times(bytes, column, count) {
  const at = varints(bytes, column, new Float64Array(count));
  let step = 0;
  let time = 0;
  for (let i = 0; i < count; i++) {
    const turn = at[i] % 2 ? -(at[i] + 1) / 2 : at[i] / 2;
    step = i < 2 ? turn : step + turn;
    time += step;
    at[i] = time;
  }
  return at;
}

// Levels are logarithmic: level n stands for 2^(n / stepsPerOctave) - 1 microseconds.
function values(levels, exact, first, stepsPerOctave) {
  const scale = new Float64Array(EXACT);
  for (let i = 0; i < EXACT; i++) scale[i] = Math.round(2 ** ((i + first) / stepsPerOctave) - 1);
  const found = new Uint32Array(levels.length);
  for (let i = 0, next = 0; i < levels.length; i++) {
    found[i] = levels[i] === EXACT ? exact[next++] : scale[levels[i]];
  }
  return found;
}

function unpackStream(bytes, packed, facts) {
  const { columns, count, first } = packed;
  const raw = (name) => bytes.subarray(columns[name][0], columns[name][0] + columns[name][1]);
  const spread = (name) => {
    const exact = varints(bytes, columns[`${name}_exact`], new Float64Array(count));
    return values(raw(name), exact, first[name], facts.steps_per_octave || 1);
  };
  const outcome = raw("outcome");
  const doubt = raw("doubt");
  const family = new Uint8Array(count);
  const families = facts.outcomes.map((known) => known.family);
  for (let i = 0; i < count; i++) {
    family[i] = doubt[i] ? DOES_NOT_COUNT : families[outcome[i]] ?? families.at(-1);
  }
  return {
    ...packed,
    at: times(bytes, columns.intended, count),
    outcome,
    doubt,
    family,
    code: varints(bytes, columns.code, new Uint16Array(count)),
    backend: varints(bytes, columns.backend, new Uint16Array(count)),
    late: spread("lateness"),
    lateLevel: raw("lateness"),
    latency: spread("latency"),
    latencyLevel: raw("latency"),
    blind: windows(packed.blind_us),
  };
}

// Start and length in turn, each start counted from the end before it.
function windows(steps) {
  const edges = new Float64Array(steps.length);
  let time = 0;
  for (let i = 0; i < steps.length; i++) edges[i] = (time += steps[i]) / 1e6;
  return edges;
}

// Where in a sorted column the first entry stands that is not below `value`.
function lowerBound(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
