"""The versions that a change replaces: bumps, what is unknown, and what is only named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from upgrade_e2e.bumps.changes import read_diff
from upgrade_e2e.bumps.findings import Findings, Question, Remark
from upgrade_e2e.bumps.pairing import pair_up
from upgrade_e2e.bumps.shapes import Meaning
from upgrade_e2e.bumps.sightings import (
    MOST_VERSIONS,
    NEVER_NAMED,
    Sighting,
    TooMany,
    Turn,
    turns_of,
)

__all__ = ["find_bumps"]


def find_bumps(diff: str, question: Question) -> Findings:
    """The versions that a unified diff replaces; raises BadInput for what is none."""
    files = [file for file in read_diff(diff) if question.asks_for(file)]
    findings = Findings()
    turns: list[Turn] = []
    for file in files:
        is_named = question.names(file.path)
        if file.is_binary and is_named:
            text = "the file is binary, so its versions cannot be read"
            findings.unknown.append(Remark(file.path, 1, text))
        try:
            turns += turns_of(file, question.shapes, is_named=is_named)
        except TooMany:
            text = f"more than {MOST_VERSIONS} versions change in the file, too many to judge; "
            text += "say in a row of bump-rules what it holds"
            findings.unknown.append(Remark(file.path, 1, text))
        except RecursionError:
            text = "the file is nested too deeply to be read"
            findings.unknown.append(Remark(file.path, 1, text))
    is_series = len({file.path for file in files}) < len(files)
    _settle(_summed(turns) if is_series else turns, findings)
    return _without_repeats(findings)


def _summed(turns: Iterable[Turn]) -> list[Turn]:
    """The turns of several commits in one diff: what one sets and another replaces goes away."""
    places: dict[tuple[str, tuple[str, ...]], list[Turn]] = defaultdict(list)
    for turn in turns:
        places[turn.last.file, turn.last.seen.place.path].append(turn)
    kept: list[Turn] = []
    for group in places.values():
        olds = Counter(turn.before.seen.scalar.value for turn in group if turn.before)
        news = Counter(turn.after.seen.scalar.value for turn in group if turn.after)
        first, last = olds - news, news - olds
        before = [t.before for t in group if t.before and first[t.before.seen.scalar.value]]
        after = [t.after for t in group if t.after and last[t.after.seen.scalar.value]]
        if before or after:
            kept.append(Turn(before[0] if before else None, after[0] if after else None))
    return kept


def _settle(turns: Sequence[Turn], findings: Findings) -> None:
    """Sort turns into bumps, unknowns and notes."""
    gone: list[Sighting] = []
    come: list[Sighting] = []
    windows: list[Turn] = []
    for turn in turns:
        if _means(turn) is Meaning.WINDOW:
            windows.append(turn)
        elif _has_both(turn) or _means(turn) is Meaning.CHANNEL:
            _settle_pair(turn, findings)
        else:
            gone += _counting(turn.before)
            come += _counting(turn.after)
    pairs = pair_up(gone, come)
    for turn in pairs.sure:
        _settle_pair(turn, findings)
    for turn in pairs.guessed:
        reason = "these are two files, which may be two clusters"
        findings.unknown.append(_finding(turn, _words(turn), reason))
    _settle_alone(pairs.gone, pairs.come, findings)
    findings.notes += _windows(windows)


def _has_both(turn: Turn) -> bool:
    return all(side is not None and side.mention is not None for side in (turn.before, turn.after))


def _counting(sighting: Sighting | None) -> list[Sighting]:
    counts = sighting is not None and sighting.mention is not None
    return [sighting] if sighting and counts and (sighting.is_cluster or sighting.is_like) else []


def _means(turn: Turn) -> Meaning | None:
    for side in (turn.after, turn.before):
        if side is not None and side.shape is not None:
            return side.shape.means
    return None


def _settle_pair(turn: Turn, findings: Findings) -> None:
    before, after = turn.before, turn.after
    if before is None or after is None:
        return
    means, words = _means(turn), _words(turn)
    is_same = _has_both(turn) and _version(before) == _version(after)
    if is_same:
        if means is Meaning.CLUSTER:
            text = f"{after.key}: still {_version(after)}; only what follows it changed"
            findings.notes.append(_finding(turn, text))
    elif before.is_cluster and after.is_cluster and after.shape:
        findings.bumps.append(_finding(turn, f"{words} ({after.shape.name})"))
    elif reason := _why_unknown(before, after, means):
        findings.unknown.append(_finding(turn, words, reason))
    elif means is not None and means not in NEVER_NAMED:
        findings.notes.append(_finding(turn, f"{words}: {means.value}; not walked"))


def _why_unknown(before: Sighting, after: Sighting, means: Meaning | None) -> str:
    """Why somebody must look at a change; empty where nobody must."""
    if means is Meaning.CHANNEL:
        return Meaning.CHANNEL.value
    if means is Meaning.CLUSTER:
        return "only one of both is for certain the version of a cluster"
    is_like = before.is_like or after.is_like
    return "looks like a Kubernetes version, but no shape says so" if not means and is_like else ""


def _version(sighting: Sighting) -> str:
    return sighting.mention.version if sighting.mention else ""


def _settle_alone(gone: Sequence[Sighting], come: Sequence[Sighting], findings: Findings) -> None:
    """Versions without another one: unknown where the rest of their block stays, else a note."""
    for sighting, what in (*((one, "went") for one in gone), *((one, "came") for one in come)):
        value = sighting.seen.scalar.value
        text = f"{sighting.key}: {value} {what} without a version that it "
        text += "replaces" if what == "came" else "is replaced by"
        is_open = sighting.is_cluster and sighting.seen.place.is_alone
        place = findings.unknown if is_open else findings.notes
        place.append(Remark(sighting.file, sighting.line, text))


def _windows(turns: Sequence[Turn]) -> Iterator[Remark]:
    """One note for each list of versions: which rows went and which came."""
    lists: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        lists[turn.last.file].append(turn)
    for file, inside in lists.items():
        gone = [turn.before.seen.scalar.value for turn in inside if turn.before]
        come = [turn.after.seen.scalar.value for turn in inside if turn.after]
        text = f"rows removed ({', '.join(gone) or 'none'}) and added ({', '.join(come) or 'none'})"
        line = inside[0].last.line
        yield Remark(file, line, f"{text}: {Meaning.WINDOW.value}; not walked")


def _finding(turn: Turn, text: str, reason: str = "") -> Remark:
    old, new = (side.mention if side else None for side in (turn.before, turn.after))
    return Remark(
        turn.last.file,
        turn.last.line,
        text,
        old.version if old else "",
        new.version if new else "",
        reason,
    )


def _words(turn: Turn) -> str:
    values = [side.seen.scalar.value if side else "nothing" for side in (turn.before, turn.after)]
    old, new = (value if len(value) < 100 else f"{value[:99]}…" for value in values)
    renamed = turn.before and turn.after and turn.before.key != turn.after.key
    was = f"{turn.before.key} " if renamed and turn.before else ""
    return f"{turn.last.key}: {was}{old} -> {new}"


def _without_repeats(findings: Findings) -> Findings:
    """Each finding once; an unknown that goes the way of a bump in its file is explained by it."""
    bumps = {way for bump in findings.bumps for way in (_way(bump), _way_of_minors(bump))}
    unknown = [one for one in findings.unknown if not one.old or _way(one) not in bumps]
    return Findings(
        list(dict.fromkeys(findings.bumps)),
        list(dict.fromkeys(unknown)),
        list(dict.fromkeys(findings.notes)),
    )


def _way(remark: Remark) -> tuple[str, str, str]:
    return remark.file, remark.old, remark.new


def _way_of_minors(remark: Remark) -> tuple[str, str, str]:
    """The same in minors, as another place may say it."""
    old, new = (".".join(word.split(".")[:2]) for word in (remark.old, remark.new))
    return remark.file, old, new
