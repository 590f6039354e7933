"""What an image and a command line mean in a simulated node."""

from __future__ import annotations

import pytest

from upgrade_e2e_simulator.node.environment import command_line, expand
from upgrade_e2e_simulator.node.images import Unknown, program_of, short_name, sleep_of, tag_of
from upgrade_e2e_simulator.release import images_of
from upgrade_e2e_simulator.version import KubeVersion


@pytest.mark.parametrize(
    ("image", "name", "tag"),
    [
        ("registry.k8s.io/coredns/coredns:v1.12.0", "coredns", "v1.12.0"),
        ("pause", "pause", "latest"),
        ("localhost:5000/a/python:3.12-slim", "python", "3.12-slim"),
        ("nginx@sha256:abc", "nginx", "latest"),
    ],
)
def test_names_and_tags(image, name, tag):
    assert (short_name(image), tag_of(image)) == (name, tag)


@pytest.mark.parametrize(
    ("argv", "run", "given"),
    [
        (["python3", "-I", "-S", "/agent.pyz", "serve"], "script", ("/agent.pyz", "serve")),
        (["/usr/bin/python3.12", "-u", "/a.py"], "script", ("/a.py",)),
        (["python", "-c", "print(1)", "x"], "code", ("print(1)", "x")),
        (["python3", "-m", "http.server"], "module", ("http.server",)),
        (["sh", "-c", "exec python3 /a.py --x"], "script", ("/a.py", "--x")),
    ],
)
def test_python_programs_run(argv, run, given):
    program = program_of({"image": "anything:1"}, argv)
    assert (program.run, program.argv) == (run, given)


def test_known_images_run_in_their_own_way():
    assert program_of({"image": "registry.k8s.io/pause:3.10"}, []) is None
    assert program_of({"image": "busybox"}, ["sleep", "infinity"]) is None
    assert program_of({"image": "nginx:stable"}, ["nginx", "-c", "/x"]).run == "edge"
    assert program_of({"image": "a/coredns:1"}, ["-conf", "/x"]).run == "coredns"


@pytest.mark.parametrize("argv", [[], ["python3"], ["/bin/true"], ["sh", "-c", "ls | wc"]])
def test_all_else_is_refused_in_words(argv):
    with pytest.raises(Unknown, match="simulated cluster"):
        program_of({"image": "mysql:8"}, argv)


@pytest.mark.parametrize(
    ("argv", "seconds"),
    [
        (["sleep", "5"], 5.0),
        (["/bin/sleep", "0.5s"], 0.5),
        (["sh", "-c", "sleep 3"], 3.0),
        (["sleep", "x"], None),
        (["curl", "5"], None),
    ],
)
def test_sleeps_are_known(argv, seconds):
    assert sleep_of(argv) == seconds


def test_references_in_commands_are_expanded():
    container = {"command": ["run", "$(NAME)"], "args": ["$$(NAME)", "$(UNKNOWN)", "$NAME"]}
    assert command_line(container, {"NAME": "x"}) == ["run", "x", "$(NAME)", "$(UNKNOWN)", "$NAME"]
    assert expand("$(A)$(B)", {"A": "1", "B": "2"}) == "12"


def test_releases_have_their_images():
    images = images_of(KubeVersion.parse("v1.34.4"))
    assert images.image("coredns") == "registry.k8s.io/coredns/coredns:v1.12.1"
    assert images.image("etcd") == "registry.k8s.io/etcd:3.6.5-0"
    assert images.image("kube-proxy") == "registry.k8s.io/kube-proxy:v1.34.4"
    assert images_of(KubeVersion.parse("v1.40.0")).coredns == "v1.13.1"
