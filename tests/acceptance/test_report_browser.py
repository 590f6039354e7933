"""report.html as a person meets it, in a real headless Chromium."""

from __future__ import annotations

import dataclasses
import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser import DEADLINE_MS, Tab
from tests.lengths import LENGTHS
from tests.synthetic import PASS_S, Shape, make_run, write_run
from upgrade_e2e.report import load_timeline, save_record, save_samples
from upgrade_e2e.report.html import save_html
from upgrade_e2e.timeline import Connection, Outcome, SamplesBuilder, Stream, Window

SHAPE = Shape(60, 20)
MEGABYTE = 1_000_000
expect.set_options(timeout=DEADLINE_MS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pass of a minute with its report."""
    made = tmp_path_factory.mktemp("pass")
    write_run(made, dataclasses.replace(SHAPE, simulated=True))
    save_html(made)
    return made


@pytest.fixture
def tab(opened, folder):
    """The report of the short pass at 1280 pixels, showing all of it."""
    opened_tab = opened(folder)
    opened_tab.page.evaluate("report.view.whole()")
    opened_tab.settle()
    return opened_tab


def test_lengths_are_written_as_in_every_other_text(browser):
    script = resources.files("upgrade_e2e.report.html").joinpath("assets/facts.js").read_text()
    page = browser.new_page()
    shown = page.evaluate(
        f"(lengths) => {{ {script}; return lengths.map(duration); }}",
        [seconds for seconds, _ in LENGTHS],
    )
    page.close()
    assert shown == [words for _, words in LENGTHS]


def failed_sample(folder: Path, observer: str, outcome: Outcome):
    """The stream, and the columns of the first sample with this outcome."""
    samples = load_timeline(folder).samples[observer]
    place = int(np.flatnonzero(samples.outcome == outcome)[0])
    stream = samples.streams[samples.stream[place]]
    return stream, samples, place


def tip(tab: Tab) -> dict[str, str]:
    """The facts in the box beside the pointer."""
    box = tab.page.locator("#tip")
    expect(box).to_be_visible()
    names = box.locator("dt").all_inner_texts()
    return dict(zip(names, box.locator("dd").all_inner_texts(), strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_without_a_complaint_and_asks_nobody(opened, folder, scheme, width):
    tab = opened(folder, color_scheme=scheme, viewport={"width": width, "height": 844})
    tab.show(10.0, 20.0)
    tab.page.get_by_role("button", name="failure ▶").click()
    tab.settle()
    assert tab.complaints == []
    assert tab.requests == [(folder / "report.html").as_uri(), "data:,"][: len(tab.requests)]
    expect(tab.page.locator("#broken")).to_be_hidden()
    expect(tab.page.locator(".simulated")).to_contain_text("SIMULATED")
    overflow = tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0


LONG_NAMES = (
    "test_every_component_is_at_the_target",
    "test_lookups_stay_fast_while_coredns_is_replaced_on_every_node_of_the_cluster",
)

LONG_TARGET = "kubernetes.default.svc.cluster.local."


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A pass with more scenarios than fit a window, long names, and long sentences."""
    made = tmp_path_factory.mktemp("crowded")
    run, timeline = make_run(SHAPE)
    image = f"registry.example.com/{'deep/' * 20}agent@sha256:{'0123456789abcdef' * 4}"
    scenarios = [
        dataclasses.replace(
            scenario, name=f"{name}_{number}", explanation=f"{scenario.explanation}\n{image}"
        )
        for number in range(6)
        for scenario, name in zip(run.scenarios, LONG_NAMES * 2, strict=True)
    ]
    spans = [dataclasses.replace(span, error=f"{span.name} failed. " * 9) for span in run.spans]
    observers = [
        dataclasses.replace(
            seen,
            outages=tuple(
                dataclasses.replace(outage, target=LONG_TARGET) for outage in seen.outages
            ),
        )
        for seen in run.observers
    ]
    run = dataclasses.replace(run, scenarios=tuple(scenarios), spans=tuple(spans))
    save_record(dataclasses.replace(run, observers=tuple(observers)), made)
    save_samples(timeline.samples, made)
    save_html(made, made)
    return made


def unfold(tab: Tab) -> None:
    """Show all that the page has."""
    tab.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    tab.page.locator(".fold button").click()
    tab.settle()


@pytest.mark.parametrize("width", [1280, 800, 400])
def test_no_part_of_the_page_scrolls_up_and_down_by_itself(opened, crowded, width):
    tab = opened(crowded, viewport={"width": width, "height": 900})
    unfold(tab)
    inside = tab.page.evaluate(
        """() => [...document.body.querySelectorAll("*")]
          .filter((one) => /auto|scroll/.test(getComputedStyle(one).overflowY))
          .filter((one) => one.scrollHeight > one.clientHeight)
          .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert inside == []
    assert tab.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("width", [1280, 800, 400])
@pytest.mark.parametrize("table", [".scenarios", ".outages", ".steps"])
def test_what_is_read_first_needs_no_scrolling_sideways(opened, crowded, table, width):
    tab = opened(crowded, viewport={"width": width, "height": 900})
    unfold(tab)
    beyond = tab.page.evaluate(
        """(table) => {
          const room = document.querySelector(table).closest("section").getBoundingClientRect();
          return [...document.querySelectorAll(`${table}, ${table} *`)]
            .filter((one) => one.getBoundingClientRect().right > room.right)
            .map((one) => one.outerHTML.slice(0, 120));
        }""",
        table,
    )
    assert beyond == []


@pytest.mark.parametrize("width", [1280, 800, 400])
def test_a_long_name_is_not_broken_inside_a_word(opened, crowded, width):
    tab = opened(crowded, viewport={"width": width, "height": 900})
    unfold(tab)
    broken = tab.page.evaluate(
        """() => {
          const found = [];
          const cells = ".scenarios td.name, .reason, .outages td";
          for (const cell of document.querySelectorAll(cells)) {
            const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
            for (let text = walker.nextNode(); text; text = walker.nextNode()) {
              for (const word of text.data.matchAll(/[A-Za-z0-9]+/g)) {
                const range = document.createRange();
                range.setStart(text, word.index);
                range.setEnd(text, word.index + word[0].length);
                const lines = new Set([...range.getClientRects()].map((box) => box.top));
                if (lines.size !== 1) found.push(word[0]);
              }
            }
          }
          return found;
        }"""
    )
    assert broken == []
    names = tab.page.locator(".scenarios td.name")
    assert {name.rstrip("_0123456789") for name in names.all_inner_texts()} == set(LONG_NAMES)
    lines = names.evaluate_all(
        """(cells) => cells.map((cell) => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          return new Set([...range.getClientRects()].map((box) => box.top)).size;
        })"""
    )
    assert max(lines) <= 3
    assert width > 400 or max(lines) > 1


def test_the_browser_reads_back_every_sample(tab, folder):
    for name, samples in load_timeline(folder).samples.items():
        for stream in samples.streams:
            wanted = samples.of_stream(stream.name)
            got = tab.page.evaluate(
                """([observer, name]) => {
                  const { streams } = report.facts.observers.find((one) => one.name === observer);
                  const stream = streams.find((one) => one.name === name);
                  const plain = (key) => Array.from(stream[key]);
                  return Object.fromEntries(
                    ["at", "late", "latency", "outcome", "code", "backend"].map(
                      (key) => [key, plain(key)]));
                }""",
                [name, stream.name],
            )
            assert got["at"] == wanted.intended_us.tolist()
            assert got["late"] == wanted.lateness_us.tolist()
            assert got["latency"] == wanted.latency_us.tolist()
            assert got["outcome"] == wanted.outcome.tolist()
            assert got["code"] == wanted.code.tolist()
            assert got["backend"] == wanted.backend.tolist()


def test_the_wheel_zooms_from_the_whole_pass_to_10_ms_and_back(tab):
    whole = tab.view()
    tab.reveal()
    left, y = tab.point(whole[0])
    right, _ = tab.point(whole[1])
    x = round((left + right) / 2)
    time_s = whole[0] + (x - left) / (right - left) * (whole[1] - whole[0])
    tab.wheel(x, y, 12, -240)
    start, end = tab.view()
    assert end - start <= 0.010
    assert tab.point(time_s)[0] == pytest.approx(x, abs=2)
    tab.page.wait_for_timeout(400)
    tab.wheel(x, y, 14, 240)
    assert tab.view() == whole


def test_the_wheel_scrolls_the_page_where_there_is_nothing_to_zoom_out_of(tab):
    whole = tab.view()
    tab.reveal()
    before = tab.page.evaluate("scrollY")
    x, y = tab.point(31.0)
    tab.wheel(x, y + 60, 2, 240)
    tab.page.wait_for_function("before => scrollY > before", arg=before)
    assert tab.view() == whole


def test_dragging_moves_and_dragging_with_shift_picks(tab):
    tab.show(20.0, 30.0)
    x, y = tab.point(25.0, "web/new@e2e-worker")
    left, _ = tab.point(22.0, "web/new@e2e-worker")
    drag(tab, (x, y), (left, y))
    assert tab.view() == pytest.approx((23.0, 33.0), abs=0.05)
    x, y = tab.point(25.0, "web/new@e2e-worker")
    right, _ = tab.point(27.0, "web/new@e2e-worker")
    tab.page.keyboard.down("Shift")
    drag(tab, (x, y), (right, y))
    tab.page.keyboard.up("Shift")
    assert tab.view() == pytest.approx((25.0, 27.0), abs=0.05)


def test_dragging_on_the_axis_picks_what_is_shown(tab):
    tab.reveal()
    drag(tab, tab.point(12.0), tab.point(18.0))
    assert tab.view() == pytest.approx((12.0, 18.0), abs=0.2)


def drag(tab: Tab, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move in steps, let go."""
    tab.page.mouse.move(*start)
    tab.page.mouse.down()
    tab.page.mouse.move(*end, steps=6)
    tab.page.mouse.up()
    tab.settle()


def test_two_fingers_zoom(opened, folder):
    tab = opened(folder, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    tab.show(20.0, 30.0)
    x, y = tab.point(25.0, "web/new@e2e-worker")
    session = tab.page.context.new_cdp_session(tab.page)

    def touch(kind, distance):
        points = [{"x": x - distance, "y": y, "id": 0}, {"x": x + distance, "y": y, "id": 1}]
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else points},
        )

    touch("touchStart", 20)
    for distance in (30, 50, 80):
        touch("touchMove", distance)
    touch("touchEnd", 80)
    tab.settle()
    start, end = tab.view()
    assert end - start == pytest.approx(10.0 * 20 / 80, rel=0.1)
    assert start < 25.0 < end


