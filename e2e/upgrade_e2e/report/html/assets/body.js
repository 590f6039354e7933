// The body of the timeline: steps by node, then each observer's outages, outcomes and latency.

const SINGLE_PX = 5; // from this distance on, samples are drawn one by one

function paintPanel(scene, name) {
  const { frame, colours, canvases, view } = scene;
  const panel = frame[name];
  const context = prepare(canvases[name], frame.width, panel.height);
  const scale = new Scale(view, frame);
  paintGuides(context, scene, scale, panel);
  const painters = {
    lane: paintLane,
    observer: paintObserver,
    outages: paintOutages,
    stream: paintStream,
  };
  for (const row of panel.rows) {
    context.save();
    painters[row.kind](context, scene, scale, row);
    context.restore();
  }
  if (name === "body") paintVeil(context, scene, scale);
  paintCrosshair(context, scene, panel);
}

function clipPlot(context, frame, row) {
  context.beginPath();
  context.rect(frame.left, row.y, frame.right - frame.left, row.height);
  context.clip();
}

// Where steps begin and end, as faint lines through everything; as bands the stretch that is
// pointed at, and the outage that was chosen.
function paintGuides(context, { facts, frame, colours, hover, chosen }, scale, panel) {
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.beginPath();
  for (const time of facts.lanes.flatMap(({ steps }) => steps.flatMap((s) => [s.start, s.end]))) {
    const x = Math.round(scale.x(time)) + 0.5;
    if (x >= frame.left && x <= frame.right) {
      context.moveTo(x, 0);
      context.lineTo(x, panel.height);
    }
  }
  context.stroke();
  if (hover.band) paintBand(context, frame, scale, panel, hover.band, colours.band);
  if (chosen) {
    const band = [chosen.start, chosen.start + Math.max(chosen.least, 0)];
    paintBand(context, frame, scale, panel, band, colours["fail-band"]);
  }
}

function paintBand(context, frame, scale, panel, [start, end], colour) {
  const from = Math.max(frame.left, scale.x(start));
  const to = Math.min(frame.right, Math.max(scale.x(end), scale.x(start) + 1));
  context.fillStyle = colour;
  if (to > from) context.fillRect(from, 0, to - from, panel.height);
}

function paintVeil(context, { facts, frame, colours }, scale) {
  const [start, end] = facts.watched;
  context.fillStyle = colours.veil;
  const from = Math.min(frame.right, Math.max(frame.left, scale.x(start)));
  const to = Math.min(frame.right, Math.max(frame.left, scale.x(end)));
  context.fillRect(frame.left, 0, from - frame.left, frame.body.height);
  context.fillRect(to, 0, frame.right - to, frame.body.height);
}

function paintLane(context, { frame, colours, hover }, scale, row) {
  const { lane } = row;
  if (row.again) {
    // the group's name stands at its first lane
  } else if (frame.narrow) {
    write(context, lane.group, frame.left, row.y + 7, { colour: colours.muted, font: SMALL });
  } else {
    const y = row.y + STEP_HEIGHT / 2;
    write(context, fit(context, lane.group, frame.left - 16, FONT), 8, y, { colour: colours.ink });
  }
  clipPlot(context, frame, row);
  const top = row.y + row.label;
  for (const step of lane.steps) {
    paintBar(context, step, scale, top, STEP_HEIGHT - 2, colours, "step", hover.span === step);
  }
  for (const phase of lane.phases) {
    const hot = hover.span === phase;
    paintBar(context, phase, scale, top + STEP_HEIGHT, PHASE_HEIGHT - 2, colours, "phase", hot);
  }
}

function paintBar(context, span, scale, y, height, colours, tone, hot) {
  const from = Math.max(scale.left - 2, scale.x(span.start));
  const to = Math.min(scale.left + scale.width + 2, scale.x(span.end));
  if (to < scale.left || from > scale.left + scale.width) return;
  const width = Math.max(1.5, to - from - 1);
  context.fillStyle = span.error ? colours.fail : colours[tone];
  context.fillRect(from, y, width, height);
  if (hot) {
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    context.strokeRect(from + 1, y + 1, Math.max(1, width - 2), height - 2);
  }
  if (width < 26) return;
  const name = tone === "phase" ? span.kind : span.kind || span.name;
  const said = fit(context, span.error ? `✗ ${name}` : name, width - 8);
  const colour = span.error ? colours.card : colours[`${tone}-ink`];
  write(context, said, from + 4, y + height / 2 + 0.5, { colour, font: SMALL });
}

function paintObserver(context, { frame, colours }, scale, row) {
  const y = row.y + 20;
  context.fillStyle = colours.line;
  if (row !== frame.body.rows[0]) context.fillRect(0, row.y + 6, frame.width, 1);
  const { observer } = row;
  write(context, observer.name, 8, y, { colour: colours.ink, font: `600 ${FONT}` });
  const x = frame.narrow ? 8 + context.measureText(observer.name).width + 10 : frame.left;
  const said = fit(context, observer.summary ?? "", frame.right - x);
  write(context, said, x, y, { colour: colours.muted, font: SMALL });
}

// Solid: failed for certain. Thin, from the last good answer before to the first one after: at most.
function paintOutages(context, { frame, colours, hover, chosen }, scale, row) {
  if (!frame.narrow) {
    write(context, "outages", frame.left - 8, row.y + 8, {
      colour: colours.muted,
      font: SMALL,
      align: "right",
    });
  }
  clipPlot(context, frame, row);
  context.fillStyle = colours.fail;
  for (const outage of row.outages) {
    const from = scale.x(outage.before ?? outage.start);
    const to = scale.x(outage.after ?? outage.start + outage.least);
    context.fillRect(from, row.y + 7, Math.max(1, to - from), 2);
    const x = scale.x(outage.start);
    const width = Math.max(3, scale.x(outage.start + outage.least) - x);
    context.fillRect(x - 0.5, row.y + 3, width, 10);
    if (hover.outage === outage || chosen === outage) {
      context.strokeStyle = colours.accent;
      context.lineWidth = 2;
      context.strokeRect(x - 2.5, row.y + 1, width + 4, 14);
    }
  }
}

function paintCrosshair(context, { frame, hover, cursor, view, colours }, panel) {
  const scale = new Scale(view, frame);
  context.strokeStyle = colours.accent;
  context.lineWidth = 1;
  if (hover.x >= frame.left && hover.x <= frame.right) {
    context.beginPath();
    context.moveTo(Math.round(hover.x) + 0.5, 0);
    context.lineTo(Math.round(hover.x) + 0.5, panel.height);
    context.stroke();
  }
  for (const mark of [hover.sample, cursor.sample]) {
    const row = mark && panel === frame.body && rowOf(frame, mark.stream);
    if (!row) continue;
    const x = scale.x(mark.stream.at[mark.index] / 1e6);
    if (x < frame.left || x > frame.right) continue;
    context.lineWidth = 2;
    context.strokeRect(x - 4, row.y + frame.label - 2, 8, STRIP_HEIGHT + 4);
  }
}
