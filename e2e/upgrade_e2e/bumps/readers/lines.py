"""Makefiles, Dockerfiles, shell, .env and ini files: what each line sets, runs or pulls."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from upgrade_e2e.bumps.nodes import Block, Keys, Scalar
from upgrade_e2e.bumps.versions import holds_version

__all__ = ["plain", "read_lines", "words_of"]

_COMMENT = re.compile(r"(^|\s)#.*$")
_DECLARES = r"(?:export|readonly|local|declare|override|set|ARG|ENV|const)\s+(?:-\w+\s+)*"
_POWERSHELL = r"(?:\[\w+\]\s*)?\$(?:\w+:)?"
_KEYWORD = rf"(?:{_DECLARES}|{_POWERSHELL})?"
_SETS = re.compile(rf"^\s*{_KEYWORD}(?P<key>[\w.\-]+)\s*(?:=|:=|::=|\?=|\+=|!=)\s*(?P<value>.*)$")
_SAYS = re.compile(
    r"^\s*(?:(?:ENV|ARG|set(?:\s+-\w+)+)\s+)?(?P<key>[\w.\-/@]+)"
    r"(?>\s*:\s*|(?=\s* )\s+)(?P<value>\S+)\s*$"
)
_DEFAULTS = re.compile(r"""^\s*:\s+["']?\$\{(?P<key>\w+):?=(?P<value>[^{}]*)\}["']?\s*$""")
_ELEMENT = re.compile(r"^\s*<(?P<key>[A-Za-z][\w.\-]*)>(?P<value>[^<>]+)</(?P=key)>\s*$")
_CALL = re.compile(r"\$?[\w.]*\(.*\)")
_PACKAGE = re.compile(r"(?P<key>[a-z][a-z0-9_]*)-(?P<value>v?\d+\.\d+\.\d+\S*)")
_SECTION = re.compile(r"^\s*\[+(?P<name>[^\[\]]+)\]+\s*$")
_ASSIGNED = re.compile(r"(?P<key>-{0,2}[A-Za-z_][\w.\-]*)={1,2}(?P<value>\S+)")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=[^\s=]\S*")
_IMAGE = re.compile(r"(?:[\w.\-]+(?::\d+)?/)*[\w.\-]+/[\w.\-]+:[\w][\w.\-]*(?:@sha256:\w+)?")
_FLAG = re.compile(r"--?[A-Za-z][\w\-]*")
_BREAKS = re.compile(r"&&|\|\||[|;]")
_OF_SENTENCES = {
    *("a", "an", "and", "are", "at", "be", "been", "by", "can", "from", "has", "have", "is", "it"),
    *("its", "must", "not", "now", "of", "only", "or", "please", "requires", "should", "since"),
    *("starting", "support", "supported", "than", "that", "the", "this", "to", "until", "was"),
    *("were", "when", "where", "which", "will", "you", "your"),
}
"""Words that a sentence has at least two of, and a command hardly ever."""
_NAME = re.compile(r"kubernetes|k8s|eks|aks|gke|rke2|k3s|k0s", re.IGNORECASE)
_NO_COMMAND = re.compile(r"kubernetes|k8s|eks|aks|gke", re.IGNORECASE)
_SUBSTITUTED = re.compile(r"\$\([^()]*\)")
_BEFORE_COMMANDS = {"sudo", "run", "then", "do", "else", "env", "exec", "-", "time", "if", "!"}


def read_lines(
    lines: Iterable[tuple[int, str]], *, sections: bool = False, name: str = "version"
) -> Block:
    """The variables that lines set, and the flags and images of the commands that they run.

    `sections` for files with `[section]` lines. `name` is the key of a line that is only a
    version, as in a file that is called after what it holds.
    """
    root = tally = Keys()
    command = ""
    for number, raw in lines:
        text = _COMMENT.sub("", raw).rstrip()
        if sections and (section := _SECTION.match(text)):
            tally = Keys()
            root.put(section["name"].strip().strip("\"'"), Block(tally))
            continue
        command = _read_line(text, number, tally, command, name)
    return Block(root)


def _read_line(text: str, number: int, tally: Keys, command: str, name: str) -> str:
    """Add what a line says; the command that goes on in the next line, or nothing."""
    goes_on = text.endswith(("\\", "`"))
    text = text.rstrip("\\`").rstrip() if goes_on else text
    if not command and _IMAGE.fullmatch(text.strip()):
        # In a list of images, what stands before the colon is no key.
        tally.put("image", Scalar(text.strip(), number))
        return ""
    forms = () if command else (_SETS, _SAYS, _DEFAULTS, _ELEMENT)
    found = next((match for form in forms if (match := form.match(text))), None)
    if found is not None and not _FLAG.fullmatch(found["key"]):
        value = plain(found["value"])
        words = words_of(value, number) if _is_words(value) else None
        tally.put(found["key"], words or Scalar(value, number))
        return ""
    if not command and re.fullmatch(r"\s*v?\d+\.\w\S*", text):
        tally.put(name, Scalar(text.strip(), number))
        return ""
    for part in _BREAKS.split(text):
        command = _read_command(part, number, tally, command)
    return command if goes_on else ""


def _is_words(value: str) -> bool:
    """Whether a value is more than one word, a flag, or the variable that a systemd unit sets."""
    if re.search(r"\s", value):
        return _CALL.fullmatch(value) is None
    is_set = _VARIABLE.fullmatch(value) is not None
    return holds_version(value) and (is_set or value.startswith("--"))


def words_of(text: str, number: int) -> Block | None:
    """The flags, images and assignments in one line of words; None where there are none."""
    tally = Keys()
    for part in _BREAKS.split(text):
        _read_command(part, number, tally, "")
    return Block(tally) if tally else None


def _read_command(text: str, number: int, tally: Keys, command: str) -> str:
    """Add what the words of a command say; what the command is called."""
    reading = _CommandReading(number, command)
    words = _split(text)
    if _is_sentence(words):
        return command
    for word in words:
        reading.take(word)
    if below := reading.below:
        if reading.verbs:
            below.put("words", Scalar(" ".join(reading.verbs), number))
        tally.put(reading.command or "command", Block(below))
    return reading.command


def _is_sentence(words: Sequence[str]) -> bool:
    """Whether words are a text for people, as in a description, and no command."""
    found = _OF_SENTENCES.intersection(word.lower() for word in words)
    return len(found) > 1 or bool(words and _NO_COMMAND.fullmatch(words[0]))


@dataclass
class _CommandReading:
    """A command word by word: its name, the keys of words, and the words that have none."""

    number: int
    command: str
    below: Keys = field(default_factory=Keys)
    verbs: list[str] = field(default_factory=list)
    flag: str = ""

    def take(self, word: str) -> None:
        """Read the next word."""
        flag, self.flag = self.flag, ""
        if _FLAG.fullmatch(word):
            self.flag = word
        elif pair := self._pair(word, flag):
            self.below.put(pair[0], Scalar(pair[1], self.number))
        elif not self.command and word.lstrip("@-") and word not in _BEFORE_COMMANDS:
            self.command = word.lstrip("@-").rsplit("/", 1)[-1]
        else:
            self.verbs.append(word)

    def _pair(self, word: str, flag: str) -> tuple[str, str] | None:
        """What a word says, under its key: that before its =, the flag, or what it is."""
        if assigned := _ASSIGNED.fullmatch(word):
            return assigned["key"], plain(assigned["value"])
        if flag or _IMAGE.fullmatch(word) or "://" in word:
            return flag or ("url" if "://" in word else "image"), word
        if not self.command:
            return None
        if re.match(r"v?\d+\.\d+", word):
            # Behind a bare name, as in a sentence, it may be said of anything.
            verb = self.verbs[-1] if self.verbs else "argument"
            return "argument" if _NAME.fullmatch(verb) else verb, word
        package = _PACKAGE.fullmatch(word)
        return (package["key"], package["value"]) if package else None


def _split(text: str) -> list[str]:
    # What another command says, as in an address, is no word of its own.
    text = _SUBSTITUTED.sub(lambda found: found[0] if holds_version(found[0]) else "$()", text)
    try:
        return shlex.split(text)
    except ValueError:
        # A quote that ends in another line.
        return text.split()


def plain(text: str) -> str:
    """A value without its quotes and without the comma, semicolon or colon behind it."""
    text = text.strip().rstrip(",;:").strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1].strip()
    return text
