// Facts: what is said about a sample, an outage or a step, as pairs of a name and a value.

// A length of time, by the rule of format.py.
function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "-";
  return (seconds < 0 ? "-" : "") + written(Math.abs(seconds));
}

function written(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 1e-6) return "< 0.001 ms";
  if (seconds < 0.9995) return `${digits(seconds * 1e3)} ms`;
  if (seconds < 59.95) return `${digits(seconds)} s`;
  if (seconds < 3599.5) return joined(Math.floor(seconds + 0.5), "min", "s");
  return joined(Math.floor(seconds / 60 + 0.5), "h", "min");
}

function digits(number) {
  return Number((number * (1 + 1e-12)).toPrecision(3));
}

function joined(count, unit, smaller) {
  const rest = count % 60;
  return `${Math.floor(count / 60)} ${unit}` + (rest ? ` ${rest} ${smaller}` : "");
}

// A time on the timeline, as in the tables.
function moment(seconds) {
  return `${seconds.toFixed(2)} s`;
}

function wallClock(facts, time) {
  return new Date((facts.origin_unix_s + time) * 1e3).toISOString().replace("T", " ");
}

function bounds(outage) {
  if (outage.most === null) return `${duration(outage.least)} or more (an end was not seen)`;
  return `${duration(outage.least)} to ${duration(outage.most)}`;
}

// The innermost steps that were running at a moment.
function stepsAt(facts, time) {
  const during = (span) => span.start <= time && time <= span.end;
  const found = facts.lanes.flatMap((lane) => {
    const phases = lane.phases.filter(during);
    return phases.length ? phases : lane.steps.filter(during);
  });
  return found.map((span) => span.name).join(" and ") || "no step";
}

// Marks what is approximate: only good answers, on time and not slow, are.
function microseconds(value, level) {
  return (level === EXACT ? "" : "≈ ") + duration(value / 1e6);
}

function sampleFacts(scene, { observer, stream, index }) {
  const { facts } = scene;
  const time = stream.at[index] / 1e6;
  const outcome = facts.outcomes[stream.outcome[index]] ?? facts.outcomes.at(-1);
  const censored = outcome.label === "timeout" ? "≥ " : "";
  const pairs = [
    ["outcome", outcome.label],
    ["latency", censored + microseconds(stream.latency[index], stream.latencyLevel[index])],
    ["lateness", microseconds(stream.late[index], stream.lateLevel[index])],
    ["intended", `${time.toFixed(6)} s`],
    ["", `${wallClock(facts, time)}`],
    ["observer", observer.name],
    ["stream", stream.name],
    ["node", stream.node],
    ["target", stream.target],
    ["connection", stream.connection],
    ["code", stream.code[index] || "none"],
    ["backend", observer.backends[stream.backend[index]] || "not named"],
    ["during", stepsAt(facts, time)],
  ];
  const why = notCounted(facts, stream, index, time);
  if (why) pairs.push(["not counted", why]);
  return { title: `${observer.name} ${stream.label}`, family: stream.family[index], pairs };
}

function notCounted(facts, stream, index, time) {
  if (stream.doubt[index]) return facts.doubts[stream.doubt[index]];
  if (time < facts.watched[0] || time > facts.watched[1]) return "it was sent outside the watched window";
  if (stream.family[index] === DOES_NOT_COUNT) return "it was never sent";
  return "";
}

function outageFacts(scene, outage) {
  const outcomes = Object.entries(outage.outcomes).map(([label, count]) => `${count} ${label}`);
  const pairs = [
    ["lasted", bounds(outage)],
    ["began", moment(outage.start)],
    ["", wallClock(scene.facts, outage.start)],
    ["outcomes", outcomes.join(", ")],
    ["failing", `${Number((outage.share * 100).toPrecision(3))}% of the probes at worst`],
    ["during", outage.told],
    ["target", outage.target],
    ["from", outage.nodes.join(", ")],
  ];
  if (outage.backends.length) pairs.push(["backend", outage.backends.join(", ")]);
  for (const claim of outage.claims) pairs.push(["claim", claim]);
  return { title: `Outage seen by ${outage.observer}`, family: -1, pairs };
}

function spanFacts(scene, span) {
  const pairs = [
    ["took", duration(span.end - span.start)],
    ["began", moment(span.start)],
    ["", wallClock(scene.facts, span.start)],
  ];
  if (span.node) pairs.push(["node", span.node]);
  if (span.hop) pairs.push(["hop", span.hop.replace("->", " → ")]);
  if (span.error) pairs.push(["failed", span.error]);
  return { title: span.name, family: -1, pairs };
}

function blindAt(stream, time) {
  const at = lowerBound(stream.blind, time);
  return at % 2 === 1;
}

// The box with the facts, next to a point of the page and always inside the window.
class Tip {
  constructor(element) {
    this.element = element;
  }

  show({ title, family, pairs }, colours, x, y) {
    const heading = document.createElement("strong");
    heading.textContent = title;
    const list = document.createElement("dl");
    for (const [name, value] of pairs) {
      list.append(node("dt", name), node("dd", value));
    }
    this.element.replaceChildren(heading, list);
    this.element.style.borderLeftColor = family >= 0 ? colours.families[family] : colours.accent;
    this.element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = x + 18 + width < innerWidth ? x + 18 : Math.max(6, x - 18 - width);
    const top = Math.max(6, Math.min(y + 14, innerHeight - height - 6));
    this.element.style.left = `${left}px`;
    this.element.style.top = `${top}px`;
  }

  hide() {
    this.element.hidden = true;
  }
}

function node(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function spoken({ title, pairs }) {
  return [title, ...pairs.map(([name, value]) => `${name} ${value}`)].join(", ");
}
