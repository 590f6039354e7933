"""Tokens of code: what has no end is read as something else, and in proportion to its length."""

from __future__ import annotations

import pytest

from upgrade_e2e.bumps.readers import endings, tokens
from upgrade_e2e.bumps.readers.tokens import tokens_of

LONG, SHORT = 800, 100
TIMES_LONGER = LONG // SHORT


class CountedPattern:
    """A pattern that counts the characters that it was led over."""

    def __init__(self, pattern):
        self.pattern, self.passed = pattern, 0

    def match(self, text, begin):
        return self._counted(self.pattern.match(text, begin), begin)

    def search(self, text, begin):
        return self._counted(self.pattern.search(text, begin), begin)

    def finditer(self, text):
        self.passed += len(text)
        return self.pattern.finditer(text)

    def _counted(self, found, begin):
        self.passed += found.end() - begin if found else 0
        return found


@pytest.fixture
def work(monkeypatch):
    """How many characters all patterns together are led over for a text."""
    inside = {key: (CountedPattern(body), end) for key, (body, end) in endings._INSIDE.items()}
    token, tag = CountedPattern(tokens._TOKEN), CountedPattern(endings._LINE_TAG)
    monkeypatch.setattr(endings, "_INSIDE", inside)
    monkeypatch.setattr(endings, "_LINE_TAG", tag)
    monkeypatch.setattr(tokens, "_TOKEN", token)
    counted = (token, tag, *(body for body, _ in inside.values()))

    def count(text):
        for pattern in counted:
            pattern.passed = 0
        read = list(tokens_of(text, 0, 0))
        assert read[-1].text == "last"
        return sum(pattern.passed for pattern in counted)

    return count


@pytest.mark.parametrize(
    "form",
    [
        "/* a\n",
        '\\"""\n',
        '\\"',
        "\\'",
        "<<EOT\n",
        "<<E{:06}\n",
        '<<-"E{:06}"\n/* \\"""\n',
        "<<E{0:06}\nE{0:06}x\n",
    ],
)
def test_what_never_ends_takes_no_more_work_than_its_length(work, form):
    short, long = ("".join(map(form.format, range(n))) + "\nlast" for n in (SHORT, LONG))
    assert len(short) <= work(short)
    assert work(long) <= 1.1 * TIMES_LONGER * work(short)


def kinds(text):
    return [(token.kind, token.text) for token in tokens_of(text, 0, 0)]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("/* a", [("word", "/*"), ("word", "a")]),
        ("/* a */ /* b", [("comment", "/* a */"), ("word", "/*"), ("word", "b")]),
        ('"""a', [("string", '""'), ("word", "a")]),
        ('"""a" b', [("string", '""'), ("string", '"a"'), ("word", "b")]),
        ("it's a", [("word", "it"), ("word", "s"), ("word", "a")]),
        ("'a\n'b'", [("word", "a"), ("newline", "\n"), ("string", "'b'")]),
        ("<<EOT\na", [("word", "EOT"), ("newline", "\n"), ("word", "a")]),
    ],
)
def test_what_has_no_end_is_read_as_the_signs_and_words_that_it_is(text, read):
    assert kinds(text) == read


def test_a_heredoc_ends_at_the_first_line_that_starts_with_its_tag():
    first, other, second = "<<EOT\n EOTS\n  EOT", "<<-AB\nEOT\nAB", "<<EOT\nEOT"
    text = "\n".join([first, other, second, "EOT"])
    assert kinds(text)[::2] == [
        *(("string", here) for here in (first, other, second)),
        ("word", "EOT"),
    ]


def test_blank_lines_are_part_of_the_end_of_a_line():
    read = list(tokens_of("a:\n\n \t\n\n  b", 0, 0))
    assert [token.kind for token in read] == ["word", "colon", "newline", "word"]
    assert read[-1].line == 4
