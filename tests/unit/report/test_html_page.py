"""report.html as text: what stands in it, and that nothing can get out of it or into it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from tests.synthetic import Shape, make_run, write_run
from tests.unit.report.test_record import record
from tests.unit.report.test_summary import OUTAGE, SEEN
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import ScenarioResult, save_record, save_samples
from upgrade_e2e.report.html import REPORT_NAME, render_html, save_html
from upgrade_e2e.timeline import Samples, Span, Stream, Window

SHAPE = Shape(20, 10)
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        tag = self._open[-1] if self._open else ""
        self.texts.setdefault(tag, []).append(data)

    def count(self, tag: str) -> int:
        """How many elements of a kind there are."""
        return sum(1 for name, _ in self.elements if name == tag)

    def attribute(self, name: str) -> list[str]:
        """The values of an attribute, in order."""
        return [str(attrs[name]) for _, attrs in self.elements if name in attrs]


def facts(text: str) -> dict:
    """What the timeline is drawn from."""
    found = re.search(r'id="facts">(.*?)</script>', text, re.DOTALL)
    return json.loads(found.group(1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small simulated pass that failed."""
    made = tmp_path_factory.mktemp("run")
    write_run(made, dataclasses.replace(SHAPE, simulated=True))
    return made


@pytest.fixture(scope="module")
def text(folder):
    """Its page."""
    return render_html(folder)


def test_the_verdict_the_path_and_the_simulation_are_said(text):
    page = Page(text)
    assert page.texts["h1"] == ["FAIL"]
    assert "v1.33.13 → v1.34.4" in "".join(page.texts["p"])
    assert page.texts["strong"][0] == "SIMULATED"


def test_a_real_run_is_not_called_simulated(tmp_path):
    write_run(tmp_path, SHAPE)
    assert "SIMULATED" not in render_html(tmp_path)


def test_every_scenario_and_every_kept_outage_has_a_row(folder, text):
    run, _ = make_run(dataclasses.replace(SHAPE, simulated=True))
    ids = Page(text).attribute("id")
    assert [name for name in ids if name.startswith("scenario-")]
    for number, scenario in enumerate(run.scenarios, start=1):
        assert f"scenario-{number}" in ids
        assert scenario.claim in text
    kept = sum(len(seen.outages) for seen in run.observers)
    assert sum(name.startswith("outage-") for name in ids) == kept > 0
    assert len(ids) == len(set(ids))


def test_nothing_is_fetched_and_only_our_script_runs(text):
    page = Page(text)
    links = page.attribute("href") + page.attribute("src")
    assert all(link.startswith(("#", "data:")) for link in links)
    assert page.count("img") == page.count("iframe") == page.count("object") == 0
    policy = page.attribute("content")[0]
    for tag in ("script", "style"):
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(found) == 1
        digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not page.attribute("style")
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)


def test_names_from_the_cluster_stay_text(tmp_path):
    stream = Stream(EVIL, EVIL, EVIL, 0.1, 1.0)
    outage = dataclasses.replace(
        OUTAGE, target=EVIL, told=EVIL, nodes=(EVIL,), backends=(EVIL,), outcomes={EVIL: 1}
    )
    run = record(
        run_id=EVIL,
        reason=EVIL,
        choices={EVIL: EVIL},
        spans=(Span(EVIL, EVIL, 1.0, 2.0, node=EVIL, error=EVIL),),
        scenarios=(ScenarioResult(EVIL, EVIL, Verdict.FAIL, f"{EVIL}\n{EVIL}", ("web",)),),
        observers=(dataclasses.replace(SEEN, outages=(outage,), notes=(EVIL,)),),
    )
    save_record(run, tmp_path)
    save_samples({"web": Samples.empty([stream])}, tmp_path)
    page = Page(render_html(tmp_path))
    assert page.count("img") == 0
    assert page.count("script") == 3
    assert facts(render_html(tmp_path))["observers"][0]["streams"][0]["name"] == EVIL


