// The cursor: one sample that is looked at, moved by keys; and the places where something failed.

const TOGETHER_S = 1; // failures that are closer than this are one place

class Cursor {
  constructor(scene) {
    this.scene = scene;
    this.sample = null;
    this.places = [];
  }

  get streams() {
    return this.scene.facts.observers.flatMap((observer) =>
      observer.streams.filter((stream) => stream.count).map((stream) => ({ observer, stream })),
    );
  }

  put(sample) {
    this.sample = sample;
  }

  clear() {
    this.sample = null;
  }

  // The sample nearest to the middle of the view, in the first stream or the one at hand.
  begin() {
    if (this.sample || !this.streams.length) return;
    this.enter(this.streams[0], (this.scene.view.from + this.scene.view.to) / 2);
  }

  enter({ observer, stream }, time) {
    this.put({ observer, stream, index: nearest(stream, time) });
  }

  step(by) {
    this.begin();
    if (!this.sample) return;
    const { observer, stream, index } = this.sample;
    const next = Math.min(Math.max(index + by, 0), stream.count - 1);
    this.put({ observer, stream, index: next });
    this.follow();
  }

  // To the next stream above or below, at the same moment.
  change(by) {
    this.begin();
    if (!this.sample) return;
    const place = this.streams.findIndex(({ stream }) => stream === this.sample.stream);
    const next = Math.min(Math.max(place + by, 0), this.streams.length - 1);
    this.enter(this.streams[next], this.time);
    this.follow();
  }

  get time() {
    return this.sample.stream.at[this.sample.index] / 1e6;
  }

  follow() {
    const { view } = this.scene;
    if (this.time < view.from || this.time > view.to) view.reach(this.time, view.length);
  }

  // To the next place (or the one before) where something failed; false when there is none.
  jump(forward) {
    const { view } = this.scene;
    const now = this.sample ? this.time : forward ? view.from - 1 : view.to + 1;
    const ahead = forward
      ? this.places.find((place) => place.from > now + 1e-6)
      : this.places.findLast((place) => place.from < now - 1e-6);
    if (!ahead) return false;
    this.put(ahead.sample);
    const margin = Math.max(0.05, (ahead.to - ahead.from) * 0.6);
    view.show(ahead.from - margin, ahead.to + margin);
    return true;
  }

  // Failures of all streams, gathered where they lie close together.
  gather() {
    const found = [];
    for (const { observer, stream } of this.streams) {
      for (let index = 0; index < stream.count; index++) {
        if (stream.family[index] > DOES_NOT_COUNT) {
          found.push({ time: stream.at[index] / 1e6, sample: { observer, stream, index } });
        }
      }
    }
    found.sort((one, other) => one.time - other.time);
    this.places = [];
    for (const { time, sample } of found) {
      const last = this.places.at(-1);
      if (last && time - last.to < TOGETHER_S) last.to = time;
      else this.places.push({ from: time, to: time, sample });
    }
  }
}

function nearest(stream, time) {
  const at = lowerBound(stream.at, time * 1e6);
  if (at === 0) return 0;
  if (at === stream.count) return at - 1;
  return stream.at[at] - time * 1e6 < time * 1e6 - stream.at[at - 1] ? at : at - 1;
}