def test_hovering_tells_the_facts_of_a_sample(tab, folder):
    stream, samples, place = failed_sample(folder, "web", Outcome.RESET)
    time_s = int(samples.intended_us[place]) / 1e6
    tab.show(time_s - 0.2, time_s + 0.2)
    tab.page.mouse.move(*tab.point(time_s, f"web/{stream.name}"))
    told = tip(tab)
    assert told["outcome"] == "reset"
    assert told["observer"] == "web"
    assert told["stream"] == stream.name
    assert told["node"] == stream.node
    assert told["target"] == stream.target
    assert told["connection"] == "reused"
    assert told["intended"] == f"{time_s:.6f} s"
    assert told["latency"].endswith((" ms", " µs"))
    assert "≈" not in told["latency"]
    assert told["lateness"].endswith((" ms", " µs"))
    assert told["backend"] == "not named"
    assert "drain worker" in told["during"]


def test_hovering_tells_code_and_backend_of_an_answer(tab, folder):
    samples = load_timeline(folder).samples["web"]
    place = int(np.flatnonzero(samples.outcome == Outcome.OK)[100])
    stream = samples.streams[samples.stream[place]]
    time_s = int(samples.intended_us[place]) / 1e6
    tab.show(time_s - 0.005, time_s + 0.005)
    tab.page.mouse.move(*tab.point(time_s, f"web/{stream.name}"))
    told = tip(tab)
    assert told["outcome"] == "ok"
    assert told["code"] == "200"
    assert told["backend"] == samples.backends[samples.backend[place]]