def test_a_run_that_never_had_a_cluster_still_tells_why(tmp_path):
    run = record(
        cluster_made=False,
        verdict=Verdict.INCONCLUSIVE,
        reason="The cluster was not made.",
        watched=Window(0.0, 0.0),
        spans=(),
        scenarios=(),
        observers=(),
        inventory=None,
    )
    save_record(run, tmp_path)
    text = render_html(tmp_path)
    assert "The cluster was not made." in text
    assert "The step drain worker failed" in text
    assert "command exited with 1: kubectl drain" in text
    assert facts(text)["observers"] == []


def test_the_scenarios_that_someone_must_look_at_come_first(tmp_path):
    verdicts = (Verdict.SKIP, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)
    results = tuple(ScenarioResult(f"test_{v}", f"claim {v}", v, "") for v in verdicts)
    save_record(record(scenarios=results), tmp_path)
    shown = [name for name in Page(render_html(tmp_path)).attribute("id") if "scenario-" in name]
    assert shown == ["scenario-4", "scenario-3", "scenario-2", "scenario-1"]


def test_rows_that_hold_stand_behind_a_line_and_the_page_comes_unfolded(tmp_path):
    verdicts = (Verdict.SKIP, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)
    results = tuple(ScenarioResult(f"test_{v}", f"claim {v}", v, "") for v in verdicts)
    save_record(record(scenarios=results), tmp_path)
    text = render_html(tmp_path)
    marks = ["scenario-3", "1 claim held, 1 was skipped", 'id="scenarios-folded"', "scenario-2"]
    assert sorted(marks, key=text.index) == marks
    page = Page(text)
    assert page.attribute("aria-expanded") == ["true"]
    assert page.attribute("aria-controls")[0] == "scenarios-folded"
    assert "data-fold" not in [name for _, attrs in page.elements for name in attrs]


def test_there_is_no_line_where_nothing_is_folded(tmp_path):
    failed = ScenarioResult("test_x", "x holds", Verdict.FAIL, "")
    save_record(record(scenarios=(failed,)), tmp_path)
    assert not Page(render_html(tmp_path)).attribute("aria-expanded")


def test_the_script_stands_before_the_samples(text):
    """A large page is drawn while its samples are read; by then it must be folded."""
    assert text.index("<script>") < text.index('id="facts"') < text.index('id="samples"')


def test_tables_carry_bare_numbers_for_copying(folder, text):
    run, _ = make_run(dataclasses.replace(SHAPE, simulated=True))
    seen = next(seen for seen in run.observers if seen.name == "dns")
    assert f'data-tsv="{seen.p99_s:.9g}"' in text
    assert 'data-tsv="p99_s"' in text


def test_the_run_is_compared_with_the_baseline(folder, tmp_path):
    write_run(tmp_path, Shape(20, 10, seed=3, slower=0.5))
    text = render_html(folder, tmp_path)
    assert "Compared with the baseline" in text
    assert "another provider: kind" in text
    assert "Compared with the baseline" not in render_html(folder)


def test_it_is_written_whole_into_the_run(folder):
    target = save_html(folder)
    assert target == folder / REPORT_NAME
    assert target.read_text("utf-8") == render_html(folder)
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize("damage", ["run.json", "samples/dns.npz"])
def test_damage_is_named_and_no_page_is_left(tmp_path, damage):
    write_run(tmp_path, SHAPE)
    target = tmp_path / damage
    target.write_bytes(target.read_bytes()[:100])
    with pytest.raises(DamagedRecord, match=target.name):
        save_html(tmp_path)
    assert not (tmp_path / REPORT_NAME).exists()
    whole = tmp_path / "whole"
    write_run(whole, SHAPE)
    if damage == "run.json":
        with pytest.raises(DamagedRecord, match=target.name):
            save_html(whole, tmp_path)


def test_a_broken_scenario_shows_its_traceback_as_text(tmp_path):
    broken = ScenarioResult("test_x", "x holds", Verdict.INCONCLUSIVE, "broken", (), EVIL)
    save_record(record(scenarios=(broken,)), tmp_path)
    page = Page(render_html(tmp_path))
    assert "traceback" in page.texts["summary"]
    assert page.count("img") == 0
