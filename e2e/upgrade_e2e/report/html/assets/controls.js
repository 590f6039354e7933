// Controls: buttons, keys and the address of the page, which remembers what is shown.

function listenToButtons(scene) {
  const { view, cursor } = scene;
  const actions = {
    whole: () => view.whole(),
    in: () => view.zoom(0.4, cursorTime(scene)),
    out: () => view.zoom(2.5, cursorTime(scene)),
    left: () => view.pan(-view.length / 2),
    right: () => view.pan(view.length / 2),
    before: () => visit(scene, false),
    next: () => visit(scene, true),
  };
  listenToStreams(scene);
  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => actions[button.dataset.do]());
  }
  const lengths = document.getElementById("lengths");
  lengths.addEventListener("change", () => {
    const length = Number(lengths.value);
    const middle = cursorTime(scene) ?? (view.from + view.to) / 2;
    if (lengths.value === "watched") view.show(...scene.facts.opening);
    else view.show(middle - length / 2, middle + length / 2);
    lengths.value = "";
  });
  cursor.gather();
}

// One strip for all streams of an observer, or one for each.
function listenToStreams(scene) {
  const button = document.getElementById("streams-apart");
  const settle = () => button.setAttribute("aria-pressed", String(scene.apart));
  button.addEventListener("click", () => {
    scene.apart = !scene.apart;
    settle();
    scene.repaint();
  });
  settle();
}

function cursorTime({ view, cursor }) {
  if (!cursor.sample || cursor.time < view.from || cursor.time > view.to) return undefined;
  return cursor.time;
}

function visit(scene, forward) {
  if (scene.cursor.jump(forward)) scene.look(scene.cursor.sample);
  else scene.say(forward ? "No later failure." : "No earlier failure.");
}

function listenToKeys(scene, element) {
  const { view, cursor } = scene;
  const look = (move) => () => {
    move();
    if (cursor.sample) scene.look(cursor.sample);
  };
  const keys = {
    "+": () => view.zoom(0.5, cursorTime(scene)),
    "=": () => view.zoom(0.5, cursorTime(scene)),
    "-": () => view.zoom(2, cursorTime(scene)),
    ArrowLeft: () => view.pan(-view.length / 5),
    ArrowRight: () => view.pan(view.length / 5),
    ArrowUp: look(() => cursor.change(-1)),
    ArrowDown: look(() => cursor.change(1)),
    ",": look(() => cursor.step(-1)),
    ".": look(() => cursor.step(1)),
    Home: () => view.whole(),
    n: () => visit(scene, true),
    p: () => visit(scene, false),
    Escape: () => scene.letGo(),
  };
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}

// report.html#t=512.31,512.34 opens at that stretch.
function listenToAddress(scene) {
  const { view } = scene;
  const read = () => {
    const found = /^#t=(-?[\d.]+),(-?[\d.]+)$/.exec(location.hash);
    if (found) view.show(Number(found[1]), Number(found[2]));
  };
  let due = 0;
  view.watchers.push(() => {
    clearTimeout(due);
    const { said } = scene;
    due = setTimeout(() => {
      const shown = `#t=${view.from.toFixed(6)},${view.to.toFixed(6)}`;
      remember(shown);
      const quiet = scene.said === said;
      if (quiet && scene.box.contains(document.activeElement)) {
        scene.say(`Showing ${shownText(view)}`);
      }
    }, 300);
  });
  addEventListener("hashchange", read);
  // A link that is followed meanwhile wins.
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[href]")) clearTimeout(due);
  });
  read();
}

// Some viewers of artifacts show the page without an address of its own.
function remember(address) {
  try {
    history.replaceState(null, "", address);
  } catch (error) {
    if (error.name !== "SecurityError") throw error;
  }
}

function shownText(view) {
  const text = (time) => exactTime(time, view.length);
  return `${text(view.from)} to ${text(view.to)} (${duration(view.length)})`;
}
