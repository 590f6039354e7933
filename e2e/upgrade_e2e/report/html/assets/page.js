// The page: theme, links into the timeline, and the start of it all.

const ROOM = 0.4; // of the window: steps that need more scroll out of sight

const byId = (id) => document.getElementById(id);

function listenToTheme(repaint) {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = byId("theme");
  const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const settle = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
    repaint();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    settle();
  });
  dark.addEventListener("change", settle);
  settle();
}

// Whatever has data-from and data-to opens that stretch of the timeline.
function listenToLinks(scene) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-from]");
    if (!link) return;
    scene.view.show(Number(link.dataset.from), Number(link.dataset.to));
    const { outage } = link.dataset;
    scene.choose(scene.facts.outages.find(({ id }) => id === outage));
    reveal(scene);
    scene.box.focus({ preventScroll: true });
  });
}

// Scrolls to the timeline, and on to the observer of the chosen outage where it is further down.
function reveal(scene) {
  byId("timeline").scrollIntoView({ block: "start" });
  const { frame, chosen, canvases } = scene;
  const row = chosen && frame.body.rows.find(({ observer }) => observer.name === chosen.observer);
  if (!row) return;
  const pinned = [canvases.head, canvases.steps]
    .filter((canvas) => getComputedStyle(canvas).position === "sticky")
    .reduce((sum, canvas) => sum + canvas.offsetHeight, 0);
  const top = canvases.body.getBoundingClientRect().top + row.y;
  if (top + 160 > innerHeight) scrollBy(0, top - pinned - 4);
}

function makeScene(facts) {
  const box = byId("canvases");
  const said = byId("said");
  const view = new View(...facts.span);
  view.show(...facts.opening);
  const scene = { facts, view, box, hover: { x: -1 }, tip: new Tip(byId("tip")) };
  scene.apart = countStreams(facts) <= MANY;
  scene.canvases = { head: byId("head"), steps: byId("steps-drawn"), body: byId("body") };
  scene.cursor = new Cursor(scene);
  scene.said = 0;
  scene.say = (text) => {
    scene.said++;
    said.textContent = text;
  };
  let due = 0;
  scene.draw = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      paint(scene);
    });
  };
  scene.repaint = () => {
    const families = facts.families;
    scene.colours = readColours(document.documentElement, families);
    scene.frame = layOut(facts, box.clientWidth, scene.apart);
    const head = overviewHeight(facts) + AXIS_PX;
    box.style.setProperty("--head", `${head}px`);
    box.classList.toggle("roomy", head + scene.frame.steps.height < innerHeight * ROOM);
    scene.draw();
  };
  scene.choose = (outage) => {
    for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
    scene.chosen = outage;
    if (outage) {
      view.show(...outage.zoom);
      byId(outage.id)?.classList.add("chosen");
      scene.say(spoken(outageFacts(scene, outage)));
    }
    scene.draw();
  };
  scene.letGo = () => {
    scene.cursor.clear();
    scene.tip.hide();
    scene.choose(null);
  };
  scene.look = (sample) => look(scene, sample);
  view.watchers.push(scene.draw);
  return scene;
}

function paint(scene) {
  paintHead(scene);
  paintPanel(scene, "steps");
  paintPanel(scene, "body");
  byId("shown").textContent = shownText(scene.view);
}

// Puts the cursor on a sample, shows its facts next to it and announces them.
function look(scene, sample) {
  scene.cursor.put(sample);
  scene.draw();
  const found = sampleFacts(scene, sample);
  const row = rowOf(scene.frame, sample.stream);
  const box = scene.canvases.body.getBoundingClientRect();
  const x = box.left + new Scale(scene.view, scene.frame).x(scene.cursor.time);
  scene.tip.show(found, scene.colours, x, box.top + row.y + scene.frame.label);
  scene.say(spoken(found));
}

async function fill(scene) {
  const bytes = await inflate(byId("samples").textContent);
  for (const observer of scene.facts.observers) {
    observer.streams = observer.streams.map((packed) => unpackStream(bytes, packed, scene.facts));
    observer.streams.forEach(raisePyramid);
    observer.latencies = latencyScale(observer.streams);
  }
}

// Facts and samples stand below this script.
function wholePage() {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
}

async function start() {
  listenToFold();
  await wholePage();
  const facts = JSON.parse(byId("facts").textContent);
  const scene = makeScene(facts);
  listenToTheme(scene.repaint);
  listenToCopying(scene.say);
  await fill(scene);
  scene.repaint();
  new ResizeObserver(scene.repaint).observe(scene.box);
  listenToWheel(scene, scene.box);
  new Drag(scene, scene.canvases.steps, panelGestures(scene, "steps"));
  new Drag(scene, scene.canvases.body, panelGestures(scene, "body"));
  new Drag(scene, scene.canvases.head, headGestures(scene));
  scene.box.addEventListener("pointerleave", () => {
    Object.assign(scene.hover, { x: -1, band: null, span: null, sample: null });
    scene.tip.hide();
    scene.draw();
  });
  scene.canvases.body.addEventListener("dblclick", (event) => {
    const x = event.clientX - scene.canvases.body.getBoundingClientRect().left;
    if (x >= scene.frame.left) scene.view.zoom(0.125, new Scale(scene.view, scene.frame).time(x));
  });
  listenToButtons(scene);
  listenToKeys(scene, scene.box);
  listenToAddress(scene);
  listenToLinks(scene);
  paint(scene);
  window.report = scene;
  performance.mark("ready");
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  byId("broken").hidden = false;
  byId("broken").textContent = `The timeline cannot be drawn: ${error.message}. The tables are complete.`;
  throw error;
});
