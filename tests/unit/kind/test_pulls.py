"""Pulls: how far they are, what they end in, and what helps."""

from __future__ import annotations

import threading

import pytest

from tests.unit.kind.fakes import FakeImage
from upgrade_e2e.errors import BadInput, ClusterNotMade, CommandFailed, Hopeless
from upgrade_e2e.providers.kind.balancer import balancer_of
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.pull_progress import PullProgress, how_to_fix
from upgrade_e2e.providers.kind.pulls import Pulls, digest_of, short
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade import Marks

FIRST, SECOND = "ba05a2872976", "9b1c09a1f0aa"


def shown(*lines):
    """What progress shows after these lines."""
    progress = PullProgress()
    for line in lines:
        progress.read(line)
    return str(progress)


def test_before_the_registry_answers_nothing_has_begun():
    progress = PullProgress()
    assert str(progress) == "asking the registry"
    assert not progress.has_begun
    progress.read("v1.34.4: Pulling from kindest/node")
    assert progress.has_begun


def test_sizes_are_added_up_over_layers_and_units():
    lines = (f"{FIRST}: Downloading [==>    ]  557.1kB/157.3MB", f"{SECOND}: Downloading 1GB/1.1GB")
    assert shown(*lines) == "pulled 1001 of 1257 MB"


def test_a_layer_without_a_size_makes_the_whole_a_lower_bound():
    lines = (f"{FIRST}: Downloading  30MB/100MB", f"{SECOND}: Pulling fs layer")
    assert shown(*lines) == "pulled 30 of at least 100 MB"
    assert shown(*lines, f"{SECOND}: Already exists") == "pulled 30 of 100 MB"


def test_layers_are_counted_where_no_size_is_shown():
    lines = (f"{FIRST}: Pulling fs layer", f"{SECOND}: Pull complete")
    assert shown(*lines) == "1 of 2 layers"


def test_unpacking_is_said():
    lines = (
        f"{FIRST}: Downloading  30MB/100MB",
        f"{FIRST}: Verifying Checksum",
        f"{FIRST}: Extracting  10MB/100MB",
        f"{SECOND}: Already exists",
    )
    assert shown(*lines) == "unpacked 10 of 100 MB"
    assert shown(*lines[:2]) == "unpacking, 0 of 1 layers"
    assert shown(*lines, f"{FIRST}: Pull complete") == "unpacked 100 of 100 MB"


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ('Head "https://r.example/v2/x": dial tcp: lookup r.example: no such host', "be reached"),
        ('Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused', "runs"),
        ("manifest for r.example/x:9 not found: manifest unknown", "has no such image"),
        ("r.example/x:9: not found", "has no such image"),
        ("no basic auth credentials", "docker login r.example"),
        (
            "pull access denied for x, repository does not exist or may require 'docker login'",
            "docker login r.example",
        ),
        ("toomanyrequests: You have reached your pull rate limit", "raises the limit"),
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "system prune"),
        ("x509: certificate signed by unknown authority", "insecure-registries"),
        ("http: server gave HTTP response to HTTPS client", "insecure-registries"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "processors"),
        (
            'error getting credentials - err: exec: "docker-credential-desktop": executable file '
            "not found in $PATH",
            "credential helper",
        ),
    ],
)
def test_what_docker_says_has_a_fix(said, fix):
    assert fix in how_to_fix("r.example/x:9", said)


def test_words_that_are_not_known_get_no_made_up_fix():
    assert how_to_fix("x:1", "the flux capacitor is missing") == ""


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("kindest/node:v1.34.4", "docker.io"),
        ("localhost/node:1", "localhost"),
        ("r.example:5000/a/b@sha256:1", "r.example:5000"),
    ],
)
def test_the_registry_is_named_as_docker_takes_it(image, registry):
    assert f"docker login {registry}" in how_to_fix(image, "unauthorized")


@pytest.fixture
def pulls(machine):
    """Pulls on the fake machine, whose registry has `big:1`."""
    machine.registry["big:1"] = FakeImage(None)
    said = []
    made = Pulls(Docker(machine.runner), Marks(Origin(), said.append))
    yield made
    made.stop()


