"""report.html: one file that shows a pass to a person, wherever it is opened."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from upgrade_e2e.files import write_whole
from upgrade_e2e.format import duration, wall_clock
from upgrade_e2e.judge import Views
from upgrade_e2e.report.cost import cost_in_words
from upgrade_e2e.report.happenings import happened
from upgrade_e2e.report.headlines import headline, planted
from upgrade_e2e.report.html import observed, performed
from upgrade_e2e.report.html.backups import backup_tables
from upgrade_e2e.report.html.breaks import breakable
from upgrade_e2e.report.html.claims import linked
from upgrade_e2e.report.html.compare import compare_runs
from upgrade_e2e.report.html.costs import cost_tables
from upgrade_e2e.report.html.drawn import Drawn
from upgrade_e2e.report.html.folded import fold
from upgrade_e2e.report.html.picture import FAMILIES, compose
from upgrade_e2e.report.html.tables import Table
from upgrade_e2e.report.html.used import resource_tables
from upgrade_e2e.report.limits import limits_of
from upgrade_e2e.report.record import REHEARSAL, RunRecord
from upgrade_e2e.report.stored import load_record, timeline_of
from upgrade_e2e.report.what_to_do import advice

__all__ = ["REPORT_NAME", "render_html", "render_page", "save_html", "save_page"]

REPORT_NAME = "report.html"
_ASSETS = resources.files("upgrade_e2e.report.html").joinpath("assets")
_STYLES = ("page.css", "timeline.css")
_SCRIPTS = (
    "samples.js",
    "pyramid.js",
    "view.js",
    "rows.js",
    "ink.js",
    "head.js",
    "body.js",
    "stream.js",
    "facts.js",
    "cursor.js",
    "pointer.js",
    "gestures.js",
    "controls.js",
    "copying.js",
    "fold.js",
    "page.js",
)


def save_html(folder: Path, baseline: Path | None = None, target: Path | None = None) -> Path:
    """Write the page to `target`, by default report.html in the run's folder, and return that.

    Raises as `render_html`, and BadInput for a file that cannot be written.
    """
    return write_whole(render_html(folder, baseline), target or folder / REPORT_NAME)


def render_html(folder: Path, baseline: Path | None = None) -> str:
    """The page for the run in `folder`, compared with the run in `baseline` if that is given.

    Its samples are looked at again, under the limits that the run was judged by. Raises
    DamagedRecord when the record of either, or a sample file of the run, cannot be read, and
    BadInput when such a limit cannot be one.
    """
    record = load_record(folder)
    other = None if baseline is None else load_record(baseline)
    views = Views(timeline_of(record, folder), limits_of(record))
    return render_page(record, Drawn(views), other)


def save_page(record: RunRecord, drawn: Drawn, folder: Path) -> Path:
    """Write the page of a record, with samples that are in memory, to report.html in `folder`.

    Raises BadInput when that cannot be written to.
    """
    return write_whole(render_page(record, drawn), folder / REPORT_NAME)


def render_page(record: RunRecord, drawn: Drawn, other: RunRecord | None = None) -> str:
    """The page of a record whose samples are `drawn`, compared with the record `other` if given."""
    picture = compose(record, drawn)
    style = "\n".join(_asset(name) for name in _STYLES)
    script = _script()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            record=record,
            rehearsal=REHEARSAL,
            happened=happened(record),
            advice=advice(record, on_page=True),
            headline=headline(record),
            planted=planted(record),
            cost="" if record.cost is None else cost_in_words(record.cost),
            families=[key for key in FAMILIES if key != "ok"],
            error=picture.packed.error,
            facts=_json(picture.facts),
            samples=Markup(base64.b64encode(picture.packed.data).decode()),  # noqa: S704 - base64
            scenarios=fold(record),
            explained=[linked(record, scenario) for scenario in record.scenarios],
            outages=observed.outages(record),
            tables=[
                *cost_tables(record),
                *observed.brownouts(record),
                *backup_tables(record),
                observed.observers(record),
                drawn.streams,
                *resource_tables(record),
                performed.steps(record),
                performed.inventory(record),
                *_unless_empty(record),
            ],
            comparison=None if other is None else compare_runs(record, other),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own files
            policy=_policy(style, script),
        )
    )


def _unless_empty(record: RunRecord) -> list[Table]:
    made = (performed.taints(record), performed.limits(record), performed.environment(record))
    return [table for table in made if table.rows]


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(breakable=breakable, duration=duration, wall_clock=wall_clock)
    return environment


def _asset(name: str) -> str:
    return _ASSETS.joinpath(name).read_text("utf-8")


def _script() -> str:
    """All scripts as one function, so that they share names with nothing else."""
    return "\n".join(["(() => {", '"use strict";', *map(_asset, _SCRIPTS), "})();"])


def _policy(style: str, script: str) -> str:
    """Nothing is loaded from anywhere; only this very script and this very style are in force."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(facts: Mapping[str, Any]) -> Markup:
    """JSON that can stand inside a script element, whatever a pod or node is called."""
    text = json.dumps(facts, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - no character in it can end the element
