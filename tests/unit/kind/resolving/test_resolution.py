"""What the words of a path mean, with sources made of dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.resolving.resolution import (
    ImageSources,
    choose_images,
    newest_pair,
)
from upgrade_e2e.providers.kind.resolving.source import DockerSilent, NodeImage, SourceSilent
from upgrade_e2e.version import KubeVersion


@dataclass
class Source:
    """A source with these versions; `silent` is what it raises instead."""

    name: str
    words: tuple[str, ...] = ()
    silent: SourceSilent | None = None
    asked: list[str] = field(default_factory=list)

    def versions(self):
        self._note("all")
        return tuple(map(KubeVersion.parse, self.words))

    def find(self, version):
        self._note(str(version))
        known = str(version) in self.words
        return NodeImage(version, f"{self.name}:{version}", self.name) if known else None

    def _note(self, what):
        self.asked.append(what)
        if self.silent:
            raise self.silent


def sources(*listed, exact=()):
    return ImageSources(listed, (*listed, *exact), unlisted=lambda version: f"docker:{version}")


def chosen(words, made, *, nearest_patch=False):
    found = choose_images(words.split(), made, nearest_patch=nearest_patch)
    return [one.image.reference for one in found]


HERE = Source("here", ("v1.33.7", "v1.34.2"))
PUBLISHED = Source("published", ("v1.33.9", "v1.34.3", "v1.35.1", "v1.36.0-rc.1"))


def test_a_minor_is_the_newest_patch_of_the_first_source_that_has_one():
    made = sources(HERE, PUBLISHED)
    assert chosen("v1.33 v1.34 v1.35", made) == [
        "here:v1.33.7",
        "here:v1.34.2",
        "published:v1.35.1",
    ]


def test_a_minor_without_a_release_is_its_newest_candidate():
    assert chosen("v1.36", sources(PUBLISHED)) == ["published:v1.36.0-rc.1"]


def test_a_later_source_is_not_asked_without_need():
    late = Source("late", silent=SourceSilent("it would have been asked"))
    assert chosen("v1.33 v1.34.2", sources(HERE, late)) == ["here:v1.33.7", "here:v1.34.2"]
    assert late.asked == []


def test_latest_is_the_newest_of_the_first_source_that_has_a_newer_one():
    made = sources(HERE, PUBLISHED)
    assert chosen("v1.33 latest", made) == ["here:v1.33.7", "here:v1.34.2"]
    assert chosen("v1.34 latest", made) == ["here:v1.34.2", "published:v1.35.1"]
    assert chosen("latest", made) == ["here:v1.34.2"]
    with pytest.raises(BadInput, match=r"newer than v1\.36\.0-rc\.1 is known, so `latest`"):
        chosen("v1.36 latest", made)


def test_a_full_version_is_looked_for_where_open_words_are_not():
    registry = Source("registry", ("v1.34.5",))
    made = sources(HERE, exact=[registry])
    assert chosen("v1.34.5", made) == ["registry:v1.34.5"]
    assert chosen("v1.34", made) == ["here:v1.34.2"]


def test_a_patch_without_an_image_names_the_nearest_ones():
    made = sources(HERE, PUBLISHED, exact=[Source("registry", ("v1.33.2",))])
    with pytest.raises(BadInput, match=r"no node image of v1\.33\.8") as raised:
        chosen("v1.33.8", made)
    near = "v1.33.9 (published), v1.33.7 (here), v1.33.2 (registry)"
    assert near in str(raised.value)
    assert "--nearest-patch" in str(raised.value)
    assert "--image-for v1.33.8=IMAGE" in str(raised.value)


@pytest.mark.parametrize(
    ("word", "walked"),
    [
        ("v1.33.8", "published:v1.33.9"),
        ("v1.33.2", "here:v1.33.7"),
        ("v1.34.9", "published:v1.34.3"),
    ],
)
def test_the_nearest_patch_is_walked_on_request_and_the_newer_of_two(word, walked):
    assert chosen(word, sources(HERE, PUBLISHED), nearest_patch=True) == [walked]


def test_artifacts_say_what_was_asked_for():
    walked, exact, minor = choose_images(
        ["v1.33.8", "v1.34.2", "v1.35"], sources(HERE, PUBLISHED), nearest_patch=True
    )
    assert walked.difference == "asked for v1.33.8, walked v1.33.9"
    assert (exact.difference, minor.difference) == ("", "")


def test_no_other_minor_is_ever_walked():
    with pytest.raises(BadInput, match=r"No other patch of v1\.32 has one either"):
        chosen("v1.32.1", sources(HERE), nearest_patch=True)


def test_a_minor_that_nobody_has_is_refused_with_those_that_are_known():
    with pytest.raises(
        BadInput, match=r"any patch of v1\.40 .known minors: v1\.33, v1\.34.*v1\.36"
    ):
        chosen("v1.40", sources(HERE, PUBLISHED))


def test_a_minor_that_nobody_could_be_asked_about_says_who_was_silent():
    down = Source("down", silent=SourceSilent("the registry r does not answer (refused)"))
    with pytest.raises(BadInput, match=r"known minors: none.*the registry r does not answer"):
        chosen("v1.34", sources(down))


def test_a_silent_registry_leaves_a_version_to_docker_only_where_nothing_is_known():
    down = Source("down", silent=SourceSilent("the registry r does not answer"))
    (left,) = choose_images(["v1.40.1"], sources(HERE, exact=[down]))
    assert (left.image.reference, left.image.known) == ("docker:v1.40.1", False)
    assert "the registry r does not answer" in left.image.source
    with pytest.raises(BadInput, match=r"nearest.*v1\.34\.2.*There may be more: the registry r"):
        chosen("v1.34.5", sources(HERE, exact=[down]))


def test_where_docker_is_silent_any_version_may_be_there():
    silent = Source("docker", silent=DockerSilent("docker does not answer"))
    (left,) = choose_images(["v1.33.1"], sources(silent, PUBLISHED))
    assert not left.image.known
    assert chosen("v1.33.1", sources(silent, PUBLISHED), nearest_patch=True) == [
        "published:v1.33.9"
    ]


@pytest.mark.parametrize(
    ("listed", "pair"),
    [
        ([HERE, PUBLISHED], "v1.33 v1.34"),
        ([Source("one", ("v1.34.2",)), PUBLISHED], "v1.34 v1.35"),
        ([Source("apart", ("v1.30.0", "v1.33.0", "v1.35.0")), HERE], "v1.33 v1.34"),
        ([Source("down", silent=SourceSilent("down")), PUBLISHED], "v1.34 v1.35"),
    ],
)
def test_the_default_is_the_newest_pair_of_the_first_source_that_has_one(listed, pair):
    assert " ".join(map(str, newest_pair(sources(*listed)))) == pair


def test_without_a_pair_there_is_no_default():
    with pytest.raises(BadInput, match="no two neighbouring minors"):
        newest_pair(sources(Source("one", ("v1.34.2",))))


@pytest.mark.parametrize("word", ["newest", "1", "v1.34.x", ""])
def test_a_word_that_is_no_version_is_refused(word):
    with pytest.raises(BadInput, match="is not a Kubernetes version"):
        choose_images([word], sources(HERE))