def test_images_are_pulled_at_once_and_recorded_by_digest(pulls, machine):
    machine.registry["small:1"] = FakeImage(None)
    held = machine.held["big:1"] = threading.Event()
    pulls.start({"big:1": "", "small:1": ""})
    pulls.wait_until_begun()
    pulls.wait("small:1")
    assert pulls.is_coming("big:1")
    assert not pulls.is_coming("small:1")
    held.set()
    pulls.wait("big:1")
    pulls.note("agent", "big:1")
    assert pulls.marks.images["agent"].digest == "sha256:of-big:1"


def test_an_image_without_a_digest_is_recorded_as_an_id(pulls, machine):
    machine.images["made:1"] = FakeImage(None)
    pulls.note("agent", "made:1")
    assert pulls.marks.images["agent"].digest == "image ID sha256:id-of-made:1"


def test_one_that_the_registry_does_not_have_is_refused_next_to_others(pulls, machine):
    machine.held["big:1"] = threading.Event()
    pulls.start({"big:1": "", "none:1": "Take another one."})
    with pytest.raises(BadInput, match=r"none:1 .* no such image.* Take another one\. docker said"):
        pulls.wait_until_begun()


def test_one_that_breaks_off_is_no_refusal(pulls, machine):
    machine.broken["pull big:1"] = (1, "unexpected EOF")
    pulls.start({"big:1": ""})
    with pytest.raises(ClusterNotMade, match=r"broke off \(pulled 100 of 400 MB\): .*reached"):
        pulls.wait("big:1")
    (span,) = pulls.marks.take(Span("create", "create", 0, 1))
    assert "broke off" in span.error


def test_stopping_breaks_off_what_is_under_way(pulls, machine):
    machine.held["big:1"] = threading.Event()
    pulls.start({"big:1": ""})
    pulls.wait_until_begun()
    pulls.stop()
    with pytest.raises(Hopeless):
        pulls.wait("big:1")
    assert "big:1" not in machine.images


@pytest.mark.parametrize(
    ("said", "image"),
    [
        ("kind v0.30.0 go1.24 linux/amd64", "docker.io/kindest/haproxy:v20230606-42a2262b"),
        ("kind v0.33.0 go1.26 linux/amd64", "docker.io/envoyproxy/envoy:v1.36.2"),
        ("kind v0.34.0 go1.26 linux/amd64", ""),
        ("something else", ""),
    ],
)
def test_the_load_balancer_belongs_to_the_release_of_kind(said, image):
    assert balancer_of(said) == image


@pytest.mark.parametrize(
    ("known", "digest"),
    [
        ("null", "image ID sha256:i"),
        ("[]", "image ID sha256:i"),
        ('["mirror.example/node@sha256:m", "kindest/node@sha256:n"]', "sha256:n"),
        ('["mirror.example/node@sha256:m"]', "sha256:m"),
    ],
)
def test_the_digest_is_that_of_the_repository_that_was_asked_for(machine, known, digest):
    machine.broken["image inspect"] = (0, f"{known} sha256:i\n")
    docker = Docker(machine.runner)
    for name in ("kindest/node:v1", "docker.io/kindest/node:v1", "kindest/node:v1@sha256:n"):
        assert digest_of(docker, name) == digest


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (f"kindest/node:v1.34.4@sha256:{'a' * 64}", "kindest/node:v1.34.4"),
        (f"r.example:5000/node@sha256:{'a' * 64}", f"r.example:5000/node@sha256:{'a' * 12}"),
        ("nginx", "nginx"),
    ],
)
def test_digests_do_not_fill_the_line(image, shown):
    assert short(image) == shown


def test_a_failed_pull_keeps_dockers_own_words(pulls, machine):
    machine.broken["pull none:1"] = (1, "Error response from daemon: the flux capacitor")
    pulls.start({"none:1": "Take another one."})
    with pytest.raises(BadInput, match=r"docker said: .*flux capacitor") as caught:
        pulls.wait("none:1")
    assert isinstance(caught.value.__cause__, CommandFailed)
