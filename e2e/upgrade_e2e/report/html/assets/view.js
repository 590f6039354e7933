// The view: which stretch of the pass is shown. Times are seconds since the origin.

const SHORTEST_S = 0.001;

class View {
  constructor(first, last) {
    this.first = first;
    this.last = Math.max(last, first + SHORTEST_S);
    this.from = this.first;
    this.to = this.last;
    this.watchers = [];
  }

  get length() {
    return this.to - this.from;
  }

  get isWhole() {
    return this.from <= this.first && this.to >= this.last;
  }

  show(from, to) {
    const length = Math.min(Math.max(to - from, SHORTEST_S), this.last - this.first);
    const middle = (from + to) / 2;
    const start = Math.min(Math.max(middle - length / 2, this.first), this.last - length);
    if (start === this.from && start + length === this.to) return;
    this.from = start;
    this.to = start + length;
    for (const watcher of this.watchers) watcher();
  }

  whole() {
    this.show(this.first, this.last);
  }

  // The moment `anchor` stays where it is.
  zoom(factor, anchor = (this.from + this.to) / 2) {
    const from = Math.max(this.first, anchor - (anchor - this.from) * factor);
    const to = Math.min(this.last, anchor + (this.to - anchor) * factor);
    if (to - from >= SHORTEST_S) this.show(from, to);
    else this.show(anchor - SHORTEST_S / 2, anchor + SHORTEST_S / 2);
  }

  pan(seconds) {
    this.show(this.from + seconds, this.to + seconds);
  }

  // At least this much around a moment, without zooming in further than we are.
  reach(time, length) {
    if (this.length > length) this.show(time - length / 2, time + length / 2);
    else if (time < this.from || time > this.to) {
      this.show(time - this.length / 2, time + this.length / 2);
    }
  }
}
