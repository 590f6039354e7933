"""Names of images, with docker's rules."""

from __future__ import annotations

import pytest

from upgrade_e2e.providers.kind.resolving.reference import (
    ImageTemplate,
    Repository,
    is_loopback,
    split_reference,
)
from upgrade_e2e.version import KubeVersion

V34 = KubeVersion.parse("v1.34.3")


@pytest.mark.parametrize(
    ("text", "whole", "familiar", "url"),
    [
        ("kindest/node", "docker.io/kindest/node", "kindest/node", "https://registry-1.docker.io"),
        ("node", "docker.io/library/node", "node", "https://registry-1.docker.io"),
        ("index.docker.io/a/b", "docker.io/a/b", "a/b", "https://registry-1.docker.io"),
        ("localhost/x", "localhost/x", "localhost/x", "http://localhost"),
        ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "http://127.0.0.1:5000"),
        ("r.example/a", "r.example/a", "r.example/a", "https://r.example"),
    ],
)
def test_a_repository_is_where_docker_looks(text, whole, familiar, url):
    repository = Repository.parse(text)
    assert (str(repository), repository.familiar) == (whole, familiar)
    assert repository.url == f"{url}/v2/"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("[::1]:5000", True), ("127.1.2.3", True), ("10.0.0.1:80", False), ("local.example", False)],
)
def test_only_this_machine_is_spoken_to_in_the_clear(host, expected):
    assert is_loopback(host) is expected


def test_a_tag_is_read_back_to_its_version():
    template = ImageTemplate("127.0.0.1:5000/node:kind-{version}-a")
    assert template.repository == Repository("127.0.0.1:5000", "node")
    assert template.version_of("kind-v1.34.3-a") == V34
    assert template.version_of("kind-1.34.3-a") is None, "no image of that name would be asked for"
    assert template.version_of("kind-latest-a") is None
    assert template.reference(V34, "sha256:1") == "127.0.0.1:5000/node:kind-v1.34.3-a@sha256:1"
    assert not template.has_plain_tags


def test_a_version_in_the_name_leaves_no_common_repository():
    template = ImageTemplate("127.0.0.1:5000/node-{version}")
    assert template.repository is None
    assert template.repository_of(V34) == Repository("127.0.0.1:5000", "node-v1.34.3")
    assert template.tag(V34) == "latest"


def test_a_reference_is_split_by_digest_or_tag():
    hub = Repository("docker.io", "kindest/node")
    assert split_reference("kindest/node:v1.34.3@sha256:1") == (hub, "sha256:1")
    assert split_reference("kindest/node:v1.34.3") == (hub, "v1.34.3")
    assert split_reference("127.0.0.1:5000/a") == (Repository("127.0.0.1:5000", "a"), "latest")
