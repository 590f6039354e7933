// The head of the timeline: the whole pass in small with what is shown of it, and the time axis.

const ROW_PX = 6;
const AXIS_PX = 24;

function overviewHeight(facts) {
  return 8 + Math.max(1, facts.observers.length) * ROW_PX + 6;
}

function paintHead(scene) {
  const { facts, frame, colours, view, canvases } = scene;
  const high = overviewHeight(facts);
  const context = prepare(canvases.head, frame.width, high + AXIS_PX);
  const whole = new Scale({ from: view.first, length: view.last - view.first }, frame);
  paintOverview(context, scene, whole, high);
  paintAxis(context, scene, high);
  if (!frame.narrow) {
    write(context, "whole pass", 8, high / 2, { colour: colours.muted, font: SMALL });
    write(context, "shown below", 8, high + AXIS_PX / 2, { colour: colours.muted, font: SMALL });
  }
}

function paintOverview(context, { facts, colours, view }, whole, high) {
  context.fillStyle = colours.grid;
  context.fillRect(whole.left, 2, whole.width, high - 4);
  const [start, end] = facts.watched;
  context.fillStyle = colours.card;
  context.fillRect(whole.x(start), 2, whole.x(end) - whole.x(start), high - 4);
  const [from, to] = [whole.x(view.from), whole.x(view.to)];
  context.fillStyle = colours.brush;
  context.fillRect(whole.left, 2, from - whole.left, high - 4);
  context.fillRect(to, 2, whole.left + whole.width - to, high - 4);
  facts.observers.forEach((observer, place) => {
    const y = 7 + place * ROW_PX;
    for (const stream of observer.streams) {
      if (stream.at) paintFailures(context, stream, whole, y, colours);
    }
  });
  context.strokeStyle = colours.accent;
  context.lineWidth = 1.5;
  context.strokeRect(from - 0.75, 1.75, Math.max(2.5, to - from + 1.5), high - 3.5);
}

function paintFailures(context, stream, whole, y, colours) {
  let index = lowerBound(stream.at, whole.time(whole.left) * 1e6);
  for (let x = 0; x < whole.width; x++) {
    const next = lowerBound(stream.at, whole.time(whole.left + x + 1) * 1e6);
    if (next > index) {
      const { worst } = summarise(stream, index, next);
      if (worst > DOES_NOT_COUNT) {
        context.fillStyle = colours.families[worst];
        context.fillRect(whole.left + x - 0.5, y, 2, ROW_PX - 1);
      }
    }
    index = next;
  }
}

function paintAxis(context, { view, frame, colours, hover }, top) {
  const scale = new Scale(view, frame);
  context.strokeStyle = colours.line;
  context.beginPath();
  context.moveTo(frame.left, top + AXIS_PX - 0.5);
  context.lineTo(frame.right, top + AXIS_PX - 0.5);
  for (const tick of ticks(view.from, view.to, scale.width / 96)) {
    const x = Math.round(scale.x(tick.time)) + 0.5;
    context.moveTo(x, top + AXIS_PX - 6);
    context.lineTo(x, top + AXIS_PX);
    const room = context.measureText(tick.text).width / 2;
    const at = Math.min(Math.max(x, frame.left + room), frame.right - room);
    write(context, tick.text, at, top + 10, { colour: colours.muted, font: SMALL, align: "center" });
  }
  context.stroke();
  if (hover.x >= frame.left && hover.x <= frame.right) {
    const text = exactTime(scale.time(hover.x), view.length);
    context.font = SMALL;
    const half = context.measureText(text).width / 2 + 5;
    const at = Math.min(Math.max(hover.x, frame.left + half), frame.right - half);
    context.fillStyle = colours.accent;
    context.fillRect(at - half, top + 2, half * 2, 16);
    write(context, text, at, top + 10, { colour: colours.card, font: SMALL, align: "center" });
  }
}

// A moment as fine as the view can tell it.
function exactTime(time, length) {
  const decimals = Math.min(6, Math.max(1, Math.ceil(3 - Math.log10(length))));
  return `${time.toFixed(decimals)} s`;
}
