"""Names of container images, from whichever registry."""

from __future__ import annotations

import pytest

from upgrade_e2e.cluster.image_names import ImageName

DIGEST = "sha256:" + "1f" * 32


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest", "base"),
    [
        (
            "registry.k8s.io/coredns/coredns:v1.12.1",
            "registry.k8s.io/coredns/coredns",
            "v1.12.1",
            "",
            "coredns",
        ),
        (
            "mirror.test/dns/coredns:v1.12.0-corp.1",
            "mirror.test/dns/coredns",
            "v1.12.0-corp.1",
            "",
            "coredns",
        ),
        ("127.0.0.1:5000/coredns:v1", "127.0.0.1:5000/coredns", "v1", "", "coredns"),
        ("127.0.0.1:5000/coredns", "127.0.0.1:5000/coredns", "", "", "coredns"),
        (f"[::1]:5000/a/etcd@{DIGEST}", "[::1]:5000/a/etcd", "", DIGEST, "etcd"),
        (f"mirror.test/etcd:3.6@{DIGEST}", "mirror.test/etcd", "3.6", DIGEST, "etcd"),
        ("pause", "pause", "", "", "pause"),
        (DIGEST, "", "", DIGEST, ""),
    ],
)
def test_a_name_is_taken_apart_and_put_together(text, repository, tag, digest, base):
    name = ImageName.parse(text)
    assert (name.repository, name.tag, name.digest, name.base) == (repository, tag, digest, base)
    assert str(name) == text
    assert name.version == (tag or digest)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("nginx:stable", "docker.io/library/nginx:stable"),
        ("corp/kube-proxy:v1", "docker.io/corp/kube-proxy:v1"),
        ("mirror.test/kube-proxy:v1", "mirror.test/kube-proxy:v1"),
        ("localhost/kube-proxy:v1", "localhost/kube-proxy:v1"),
        ("mirror:5000/kube-proxy:v1", "mirror:5000/kube-proxy:v1"),
        (DIGEST, DIGEST),
    ],
)
def test_a_runtime_lists_a_name_with_its_registry(text, whole):
    assert str(ImageName.parse(text).whole) == whole