def test_hovering_a_step_tells_when_it_was(tab):
    tab.reveal()
    x, _ = tab.point(15.0)
    steps = tab.page.locator("#steps-drawn").bounding_box()
    lane = tab.page.evaluate(
        "report.frame.steps.rows.find((row) => row.lane.group === 'control-plane').y"
    )
    tab.page.mouse.move(x, steps["y"] + lane + 8)
    told = tip(tab)
    assert tab.page.locator("#tip strong").inner_text() == "kubeadm-apply control-plane"
    assert told["took"] == "18.5 s"
    assert told["hop"] == "v1.33.13 → v1.34.4"


def test_an_outage_row_opens_the_timeline_there_and_names_the_claim(tab, folder):
    outage = next(
        found
        for found in tab.page.evaluate("report.facts.outages")
        if any(claim.startswith("broke: ") for claim in found["claims"])
    )
    row = tab.page.locator(f"#{outage['id']}")
    expect(row).to_contain_text(outage["claims"][0])
    row.locator("button.zoom").click()
    tab.settle()
    start, end = tab.view()
    assert start < outage["start"] <= outage["start"] + outage["least"] < end
    assert end - start < 60
    expect(row).to_have_class("chosen")
    expect(tab.page.locator("#said")).to_contain_text("broke: ")
    expect(tab.page.locator("#canvases")).to_be_focused()
    row.locator("a").click()
    assert "#scenario-" in tab.page.url


