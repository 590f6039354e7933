// A strip of outcomes above, latency on a logarithmic scale below: of one stream, or of all streams
// of an observer together.

function paintStream(context, scene, scale, row) {
  const { frame, colours } = scene;
  paintStreamLabel(context, scene, row);
  clipPlot(context, frame, row);
  const box = {
    strip: row.y + frame.label,
    top: row.y + frame.label + STRIP_HEIGHT + 2,
    height: frame.plot,
  };
  for (const stream of row.streams) paintBlind(context, stream, scale, box, colours);
  paintDecades(context, row.observer.latencies, scale, box, colours);
  if (!row.streams.every((stream) => stream.at)) return;
  if (!areApart(row.streams, scale)) {
    paintTogether(context, scene, scale, row, box);
    return;
  }
  for (const stream of bySeverity(row.streams, scale)) {
    paintSingly(context, scene, scale, stream, row.observer, box);
  }
}

// Whether the samples are far enough from one another on the screen to be drawn one by one.
function areApart(streams, scale) {
  return streams.every((stream) => apart(stream, scale) >= SINGLE_PX);
}

// The streams with the worst outcomes last, so that they are drawn over the others.
function bySeverity(streams, scale) {
  if (streams.length === 1) return streams;
  const worst = (stream) => {
    const [from, to] = [scale.view.from, scale.view.to].map((time) => lowerBound(stream.at, time * 1e6));
    return summarise(stream, from, to).worst;
  };
  return streams.map((stream) => [worst(stream), stream])
    .sort(([one], [other]) => one - other)
    .map(([, stream]) => stream);
}

// The mean distance of this stream's samples on the screen, in pixels.
function apart(stream, scale) {
  const { from, to } = scale.view;
  const shown = lowerBound(stream.at, to * 1e6) - lowerBound(stream.at, from * 1e6);
  return scale.width / Math.max(1, shown);
}

function paintStreamLabel(context, { frame, colours }, row) {
  const y = row.y + frame.label;
  if (frame.narrow) {
    write(context, row.label, frame.left, row.y + 7, { colour: colours.ink, font: SMALL });
    return;
  }
  const said = fit(context, row.label, frame.left - 20, SMALL);
  write(context, said, 8, y + STRIP_HEIGHT / 2 + 1, { colour: colours.ink, font: SMALL });
  const base = y + STRIP_HEIGHT + 2;
  const { decades, height } = row.observer.latencies ?? { decades: [] };
  let free = Infinity;
  for (const latency of decades) {
    const at = base + frame.plot * (1 - height(latency));
    if (free - at < 10) continue;
    free = at;
    write(context, decade(latency), frame.left - 8, at, {
      colour: colours.muted,
      font: TINY,
      align: "right",
    });
  }
}

// 1, 10, 100, ... microseconds.
function decade(latency) {
  return duration(latency / 1e6);
}

function paintDecades(context, latencies, scale, box, colours) {
  context.fillStyle = colours.grid;
  for (const latency of latencies?.decades ?? []) {
    const y = Math.round(box.top + box.height * (1 - latencies.height(latency)));
    context.fillRect(scale.left, y, scale.width, 1);
  }
}

function paintBlind(context, stream, scale, box, colours) {
  const { blind } = stream;
  if (!blind?.length) return;
  context.fillStyle = hatching(context, colours.hatch);
  const high = box.top + box.height - box.strip;
  let done = -Infinity;
  for (let i = lowerBound(blind, scale.view.from) & ~1; i < blind.length; i += 2) {
    const from = Math.max(scale.left, scale.x(blind[i]), done);
    const to = Math.max(scale.x(blind[i + 1]), from + 1);
    if (from > scale.left + scale.width) break;
    context.fillRect(from, box.strip, to - from, high);
    done = to;
  }
}

