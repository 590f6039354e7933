// What pointing at, dragging and clicking the canvases does.

function panelGestures(scene, panel) {
  const { view, hover, tip } = scene;
  const time = (x) => new Scale(view, scene.frame).time(x);
  return {
    mode: (at, event) => (event.shiftKey ? "select" : "pan"),
    hover: (at) => {
      const found = under(scene, panel, at.x, at.y);
      Object.assign(hover, { x: at.x, span: found.span, outage: found.outage, band: null });
      hover.sample = found.sample;
      if (found.span) hover.band = [found.span.start, found.span.end];
      const facts = tell(scene, found, time(at.x));
      if (facts) tip.show(facts, scene.colours, at.px, at.py);
      else tip.hide();
      scene.draw();
    },
    drag: (start, at) => {
      tip.hide();
      if (start.mode === "select") {
        hover.band = [time(start.x), time(at.x)].sort((a, b) => a - b);
        scene.draw();
      } else {
        const perPixel = (start.to - start.from) / (scene.frame.right - scene.frame.left);
        view.show(start.from - (at.x - start.x) * perPixel, start.to - (at.x - start.x) * perPixel);
      }
    },
    drop: (start, at) => {
      hover.band = null;
      if (start.mode === "select") view.show(...[time(start.x), time(at.x)].sort((a, b) => a - b));
      scene.draw();
    },
    cancel: () => {
      hover.band = null;
      scene.draw();
    },
    click: (at) => {
      const found = under(scene, panel, at.x, at.y);
      if (found.outage) scene.choose(found.outage);
      else if (found.span) view.show(...padded(found.span.start, found.span.end));
      else if (found.sample) scene.look(found.sample);
      else scene.letGo();
    },
  };
}

function tell(scene, found, time) {
  if (found.outage) return outageFacts(scene, found.outage);
  if (found.span) return spanFacts(scene, found.span);
  if (found.sample) return sampleFacts(scene, found.sample);
  if (!found.row) return null;
  const { label, streams } = found.row;
  const blind = streams.filter((stream) => blindAt(stream, time));
  const whose = streams.length > 1 ? ` (${blind.map((stream) => stream.label).join(", ")})` : "";
  const seen = blind.length ? `the prober was blind here${whose}` : "no sample here";
  return { title: label, family: -1, pairs: [["", seen]] };
}

// On the overview a drag moves what is shown or selects a new range; on the axis it selects what to zoom to.
function headGestures(scene) {
  const { view, hover } = scene;
  const whole = () => new Scale({ from: view.first, length: view.last - view.first }, scene.frame);
  const shown = () => new Scale(view, scene.frame);
  const picked = (start, at) => {
    const scale = start.mode === "axis" ? start.scale : whole();
    return [scale.time(start.x), scale.time(at.x)].sort((a, b) => a - b);
  };
  return {
    mode: (at) => {
      if (at.y > overviewHeight(scene.facts)) return "axis";
      const [from, to] = [whole().x(view.from), whole().x(view.to)];
      return !view.isWhole && at.x >= from - 6 && at.x <= to + 6 ? "slide" : "pick";
    },
    hover: (at) => {
      hover.x = at.y > overviewHeight(scene.facts) ? at.x : -1;
      scene.tip.hide();
      scene.draw();
    },
    drag: (start, at) => {
      if (start.mode === "slide") {
        const moved = whole().time(at.x) - whole().time(start.x);
        view.show(start.from + moved, start.to + moved);
        return;
      }
      start.scale ??= shown();
      if (start.mode === "axis") hover.band = picked(start, at);
      else view.show(...picked(start, at));
      scene.draw();
    },
    drop: (start, at) => {
      hover.band = null;
      if (start.mode === "axis") view.show(...picked(start, at));
      scene.draw();
    },
    cancel: () => {
      hover.band = null;
    },
    click: (at) => {
      const onAxis = at.y > overviewHeight(scene.facts);
      const time = (onAxis ? shown() : whole()).time(at.x);
      view.show(time - view.length / 2, time + view.length / 2);
    },
  };
}

function padded(from, to) {
  const margin = (to - from) * 0.06 + 0.002;
  return [from - margin, to + margin];
}