def test_an_explanation_leads_to_its_outages(tab):
    tab.page.locator("#scenarios-table details summary").first.click()
    tab.page.locator("#scenarios-table pre button.zoom").first.click()
    tab.settle()
    start, end = tab.view()
    assert end - start < 30
    assert tab.page.evaluate("report.chosen.observer") in ("dns", "web")


def test_it_can_be_used_by_keys_alone(tab):
    tab.page.locator("#canvases").focus()
    whole = tab.view()
    said = tab.page.locator("#said")
    tab.page.keyboard.press("n")
    expect(said).to_contain_text("outcome 5xx")
    first = tab.view()
    assert first[1] - first[0] < whole[1] - whole[0]
    tab.page.keyboard.press("n")
    second = tab.view()
    assert second[0] > first[0]
    tab.page.keyboard.press("p")
    assert tab.view() == first
    tab.page.keyboard.press(".")
    expect(said).to_contain_text("intended")
    before = said.inner_text()
    tab.page.keyboard.press("ArrowDown")
    assert said.inner_text() != before
    tab.page.keyboard.press("+")
    assert tab.view()[1] - tab.view()[0] == pytest.approx((first[1] - first[0]) / 2)
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Home")
    assert tab.view() == whole
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("#tip")).to_be_hidden()


def test_buttons_have_names_and_zoom(tab):
    whole = tab.view()
    for name, share in (("Zoom in", 0.4), ("Zoom out", 1.0)):
        tab.page.get_by_role("button", name=name).click()
        start, end = tab.view()
        assert end - start == pytest.approx((whole[1] - whole[0]) * share)
    tab.page.get_by_label("Length shown").select_option("10 ms")
    assert tab.view()[1] - tab.view()[0] == pytest.approx(0.01)
    tab.page.get_by_label("Length shown").select_option("what was watched")
    start, end = tab.view()
    assert whole[0] < start < end <= whole[1]
    tab.page.get_by_role("button", name="Whole pass").click()
    assert tab.view() == whole
    expect(tab.page.get_by_role("application", name="Steps by node")).to_be_visible()


def test_the_address_remembers_what_is_shown(opened, tab, folder):
    tab.show(12.5, 12.75)
    tab.page.wait_for_url("**#t=12.500000,12.750000", timeout=DEADLINE_MS)
    again = opened(folder, "#t=12.5,12.75")
    assert again.view() == pytest.approx((12.5, 12.75))


def pixels(tab: Tab, canvas: str, *box: float) -> np.ndarray:
    """The colours of a part of a canvas (left, top, width, height): red, green, blue, alpha."""
    data = tab.page.evaluate(
        """([id, ...box]) => {
          const canvas = document.getElementById(id);
          const scale = canvas.width / canvas.clientWidth;
          const [x, y, w, h] = box.map((side) => Math.round(side * scale));
          return Array.from(canvas.getContext("2d").getImageData(x, y, w, h).data);
        }""",
        [canvas, *box],
    )
    return np.array(data, np.int64).reshape(-1, 4)


def has_colour(tab: Tab, found: np.ndarray, name: str) -> bool:
    """Whether a colour of the style sheet is among the pixels."""
    style = tab.page.evaluate(
        "name => getComputedStyle(document.documentElement).getPropertyValue(name)", name
    )
    wanted = [int(style.strip()[place : place + 2], 16) for place in (1, 3, 5)]
    return bool((np.abs(found[:, :3] - wanted).max(axis=1) <= 2).any())


