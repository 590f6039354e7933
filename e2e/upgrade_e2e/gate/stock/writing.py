"""Stock costs as TOML: readable, and in an order that makes changes easy to see."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from upgrade_e2e.gate.stock.profile import FORMAT, StockCost

__all__ = ["stock_text"]

_HEAD = """\
# What stock upgrades cost: plain passes with nothing planted and the observers of the product.
# docs/stock.md says how it is made and used. Times are in seconds, shares are 0 to 1.
"""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def stock_text(costs: Sequence[StockCost]) -> str:
    """The text of a file of stock costs."""
    lines = [f"{_HEAD}\nformat = {FORMAT}"]
    for cost in costs:
        lines += ["", *_entry(cost)]
    return "\n".join(lines) + "\n"


def _entry(cost: StockCost) -> Iterator[str]:
    document = {
        name: value for name, value in dataclasses.asdict(cost).items() if value is not None
    }
    figures = document.pop("figures")
    tables = {name: value for name, value in document.items() if isinstance(value, Mapping)}
    yield "[[stock]]"
    plain = {name: value for name, value in document.items() if name not in tables}
    yield from (f"{name} = {_value(value)}" for name, value in plain.items())
    for name, table in tables.items():
        if table:
            yield from ("", f"[stock.{name}]")
            yield from (f"{_key(key)} = {_value(value)}" for key, value in table.items())
    for observer, spreads in figures.items():
        yield from ("", f"[stock.figures.{_key(observer)}]")
        yield from (f"{metric} = {_inline(spread)}" for metric, spread in spreads.items())


def _inline(spread: Mapping[str, Any]) -> str:
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in spread.items())} }}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: Any) -> str:
    """As TOML writes it: texts, truth values and lists of texts are written as in JSON."""
    if isinstance(value, float):
        return repr(float(f"{value:.6g}"))
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
