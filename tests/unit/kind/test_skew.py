"""Kubelets that are older than the API server."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.skew import older_nodes, require_skew_allowed
from upgrade_e2e.upgrade import Path
from upgrade_e2e.version import KubeVersion

HEAD = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
NODE = "kindest/node"


def path_of(*words: str) -> Path:
    return Path(tuple(map(KubeVersion.parse, words or ("v1.33.13", "v1.34.4"))))


@pytest.fixture
def settings_of(tmp_path):
    """Settings for a configuration of one control plane and two workers with these images."""

    def made(control: str, *workers: str, **choices) -> KindSettings:
        lines = [f"- {{role: control-plane, image: '{control}'}}"]
        lines += [f"- {{role: worker, image: '{image}'}}" for image in workers]
        file = tmp_path / "kind.yaml"
        file.write_text(HEAD + "nodes:\n" + "\n".join(lines) + "\n")
        config = KindConfig.read(file)
        return KindSettings(
            workdir=FilePath("w"), workers=len(workers), kind_config=config, **choices
        )

    return made


def kept(settings: KindSettings, *words: str) -> dict[str, str]:
    return {node.name: str(node.version) for node in older_nodes(settings, path_of(*words))}


@pytest.mark.parametrize(
    ("control", "workers", "found"),
    [
        ("", ("", f"{NODE}:v1.32.5"), {"worker2": "v1.32.5"}),
        ("", (f"{NODE}:v1.31.9@sha256:{'a' * 64}", ""), {"worker": "v1.31.9"}),
        ("", (f"{NODE}:v1.33.2", f"{NODE}:v1.33.13"), {"worker": "v1.33.2"}),
        (f"{NODE}:v1.33.0", (f"{NODE}:v1.32.5", f"{NODE}:v1.33.0"), {"worker": "v1.32.5"}),
        ("localhost:5000/n:v1.33.0", ("localhost:5000/n:v1.32.5-corp",), {"worker": "v1.32.5"}),
    ],
)
def test_a_worker_with_an_older_image_keeps_it(settings_of, control, workers, found):
    assert kept(settings_of(control, *workers)) == found


@pytest.mark.parametrize(
    ("control", "workers"),
    [
        ("", ("", "")),
        (f"{NODE}:v1.31.0", (f"{NODE}:v1.31.0",) * 2),
        (f"{NODE}:v1.36.0", (f"{NODE}:v1.36.0",) * 2),
        (f"{NODE}:v1.29.0", ("", "")),
        ("mine/node:latest", ("mine/node:latest", "other/node")),
        ("", (f"{NODE}@sha256:{'b' * 64}", "")),
    ],
)
def test_images_that_are_alike_or_say_nothing_are_replaced(settings_of, control, workers):
    assert kept(settings_of(control, *workers)) == {}


def test_options_say_which_version_an_image_is(settings_of):
    images = {KubeVersion.parse("v1.32.5"): "mine/old:1"}
    template = "mine/node-{version}:2"
    settings = settings_of(
        "", "mine/old:1", "mine/node-v1.31.0:2", images=images, image_template=template
    )
    assert kept(settings) == {"worker": "v1.32.5", "worker2": "v1.31.0"}


@pytest.mark.parametrize(
    ("image", "words", "said"),
    [
        (
            "v1.30.4",
            (),
            r"worker begins with a kubelet of v1\.30\.4, 4 minor versions older than v1\.34",
        ),
        ("v1.35.0", (), r"newer than the API server \(v1\.33\.13\)"),
        ("v1.33.14", (), "no kubelet may be newer"),
        ("v1.29.9", ("v1.33.1", "v1.33.13"), "image of 1.30 or newer"),
    ],
)
def test_what_the_policy_forbids_is_refused_with_it(settings_of, image, words, said):
    with pytest.raises(BadInput, match=said) as caught:
        kept(settings_of("", f"{NODE}:{image}"), *words)
    assert "kubernetes.io/releases/version-skew-policy" in str(caught.value)


@pytest.mark.parametrize(
    ("oldest", "words"),
    [
        ("v1.31.0", ("v1.33.13", "v1.34.4")),
        ("v1.31.0", ("v1.33.13", "v1.34.4", "v1.35.4")),
        ("v1.30.0", ("v1.33.1", "v1.33.13")),
    ],
)
def test_three_minors_older_than_the_first_target_is_allowed(oldest, words):
    require_skew_allowed({"worker": KubeVersion.parse(oldest)}, path_of(*words))
    older = KubeVersion(1, KubeVersion.parse(oldest).minor - 1, 9)
    with pytest.raises(BadInput, match="4 minor versions older"):
        require_skew_allowed({"worker": older}, path_of(*words))
