// Ink: colours of the theme in force, and the few shapes that everything is drawn with.

const FONT = "12px system-ui, sans-serif";
const SMALL = "11px system-ui, sans-serif";
const TINY = "9.5px system-ui, sans-serif";
const COLOURS = [
  "card", "ink", "muted", "line", "accent", "fail", "step", "step-ink", "phase", "phase-ink",
  "grid", "veil", "hatch", "band", "fail-band", "brush", "late",
];

function readColours(element, families) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const found = Object.fromEntries(COLOURS.map((name) => [name, colour(name)]));
  found.families = families.map((name) => colour(`outcome-${name.replaceAll(" ", "-")}`));
  return found;
}

// Sets the canvas to its size on the screen, sharp on dense ones; drawing is in CSS pixels.
function prepare(canvas, width, height) {
  const density = Math.min(window.devicePixelRatio || 1, 2, 16000 / height);
  const [wide, high] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function write(context, text, x, y, { colour, font = FONT, align = "left" }) {
  context.fillStyle = colour;
  context.font = font;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.fillText(text, x, y);
}

// As much of the text as fits, or nothing.
function fit(context, text, width, font = SMALL) {
  context.font = font;
  if (context.measureText(text).width <= width) return text;
  for (let length = text.length - 1; length > 2; length--) {
    const shorter = `${text.slice(0, length)}…`;
    if (context.measureText(shorter).width <= width) return shorter;
  }
  return "";
}

let hatchTile = null;

function hatching(context, colour) {
  if (hatchTile?.colour !== colour) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const ink = tile.getContext("2d");
    ink.strokeStyle = colour;
    ink.lineWidth = 1.4;
    ink.beginPath();
    for (const shift of [-6, 0, 6]) {
      ink.moveTo(shift - 1, 7);
      ink.lineTo(shift + 7, -1);
    }
    ink.stroke();
    hatchTile = { colour, tile };
  }
  return context.createPattern(hatchTile.tile, "repeat");
}

// Ticks at 1, 2 or 5 times a power of ten, about `wanted` of them.
function ticks(from, to, wanted) {
  const rough = (to - from) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let n = Math.ceil(from / step - 1e-9); n * step <= to; n++) {
    found.push({ time: n * step, text: `${(n * step).toFixed(decimals)} s` });
  }
  return found;
}
