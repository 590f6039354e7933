"""The stock cost of upgrades, measured before, as a file that is shipped or made by users."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate.run import Run
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import Spread
from upgrade_e2e.version import KubeVersion

__all__ = [
    "StockCost",
    "StockProfile",
    "hop_of",
    "load_stock",
    "shipped_file",
    "shipped_stock",
    "wording",
]

SHIPPED = "stock.toml"
FORMAT = 1


@dataclass(frozen=True)
class StockCost:
    """What stock passes of one kind cost.

    `passes` were made with `tool`, a version of upgrade-e2e; in `broken` of them a claim did not
    hold. `machine`, `images`, `nodes`, `choices` and `facts` are as Run has them. `observers` has,
    by label, how each observer was written. `figures` are spreads by observer and metric; one is
    there only where every pass had the figure.
    """

    path: tuple[str, ...]
    provider: str
    simulated: bool
    nodes: str
    machine: str
    tool: str
    passes: int
    broken: int
    facts: ClusterFacts | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    observers: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Spread]] = field(default_factory=dict)

    @property
    def like(self) -> Run:
        """A run of this kind without figures, to be compared with others."""
        return Run(
            run_id="",
            path=self.path,
            provider=self.provider,
            simulated=self.simulated,
            verdict=Verdict.PASS,
            reason="",
            started_unix_s=0.0,
            nodes=self.nodes,
            facts=self.facts,
            choices=self.choices,
            machine=self.machine,
            images=self.images,
        )

    def over(self, path: Sequence[str]) -> Run:
        """The same over other patches of its minors."""
        return replace(self.like, path=tuple(path))


@dataclass(frozen=True)
class StockProfile:
    """The stock costs of one file, one for each kind of pass."""

    costs: tuple[StockCost, ...] = ()


@dataclass(frozen=True)
class _Document:
    """The file as it is on disk."""

    format: int
    stock: tuple[StockCost, ...] = ()


_DOCUMENT = TypeAdapter(_Document)


def hop_of(path: Sequence[str]) -> str:
    """The minors of a path: `v1.33 -> v1.34`."""
    return " -> ".join(str(KubeVersion.parse(version).minor_version) for version in path)


def wording(cost: StockCost) -> str:
    """Which passes these are: `12 stock passes of v1.33 -> v1.34 on 2 cores, 24 GiB`."""
    plural = "" if cost.passes == 1 else "es"
    simulated = " (SIMULATED)" if cost.simulated else ""
    return f"{cost.passes} stock pass{plural} of {hop_of(cost.path)} on {cost.machine}{simulated}"


def shipped_file() -> Path:
    """The file of stock costs that is shipped."""
    return Path(__file__).with_name(SHIPPED)


@cache
def shipped_stock() -> StockProfile:
    """The stock costs that are shipped."""
    return _read(shipped_file().read_text("utf-8"), "the stock costs that are shipped")


def load_stock(file: Path | None) -> StockProfile:
    """The stock costs in a file, or the shipped ones for None; raises BadInput for a wrong file."""
    if file is None:
        return shipped_stock()
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"the stock costs in {file} cannot be read ({error}); make them with "
            f"`upgrade-e2e calibrate --output {file}`."
        ) from error
    return _read(text, f"the file {file}")


def _read(text: str, where: str) -> StockProfile:
    again = "make it again with `upgrade-e2e calibrate`."
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{where} is not TOML ({error}); {again}") from error
    if document.get("format") != FORMAT:
        raise BadInput(
            f"{where} has format {document.get('format')!r}, this version reads {FORMAT}; {again}"
        )
    try:
        costs = _DOCUMENT.validate_python(document).stock
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{where}: {place}: {first['msg']}; {again}") from error
    for number, cost in enumerate(costs):
        if problem := next(_impossible(cost), ""):
            raise BadInput(f"{where}: stock.{number}.{problem}; {again}")
    return StockProfile(costs)


def _impossible(cost: StockCost) -> Iterator[str]:
    """What no passes can have given. Nothing is ever worse than a figure that is not a number."""
    if cost.passes < 1:
        yield f"passes: {cost.passes} passes are none"
    for observer, spreads in cost.figures.items():
        for metric, spread in spreads.items():
            rising = 0 <= spread.smallest <= spread.median <= spread.largest < math.inf
            if not rising:
                yield (
                    f"figures.{observer}.{metric}: smallest, median and largest are "
                    f"{spread.smallest:g}, {spread.median:g} and {spread.largest:g}, and must be "
                    "finite, 0 or more, and none less than the one before"
                )
