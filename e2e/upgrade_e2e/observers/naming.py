"""What each observer of a pass is called: labels that never clash and stay from run to run.

An observer that its author gave a label keeps it. Of the others, the first of a kind is called by
its kind, such as `web`, so that its series goes on in histories; another one is `web-MODULE`,
after the test module that uses it, then `web-MODULE-2` and so on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from typing import Any

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.base import DEFAULT_OF, Observer, TakesLabel, label_or_kind
from upgrade_e2e.observers.checks import LONGEST_LABEL, RESERVED, check_label

__all__ = ["Wanted", "as_written", "distinct", "label_observers"]

Labels = dict[Observer, str]


def as_written(observer: Any) -> str:
    """How a scenario writes an observer: its type, and the fields that are not at their default.

    Equal observers give equal text, also when one has 50 where the other has 50.0, and a field that
    is added later changes nothing for those who do not use it.
    """
    if isinstance(observer, bool) or not is_dataclass(observer):
        number = isinstance(observer, (int, float)) and not isinstance(observer, bool)
        return f"{observer:g}" if number else repr(observer)
    said = []
    for one in fields(observer):
        value = getattr(observer, one.name)
        if value != _default_of(one, observer):
            said.append(f"{one.name}={as_written(value)}")
    return f"{type(observer).__name__}({', '.join(said)})"


def _default_of(one: Field[Any], observer: Any) -> Any:
    """What the field of this observer is when its author leaves it out."""
    if DEFAULT_OF in one.metadata:
        return one.metadata[DEFAULT_OF](observer)
    return one.default if one.default_factory is MISSING else one.default_factory()


@dataclass(frozen=True)
class Wanted:
    """An observer as a scenario wrote it.

    `module` is the test module's name without `test_`; `shipped` is true for the scenarios that
    come with upgrade-e2e, whose observers get the short labels first.
    """

    observer: Observer
    module: str = ""
    shipped: bool = False


@dataclass(frozen=True)
class _Member:
    """One observer that needs a label: one of a scenario, or one `inside` of another."""

    observer: Observer
    module: str
    shipped: bool
    inside: bool


def label_observers(wanted: Sequence[Wanted]) -> dict[Observer, Observer]:
    """Each observer as it was written, with the copy that has the label it gets in this pass.

    Equal observers share one label, also where one of them is the backend of an HttpEdge. Of
    several that could have the short label, the first one gets it: give them in an order that is
    the same in every run, such as by file and line. Raises BadInput when two different observers
    have the same label, or one has the short label that a shipped scenario's observer needs.
    """
    members = _members(wanted)
    labels = _explicit(members)
    unnamed = [one for one in members if one.observer not in labels]
    _give_short_labels(unnamed, labels)
    _give_long_labels([one for one in unnamed if one.observer not in labels], labels)
    return {one.observer: _copy(one.observer, labels) for one in wanted}


def distinct(observers: Iterable[Observer]) -> tuple[Observer, ...]:
    """The observers without repetition; raises BadInput when two different ones share a label.

    That includes the observers inside of others, as the labels stand now.
    """
    different = tuple(dict.fromkeys(observers))
    owners: dict[str, Observer] = {}
    for observer in different:
        for one in _asked(observer):
            _own(owners, label_or_kind(one), one)
    return different


def _members(wanted: Sequence[Wanted]) -> list[_Member]:
    """All that need labels, each once: shipped ones first, those inside of others last."""
    members: dict[Observer, _Member] = {}
    for one in wanted:
        for observer in _asked(one.observer):
            inside = observer != one.observer
            found = _Member(observer, one.module, one.shipped, inside)
            members[observer] = _merged(members.get(observer, found), found)
    return sorted(members.values(), key=lambda one: (not one.shipped, one.inside))


def _merged(known: _Member, other: _Member) -> _Member:
    """One member for two equal observers; the same whichever of them comes first."""
    module = min((not one.shipped, one.module) for one in (known, other))[1]
    shipped, inside = known.shipped or other.shipped, known.inside and other.inside
    return replace(known, module=module, shipped=shipped, inside=inside)


def _asked(observer: Observer) -> tuple[Observer, ...]:
    """The observers that need a label for `observer` to be deployed: itself and those inside."""
    if not isinstance(observer, TakesLabel):
        return (observer,)
    asked: list[Observer] = []

    def note(one: Observer) -> str:
        asked.append(one)
        return label_or_kind(one)

    observer.labelled(note)
    return tuple(asked)


def _explicit(members: Iterable[_Member]) -> Labels:
    owners: dict[str, Observer] = {}
    for one in members:
        if one.observer.label:
            _own(owners, one.observer.label, one.observer)
    return {observer: label for label, observer in owners.items()}


def _own(owners: dict[str, Observer], label: str, observer: Observer) -> None:
    check_label(f"the label of {observer}", label)
    owner = owners.setdefault(label, observer)
    if owner != observer:
        raise BadInput(
            f"two different observers are named {label!r}: {owner} and {observer}; give one of "
            "them another label, or leave the label out and let the pass choose."
        )


def _give_short_labels(members: Iterable[_Member], labels: Labels) -> None:
    """The short label of each kind goes to its first observer."""
    explicit = {label: observer for observer, label in labels.items()}
    given: set[str] = set()
    for one in members:
        word = label_or_kind(one.observer)
        if word in given or word in RESERVED:
            continue
        if word not in explicit:
            labels[one.observer] = word
            given.add(word)
        elif one.shipped:
            raise BadInput(
                f"{explicit[word]} is labelled {word!r}, but histories use that for "
                f"{one.observer} of a shipped scenario; give yours another label, or "
                "leave the label out."
            )


def _give_long_labels(members: Iterable[_Member], labels: Labels) -> None:
    """Labels with the module's name, and a number where that is not enough."""
    taken = {*labels.values(), *RESERVED}
    for one in members:
        words = _long_labels(label_or_kind(one.observer), one.module)
        labels[one.observer] = next(word for word in words if word not in taken)
        taken.add(labels[one.observer])


def _long_labels(kind: str, module: str) -> Iterator[str]:
    stem = _shortened(re.sub(r"[^a-z0-9]+", "-", f"{kind}-{module}".lower()), LONGEST_LABEL)
    if stem != kind:
        yield stem
    for number in itertools.count(2):
        ending = f"-{number}"
        yield _shortened(stem, LONGEST_LABEL - len(ending)) + ending


def _shortened(word: str, longest: int) -> str:
    return word[:longest].strip("-")


def _copy(observer: Observer, labels: Labels) -> Observer:
    return observer.labelled(labels.__getitem__) if isinstance(observer, TakesLabel) else observer
