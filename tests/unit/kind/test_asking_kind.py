"""Whether kind accepts a configuration is asked without making a cluster."""

from __future__ import annotations

import pytest

from tests.unit.kind.fakes import ScriptedRunner
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.asking_kind import require_accepted
from upgrade_e2e.providers.kind.kind_config import KindConfig

NAME = "'not/a/name' is not a valid cluster name, cluster names must match `^[a-z0-9.-]+$`"
FAILED = "ERROR: failed to create cluster: "


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "kind.yaml"
    file.write_text("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n")
    return KindConfig.read(file)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            f"{FAILED}unable to decode config: yaml: unmarshal errors:\n"
            "  line 4: field extra not found in type v1alpha4.Cluster\n",
            "unmarshal errors: line 4: field extra not found in type v1alpha4.Cluster; correct",
        ),
        (f"a warning\n{FAILED}[{NAME}, invalid ipFamily: ipv5]", ": invalid ipFamily: ipv5; corr"),
        (f"{FAILED}[invalid pod subnet, {NAME}]", ": invalid pod subnet; correct it in the file"),
    ],
)
def test_what_kind_says_against_it_is_the_refusal(config, output, said):
    host = ScriptedRunner(answers=[(1, output)])
    with pytest.raises(BadInput) as refused:
        require_accepted(config, host)
    assert f"kind does not accept kind-config {config.file}: " in str(refused.value)
    assert said in str(refused.value)
    assert "not/a/name" not in str(refused.value)


@pytest.mark.parametrize(
    "output",
    [
        f"{FAILED}{NAME}",
        f"{FAILED}failed to list clusters: Cannot connect to the Docker daemon",
        "cannot be started: no such file",
        "",
    ],
)
def test_nothing_is_said_where_only_the_name_or_the_machine_is_wrong(config, output):
    host = ScriptedRunner(answers=[(1, output)])
    require_accepted(config, host)
    (argv,) = host.seen
    assert "/" in argv[argv.index("--name") + 1], "no cluster can have this name"