def test_a_single_failure_in_a_long_pass_is_seen_at_once(opened, tmp_path):
    run, _ = make_run(Shape(PASS_S, 1))
    builder = SamplesBuilder()
    stream = Stream("new@n", "n", "t", 0.01, 2.0, Connection.NEW)
    index, count = builder.add_stream(stream), 60_000
    columns = {
        "intended_us": np.arange(count) * 10_000,
        "lateness_us": np.full(count, 100),
        "latency_us": np.full(count, 900),
        "outcome": np.where(np.arange(count) == 41_234, Outcome.REFUSED, Outcome.OK),
        "code": np.zeros(count),
        "backend": np.zeros(count),
    }
    builder.add_columns(index, columns)
    save_record(dataclasses.replace(run, scenarios=(), observers=()), tmp_path)
    save_samples({"only": builder.build()}, tmp_path)
    save_html(tmp_path)
    for scheme in ("light", "dark"):
        tab = opened(tmp_path, color_scheme=scheme)
        tab.page.get_by_role("button", name="Whole pass").click()
        tab.settle()
        x = tab.page.evaluate(
            """() => report.frame.left + 412.34 / report.view.length *
                     (report.frame.right - report.frame.left)"""
        )
        y = tab.page.evaluate("report.frame.body.rows.find((row) => row.stream).y")
        strip = pixels(tab, "body", x - 3, y, 6, 14)
        assert has_colour(tab, strip, "--outcome-refused")
        beside = pixels(tab, "body", x + 12, y, 6, 14)
        assert not has_colour(tab, beside, "--outcome-refused")
        assert has_colour(tab, pixels(tab, "head", x - 3, 0, 6, 30), "--outcome-refused")


def test_blind_windows_are_hatched(tab):
    name = "web/new@e2e-worker2"
    stream, observer = name.split("/")[1], "web"
    start, end = tab.page.evaluate(
        """([observer, name]) => {
          const { streams } = report.facts.observers.find((one) => one.name === observer);
          const { blind } = streams.find((one) => one.name === name);
          let widest = 0;
          for (let i = 0; i < blind.length; i += 2) {
            if (blind[i + 1] - blind[i] > blind[widest + 1] - blind[widest]) widest = i;
          }
          return [blind[widest], blind[widest + 1]];
        }""",
        [observer, stream],
    )
    tab.show(start, end)
    y = tab.page.evaluate(
        "name => report.frame.body.rows.find((row) => row.stream?.name === name).y", stream
    )
    hatched = pixels(tab, "body", 400, y + 20, 60, 14)
    tab.show(start - 10, start - 9)
    plain = pixels(tab, "body", 400, y + 20, 60, 14)
    assert (hatched[:, 3] > 60).mean() > (plain[:, 3] > 60).mean() + 0.1


def strips(tab: Tab) -> list[list[str]]:
    """The streams of each strip that is drawn."""
    return tab.page.evaluate(
        """() => report.frame.body.rows.filter((row) => row.streams)
                 .map((row) => row.streams.map((stream) => stream.name))"""
    )


def test_the_streams_of_an_observer_become_one_strip_and_lose_no_failure(tab, folder):
    timeline = load_timeline(folder)
    each = [[stream.name] for seen in timeline.samples.values() for stream in seen.streams]
    button = tab.page.get_by_role("button", name="Each stream")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert sorted(strips(tab)) == sorted(each)
    button.click()
    tab.settle()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert sorted(map(len, strips(tab))) == [1, 2, 2, 3, 6]
    stream, samples, place = failed_sample(folder, "web", Outcome.RESET)
    time_s = samples.intended_us[place] / 1e6
    for around_s in (0.05, 20.0):
        tab.show(time_s - around_s, time_s + around_s)
        x, y = tab.page.evaluate(
            """([time, name]) => {
              const row = report.frame.body.rows.find(({ streams, observer }) =>
                streams && observer.name === name);
              const box = report.canvases.body.getBoundingClientRect();
              scrollBy(0, box.top + row.y - innerHeight * 0.7);
              const { frame, view } = report;
              const share = (time - view.from) / view.length;
              return [box.left + frame.left + share * (frame.right - frame.left),
                      report.canvases.body.getBoundingClientRect().top + row.y + 9];
            }""",
            [time_s, "web"],
        )
        tab.page.mouse.move(x, y)
        told = tip(tab)
        assert told["outcome"] != "ok"
        if around_s < 1:
            assert told["outcome"] == "reset"
            assert told["stream"] == stream.name
    tab.page.locator("#canvases").focus()
    tab.page.keyboard.press("n")
    expect(tab.page.locator("#tip")).to_be_visible()
    assert tab.complaints == []


