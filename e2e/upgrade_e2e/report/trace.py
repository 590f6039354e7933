"""A pass as a Chrome trace, for Perfetto, chrome://tracing and speedscope.

The format is the JSON object form of the Trace Event Format. Steps and phases are complete events
(`X`), with one thread per lane, so that phases nest in their step. Outages and brownouts are
complete events that last as long as they certainly did, with one process per observer, brownouts on
threads of their own. One more process has when the API server was away, and when each node had no
news from it. Two instants mark the watched window. Times are microseconds since the pass began.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from upgrade_e2e.files import write_whole
from upgrade_e2e.report.api_cost import ApiCost
from upgrade_e2e.report.lanes import lay_lanes
from upgrade_e2e.report.record import BrownoutRow, ObserverResult, OutageRow, RunRecord
from upgrade_e2e.report.stored import load_record
from upgrade_e2e.timeline import TAINT, Span

__all__ = ["TRACE_NAME", "save_trace", "trace_events", "write_trace"]

TRACE_NAME = "trace.json"
_Row = TypeVar("_Row", OutageRow, BrownoutRow)
_STEPS, _API = 1, 2
"""The process numbers of the steps and of the API server's absences; observers follow."""


def save_trace(folder: Path, file: Path) -> Path:
    """Write the pass in `folder` to `file`, whole or not at all, and return that.

    Raises DamagedRecord for a run that cannot be read, BadInput for a file that cannot be written.
    """
    return write_trace(load_record(folder), file)


def write_trace(record: RunRecord, file: Path) -> Path:
    """Write the trace of one record to `file`, as `save_trace`."""
    document = {
        "displayTimeUnit": "ms",
        "otherData": {
            "run": record.run_id,
            "path": " -> ".join(record.path),
            "provider": record.provider,
            "simulated": record.simulated,
            "verdict": str(record.verdict),
            "began_unix_s": record.started_unix_s,
        },
        "traceEvents": list(trace_events(record)),
    }
    return write_whole(json.dumps(document, allow_nan=False), file)


def trace_events(record: RunRecord) -> Iterator[dict[str, Any]]:
    """Every event of the trace, names of processes and threads first."""
    rehearsal = " (SIMULATED)" if record.simulated else ""
    yield from _process(_STEPS, f"upgrade {' -> '.join(record.path)}{rehearsal}")
    for thread, lane in enumerate(lay_lanes(record.spans), start=1):
        yield _named("thread_name", _STEPS, thread, lane.group)
        yield _named("thread_sort_index", _STEPS, thread, thread)
        for span in (*lane.steps, *lane.phases):
            yield _step(span, thread)
    for name, moment in (("begin", record.watched.start_s), ("end", record.watched.end_s)):
        yield {
            "name": f"watching: {name}",
            "cat": "watched",
            "ph": "i",
            "s": "g",
            "ts": _us(moment),
            "pid": _STEPS,
            "tid": 1,
        }
    if record.api_cost is not None and record.api_cost.away:
        yield from _absences(record.api_cost)
    for process, seen in enumerate(record.observers, start=_API + 1):
        if seen.outages or seen.brownouts:
            yield from _observer(record, seen, process)


def _absences(cost: ApiCost) -> Iterator[dict[str, Any]]:
    """When the API server was away, and below it when each node had no news from it."""
    yield from _process(_API, "API server")
    lanes = {"away": cost.away, **cost.without_news}
    for thread, (name, windows) in enumerate(lanes.items(), start=1):
        yield _named("thread_name", _API, thread, name)
        yield _named("thread_sort_index", _API, thread, thread)
        for window in windows:
            yield {
                "name": "API away" if windows is cost.away else "without news",
                "cat": "api",
                "ph": "X",
                "ts": _us(window.start_s),
                "dur": _us(window.end_s) - _us(window.start_s),
                "pid": _API,
                "tid": thread,
            }


def _observer(record: RunRecord, seen: ObserverResult, process: int) -> Iterator[dict[str, Any]]:
    yield from _process(process, f"outages seen by {seen.name}")
    claims = [
        f"{scenario.verdict}: {scenario.claim}"
        for scenario in record.scenarios
        if seen.name in scenario.observers
    ]
    threads = [
        *(
            (target, [_outage(row, claims) for row in rows])
            for target, rows in _apart(seen.outages)
        ),
        *(
            (f"slow: {target}", [_brownout(row, claims) for row in rows])
            for target, rows in _apart(seen.brownouts)
        ),
    ]
    for thread, (name, events) in enumerate(threads, start=1):
        yield _named("thread_name", process, thread, name)
        yield from ({**event, "pid": process, "tid": thread} for event in events)


def _apart(rows: Sequence[_Row]) -> list[tuple[str, list[_Row]]]:
    """By target; rows that overlap get threads of their own, since events may only nest."""
    threads: list[tuple[str, list[_Row]]] = []
    for row in sorted(rows, key=lambda row: (row.target, row.start_s)):
        for target, before in threads:
            last = before[-1]
            if target == row.target and last.start_s + last.at_least_s <= row.start_s:
                before.append(row)
                break
        else:
            threads.append((row.target, [row]))
    return threads


def _step(span: Span, thread: int) -> dict[str, Any]:
    facts = {"node": span.node, "hop": span.hop, "parent": span.parent, "error": span.error}
    known = {key: value for key, value in facts.items() if value}
    ended = "INTERRUPTED" if span.interrupted else "FAILED"
    return {
        "name": f"{span.name} {ended}" if span.error else span.name,
        "cat": TAINT if span.kind == TAINT else "phase" if span.parent else "step",
        "ph": "X",
        "ts": _us(span.start_s),
        "dur": _us(span.end_s) - _us(span.start_s),
        "pid": _STEPS,
        "tid": thread,
        **({"args": known} if known else {}),
    }


def _outage(outage: OutageRow, claims: Sequence[str]) -> dict[str, Any]:
    outcomes = ", ".join(f"{count} {label}" for label, count in outage.outcomes.items())
    return {
        "name": outcomes,
        "cat": "outage",
        **_stretch(outage),
        "args": {**_facts(outage), "backends": list(outage.backends), "claims": list(claims)},
    }


def _brownout(brownout: BrownoutRow, claims: Sequence[str]) -> dict[str, Any]:
    return {
        "name": f"{brownout.slow} slow",
        "cat": "brownout",
        **_stretch(brownout),
        "args": {**_facts(brownout), "slowest_s": brownout.slowest_s, "claims": list(claims)},
    }


def _stretch(row: OutageRow | BrownoutRow) -> dict[str, Any]:
    """When it was. The end is rounded as starts are, so that what touches does not overlap."""
    start_us = _us(row.start_s)
    return {"ph": "X", "ts": start_us, "dur": _us(row.start_s + row.at_least_s) - start_us}


def _facts(row: OutageRow | BrownoutRow) -> dict[str, Any]:
    return {
        "target": row.target,
        "at_least_s": row.at_least_s,
        "at_most_s": row.at_most_s,
        "share": row.share,
        "during": row.told,
        "nodes": list(row.nodes),
    }


def _process(process: int, name: str) -> Iterator[dict[str, Any]]:
    yield _named("process_name", process, 0, name)
    yield _named("process_sort_index", process, 0, process)


def _named(what: str, process: int, thread: int, value: str | int) -> dict[str, Any]:
    key = "sort_index" if what.endswith("sort_index") else "name"
    return {"name": what, "ph": "M", "pid": process, "tid": thread, "args": {key: value}}


def _us(seconds: float) -> int:
    """Whole microseconds, so that a phase that ends with its step still ends inside it."""
    return round(seconds * 1e6)
