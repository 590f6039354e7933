// The pointer: what lies under it, and what dragging, turning and pinching do to the view.

const REACH_PX = 14;
const CLICK_PX = 4;
const PAUSE_MS = 350;

function under(scene, panel, x, y) {
  const { frame, view } = scene;
  const row = frame[panel].rows.find((other) => y >= other.y && y < other.y + other.height);
  if (!row || x < frame.left || x > frame.right) return {};
  const scale = new Scale(view, frame);
  if (row.kind === "lane") return { span: spanUnder(row, scale, x, y) };
  if (row.kind === "outages") return { outage: outageUnder(row, scale, x) };
  if (row.kind === "stream" && row.streams.every((stream) => stream.at)) {
    return { sample: sampleUnder(row, scale, x), row };
  }
  return {};
}

function spanUnder({ lane, label, y: top }, scale, x, y) {
  const inPhases = y > top + label + STEP_HEIGHT;
  const spans = inPhases ? lane.phases : lane.steps;
  const near = (span) => scale.x(span.start) - 2 <= x && x <= scale.x(span.end) + 2;
  return spans.filter(near).sort((a, b) => a.end - a.start - (b.end - b.start))[0];
}

function outageUnder({ outages }, scale, x) {
  const distance = (outage) => {
    const from = scale.x(outage.start);
    return Math.max(from - x, x - Math.max(from + 3, scale.x(outage.start + outage.least)), 0);
  };
  const close = outages.filter((outage) => distance(outage) < 6);
  return close.sort((a, b) => distance(a) - distance(b) || a.least - b.least)[0];
}

// The sample that the pixel shows: the most severe where it stands for many, then the nearest.
function sampleUnder({ observer, streams }, scale, x) {
  const found = streams
    .map((stream) => sampleOf(observer, stream, scale, x))
    .filter((sample) => sample !== undefined);
  const family = ({ stream, index }) => stream.family[index];
  const away = ({ stream, index }) => Math.abs(scale.x(stream.at[index] / 1e6) - x);
  return found.sort((a, b) => family(b) - family(a) || away(a) - away(b))[0];
}

function sampleOf(observer, stream, scale, x) {
  if (!stream.count) return undefined;
  let index = nearest(stream, scale.time(x));
  if (apart(stream, scale) < SINGLE_PX) {
    const from = lowerBound(stream.at, scale.time(x - 2) * 1e6);
    const to = lowerBound(stream.at, scale.time(x + 2) * 1e6);
    for (let i = from; i < to; i++) if (stream.family[i] > stream.family[index]) index = i;
  }
  const away = Math.abs(scale.x(stream.at[index] / 1e6) - x);
  const reach = Math.max(REACH_PX, (stream.interval_s / scale.view.length) * scale.width);
  return away <= reach ? { observer, stream, index } : undefined;
}

// Turning the wheel zooms, but a page that is being scrolled goes on scrolling over the timeline.
function listenToWheel(scene, element) {
  let scrolled = -Infinity;
  let zoomed = -Infinity;
  addEventListener("wheel", (event) => {
    if (!element.contains(event.target)) scrolled = event.timeStamp;
  }, { passive: true });
  element.addEventListener("wheel", (event) => {
    const { frame, view } = scene;
    const x = event.clientX - element.getBoundingClientRect().left;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      view.pan((sideways / 600) * view.length);
      return;
    }
    const scrolling = event.timeStamp - scrolled < PAUSE_MS && event.timeStamp - zoomed > PAUSE_MS;
    const idle = view.isWhole && event.deltaY > 0 && event.timeStamp - zoomed > PAUSE_MS;
    if (!event.ctrlKey && (scrolling || idle || x < frame.left)) {
      scrolled = event.timeStamp;
      return;
    }
    event.preventDefault();
    zoomed = event.timeStamp;
    const turn = Math.min(Math.max(event.deltaY, -240), 240);
    const anchor = new Scale(view, frame).time(Math.min(Math.max(x, frame.left), frame.right));
    view.zoom(Math.exp(turn / 240), anchor);
  }, { passive: false });
}

class Drag {
  constructor(scene, element, act) {
    this.scene = scene;
    this.element = element;
    this.act = act;
    this.down = new Map();
    element.addEventListener("pointerdown", (event) => this.press(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      element.addEventListener(kind, (event) => this.release(event));
    }
  }

  point(event) {
    const box = this.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top, px: event.clientX,
      py: event.clientY };
  }

  press(event) {
    if (event.button !== 0) return;
    const at = this.point(event);
    this.down.set(event.pointerId, at);
    this.element.setPointerCapture(event.pointerId);
    this.start = { ...at, from: this.scene.view.from, to: this.scene.view.to, moved: false };
    this.start.mode = this.act.mode(at, event);
    this.pinch = this.down.size === 2 ? this.measure() : null;
  }

  move(event) {
    const at = this.point(event);
    if (!this.down.has(event.pointerId)) {
      if (event.pointerType !== "touch") this.act.hover(at);
      return;
    }
    this.down.set(event.pointerId, at);
    if (this.pinch) {
      this.spread();
      return;
    }
    if (Math.abs(at.x - this.start.x) > CLICK_PX) this.start.moved = true;
    if (this.start.moved) this.act.drag(this.start, at);
  }

  release(event) {
    if (!this.down.delete(event.pointerId)) return;
    const pinched = this.pinch;
    this.pinch = null;
    if (event.type === "pointercancel" || pinched) this.act.cancel();
    else if (this.start.moved) this.act.drop(this.start, this.point(event));
    else this.act.click(this.point(event));
  }

  measure() {
    const [one, other] = [...this.down.values()];
    const scale = new Scale(this.scene.view, this.scene.frame);
    return { left: scale.time(Math.min(one.x, other.x)), right: scale.time(Math.max(one.x, other.x)) };
  }

  // The moments under both fingers stay under them.
  spread() {
    const [one, other] = [...this.down.values()];
    const { left, width } = new Scale(this.scene.view, this.scene.frame);
    const [low, high] = [Math.min(one.x, other.x) - left, Math.max(one.x, other.x) - left];
    if (high - low < 10) return;
    const perPixel = (this.pinch.right - this.pinch.left) / (high - low);
    const from = this.pinch.left - low * perPixel;
    this.scene.view.show(from, from + width * perPixel);
  }
}