def test_a_pass_with_many_streams_opens_with_one_strip_an_observer(opened, tmp_path):
    run, _ = make_run(Shape(10, 2))
    builder = SamplesBuilder()
    for number in range(20):
        stream = Stream(f"new@n{number}", f"n{number}", "t", 0.5, 2.0, Connection.NEW)
        index = builder.add_stream(stream)
        columns = {
            "intended_us": np.arange(20) * 500_000,
            "lateness_us": np.full(20, 100),
            "latency_us": np.full(20, 900),
            "outcome": np.full(20, Outcome.OK),
            "code": np.zeros(20),
            "backend": np.zeros(20),
        }
        builder.add_columns(index, columns)
    save_record(dataclasses.replace(run, scenarios=(), observers=()), tmp_path)
    save_samples({"many": builder.build()}, tmp_path)
    save_html(tmp_path)
    tab = opened(tmp_path)
    assert [len(strip) for strip in strips(tab)] == [20]
    tab.page.get_by_role("button", name="Each stream").click()
    tab.settle()
    assert [len(strip) for strip in strips(tab)] == [1] * 20
    assert tab.complaints == []


def test_dark_and_light_follow_the_system_and_the_switch(opened, folder):
    tab = opened(folder, color_scheme="light")

    def look():
        tab.settle()
        page = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(json.loads(f"[{page[4:-1]}]")), pixels(tab, "body", 200, 0, 300, 300)

    light, drawn_light = look()
    tab.page.emulate_media(color_scheme="dark")
    dark, drawn_dark = look()
    assert light > 600
    assert dark < 150
    assert not np.array_equal(drawn_light, drawn_dark)
    tab.page.get_by_role("button", name="Switch to the light theme").click()
    back, drawn_back = look()
    assert back == light
    assert np.array_equal(drawn_back, drawn_light)


def test_tables_are_copied_as_tsv_with_bare_numbers(opened, folder):
    tab = opened(folder, permissions=["clipboard-read", "clipboard-write"])
    tab.page.locator("[data-copy='observers-table']").click()
    expect(tab.page.locator("#said")).to_have_text("Copied")
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    head, *rows = [line.split("\t") for line in copied.splitlines()]
    assert head[0] == "observer"
    run, _ = make_run(dataclasses.replace(SHAPE, simulated=True))
    assert len(rows) == len(run.observers)
    for row, seen in zip(rows, run.observers, strict=True):
        cells = dict(zip(head, row, strict=True))
        assert cells["observer"] == seen.name
        assert float(cells["p99_s"]) == pytest.approx(seen.p99_s, rel=1e-8)
        assert int(cells["failures"]) == seen.failures


def test_a_pass_of_ten_minutes_at_100_hz_with_12_probes_stays_below_3_mb(opened, tmp_path):
    watched_share = 522 / PASS_S
    run = write_run(tmp_path, Shape(PASS_S / watched_share, 100))
    assert sum(seen.samples for seen in run.observers) > 719_000
    assert run.watched == Window(
        pytest.approx(70 / watched_share), pytest.approx(592 / watched_share)
    )
    report = save_html(tmp_path)
    assert report.stat().st_size < 3 * MEGABYTE
    tab = opened(tmp_path)
    assert tab.complaints == []
    failed = {
        name: int(np.count_nonzero(seen.outcome != Outcome.OK))
        for name, seen in load_timeline(tmp_path).samples.items()
    }
    drawn = tab.page.evaluate(
        """() => Object.fromEntries(report.facts.observers.map(({ name, streams }) => [
          name, streams.reduce((sum, { outcome }) =>
            sum + outcome.reduce((n, value) => n + (value !== 0), 0), 0)]))"""
    )
    assert drawn == failed


def test_a_run_without_samples_opens_too(opened, tmp_path):
    run, _ = make_run(Shape(10, 2))
    save_record(dataclasses.replace(run, observers=(), spans=(), scenarios=()), tmp_path)
    save_html(tmp_path)
    tab = opened(tmp_path)
    tab.page.get_by_role("button", name="failure ▶").click()
    expect(tab.page.locator("#said")).to_have_text("No later failure.")
    assert tab.complaints == []