// Many samples a pixel: the worst outcome of each, the range of latencies and their mean.
function paintTogether(context, { colours }, scale, row, box) {
  const { streams, observer } = row;
  const tops = [];
  const failures = [];
  const index = streams.map((stream) => lowerBound(stream.at, scale.view.from * 1e6));
  for (let x = 0; x < scale.width; x++) {
    const sum = emptySum();
    streams.forEach((stream, place) => {
      const next = lowerBound(stream.at, scale.time(scale.left + x + 1) * 1e6);
      if (next > index[place]) addStretch(sum, stream, index[place], next);
      index[place] = next;
    });
    if (sum.answered) tops.push({ x: scale.left + x, sum });
    if (sum.worst) failures.push({ x: scale.left + x, sum });
  }
  paintRange(context, tops, observer.latencies, box, colours);
  context.fillStyle = colours.families[0];
  for (const { x } of tops) context.fillRect(x, box.strip + STRIP_HEIGHT - 5, 1.2, 4);
  for (const { x, sum } of failures) {
    const share = sum.failed / Math.max(1, sum.failed + sum.answered);
    const height = sum.worst > DOES_NOT_COUNT ? 8 + Math.round((STRIP_HEIGHT - 8) * share) : 6;
    context.fillStyle = colours.families[sum.worst];
    context.fillRect(x - 0.5, box.strip + STRIP_HEIGHT - height, 2, height);
    const waited = box.top + box.height * (1 - observer.latencies.height(sum.waited));
    if (sum.failed) context.fillRect(x - 0.5, Math.min(waited, box.top + box.height - 2), 2, 2);
  }
}

function paintRange(context, tops, latencies, box, colours) {
  const y = (latency) => box.top + box.height * (1 - latencies.height(latency));
  context.fillStyle = colours.families[0];
  context.globalAlpha = 0.45;
  for (const { x, sum } of tops) {
    const high = y(sum.high);
    context.fillRect(x, high, 1, Math.max(1, y(sum.low) - high));
  }
  context.globalAlpha = 1;
  context.strokeStyle = colours.step;
  context.lineWidth = 1.2;
  context.beginPath();
  let before = -2;
  for (const { x, sum } of tops) {
    const mean = y(Math.exp(sum.logs / sum.answered) - 1);
    if (x - before > 12) context.moveTo(x, mean);
    context.lineTo(x + 0.5, mean);
    before = x;
  }
  context.stroke();
}

// Each sample: a block in the strip, and a bar from its intended time to its end at its latency.
function paintSingly(context, { colours }, scale, stream, observer, box) {
  const { from, to } = scale.view;
  const longest = Math.max(stream.timeout_s, stream.interval_s) * 1e6;
  const step = Math.max(3, Math.min(40, (stream.interval_s / scale.view.length) * scale.width - 1));
  const first = lowerBound(stream.at, from * 1e6 - longest);
  const last = lowerBound(stream.at, to * 1e6);
  for (let i = first; i < last; i++) {
    const family = stream.family[i];
    const x = scale.x(stream.at[i] / 1e6);
    context.fillStyle = colours.families[family];
    const height = family > DOES_NOT_COUNT ? STRIP_HEIGHT - 1 : family ? 7 : 4;
    const base = box.strip + STRIP_HEIGHT - 1;
    context.fillRect(x - 0.5, base - height, stream.interval_s ? step : 3, height);
    paintWait(context, stream, i, scale, box, observer.latencies, colours);
  }
}

function paintWait(context, stream, index, scale, box, latencies, colours) {
  const start = scale.x(stream.at[index] / 1e6);
  const sent = scale.x((stream.at[index] + stream.late[index]) / 1e6);
  const end = scale.x((stream.at[index] + stream.latency[index]) / 1e6);
  const y = box.top + box.height * (1 - latencies.height(stream.latency[index]));
  const family = stream.family[index];
  context.fillStyle = colours.late;
  context.fillRect(start, y - 1, Math.max(0, Math.min(sent, end) - start), 2);
  context.fillStyle = family ? colours.families[family] : colours.step;
  context.fillRect(sent, y - 1, Math.max(0.5, end - sent), 2);
  context.beginPath();
  context.arc(start, y, 2.5, 0, 7);
  context.fill();
}
