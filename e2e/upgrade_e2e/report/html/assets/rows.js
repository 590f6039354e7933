// Rows: what is drawn where, from top to bottom, on the panel of steps and on that of observers.

const STEP_HEIGHT = 20;
const PHASE_HEIGHT = 16;
const STRIP_HEIGHT = 14;
const NARROW_PX = 720;
const MANY = 16; // streams: from more on, an observer's are drawn as one strip unless asked for

function layOut(facts, width, apart) {
  const narrow = width < NARROW_PX;
  const streams = countStreams(facts);
  const frame = {
    width,
    narrow,
    left: narrow ? 8 : 184,
    right: width - (narrow ? 8 : 14),
    label: narrow ? 15 : 0,
    plot: apart && streams > MANY ? 22 : 38,
  };
  return { ...frame, steps: stack(stepRows(facts, frame)), body: stack(bodyRows(facts, frame, apart)) };
}

function stack(rows) {
  let y = 4;
  for (const row of rows) {
    row.y = y;
    y += row.height;
  }
  return { rows, height: y + 4 };
}

function stepRows(facts, frame) {
  return facts.lanes.map((lane, place) => {
    const again = facts.lanes[place - 1]?.group === lane.group;
    const label = again ? 0 : frame.label;
    const phases = lane.phases.length ? PHASE_HEIGHT : 0;
    return { kind: "lane", lane, again, label, height: label + STEP_HEIGHT + phases + 5 };
  });
}

function countStreams(facts) {
  return facts.observers.reduce((sum, observer) => sum + observer.streams.length, 0);
}

function bodyRows(facts, frame, apart) {
  return facts.observers.flatMap((observer) => {
    const rows = [{ kind: "observer", observer, height: 32 }];
    const outages = facts.outages.filter((outage) => outage.observer === observer.name);
    if (outages.length) rows.push({ kind: "outages", observer, outages, height: 18 });
    const height = frame.label + STRIP_HEIGHT + frame.plot + 8;
    const { streams } = observer;
    if (!apart && streams.length > 1) {
      const label = `all ${streams.length} streams`;
      rows.push({ kind: "stream", observer, streams, label, height });
      return rows;
    }
    for (const stream of streams) {
      const { label } = stream;
      rows.push({ kind: "stream", observer, stream, streams: [stream], label, height });
    }
    return rows;
  });
}

function rowOf(frame, stream) {
  return frame.body.rows.find(({ streams }) => streams?.includes(stream));
}

class Scale {
  constructor(view, frame) {
    this.view = view;
    this.left = frame.left;
    this.width = frame.right - frame.left;
  }

  x(time) {
    return this.left + ((time - this.view.from) / this.view.length) * this.width;
  }

  time(x) {
    return this.view.from + ((x - this.left) / this.width) * this.view.length;
  }
}

// Latencies of one observer share a logarithmic scale, in microseconds.
function latencyScale(streams) {
  let low = Infinity;
  let high = 1;
  for (const stream of streams) {
    for (let i = 0; i < stream.latency.length; i++) {
      const latency = stream.latency[i];
      if (latency > high) high = latency;
      if (latency < low && stream.family[i] === 0) low = latency;
    }
  }
  const bottom = Math.log10(Math.max(1, Math.min(low, high)) * 0.8);
  const top = Math.max(Math.log10(high * 1.15), bottom + 1);
  return {
    // 0 at the bottom of the plot, 1 at its top
    height: (latency) => {
      const share = (Math.log10(Math.max(1, latency)) - bottom) / (top - bottom);
      return Math.min(1, Math.max(0, share));
    },
    decades: Array.from({ length: 8 }, (_, power) => 10 ** power).filter(
      (value) => Math.log10(value) > bottom && Math.log10(value) < top,
    ),
  };
}
