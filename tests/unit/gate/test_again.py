"""The commands that the gate advises: runs that can be compared, each in a folder of its own."""

import shlex

import pytest

from tests.unit.gate.made import control, run
from upgrade_e2e.gate import ComparedRuns, GateSettings, decide, render_decision
from upgrade_e2e.gate.again import Again
from upgrade_e2e.gate.choices import choices_that_measure
from upgrade_e2e.gate.differing import differences
from upgrade_e2e.run import RunRequest
from upgrade_e2e.run.settings import watching_choices

QUICK = GateSettings(simulations=0)
PLAIN = "upgrade-e2e run --path v1.33.13,v1.34.4 --provider kind"
NODES = "1 control plane(s), 2 worker(s)"
SIMULATED = {"provider": "sim", "simulated": True}


def steps(*candidates, **others):
    """What to do next."""
    return decide(ComparedRuns(candidates=candidates, **others), QUICK).next


def words(made):
    """The options of a command behind those that each has."""
    return made.command.removeprefix(PLAIN).strip()


def test_each_run_has_a_folder_of_its_own():
    advised = [step for step in steps(run()) if "upgrade-e2e run" in step]
    assert len(advised) == 2
    assert f"4 more runs of the candidate, each by this command: {PLAIN} " in advised[0]
    assert advised[0].endswith("--artifacts-dir candidate-$(date +%s)")
    assert advised[1].endswith("--fault coredns-replicas=1 --artifacts-dir control-$(date +%s)")


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"profile": "nightly"}, "--profile nightly"),
        ({"baseline": "180 s", "settle": "240 s"}, "--watch-before 180 --watch-after 240"),
        (
            {"after-create": "kubectl apply -f cni.yaml (sha256 of cni.yaml: abc)"},
            "--after-create 'kubectl apply -f cni.yaml'",
        ),
        ({"fast-control-plane": "API server with a=b"}, "--fast-control-plane"),
        ({"no-wait-for-watches": "nodes are drained at once"}, "--no-wait-for-watches"),
        ({"drain-args": "--force --timeout 9s"}, "--drain-args '--force --timeout 9s'"),
        ({"drain-timeout": "90 s", "step-timeout": "5 s"}, "--drain-timeout 90 --step-timeout 5"),
        (
            {"kind-config": "own: a/kind.yaml: 3 control plane(s), 1 worker(s)"},
            "--kind-config 'own: a/kind.yaml'",
        ),
        ({"upgrade-config": "own.yaml (sha256:abc); apply skips x"}, "--upgrade-config own.yaml"),
        ({"reuse-cluster": "dev"}, "--reuse-cluster dev"),
        (
            {"guard-rails": "tags"},
            "--guard-forbidden FILE --guard-allowed FILE --guard-words TEXT",
        ),
        ({"fail-cgroup-v1": "kubelets with", "kind-config-digest": "sha256:a"}, ""),
    ],
)
def test_settings_that_must_be_alike_are_written_as_options(choices, said):
    assert words(Again.of([run(choices=choices, nodes=NODES)])) == said


@pytest.mark.parametrize(
    ("nodes", "choices", "said"),
    [
        (NODES, {}, ""),
        ("3 control plane(s), 1 worker(s)", {}, "--control-planes 3 --workers 1"),
        ("1 control plane(s), 0 worker(s)", {}, "--workers 0"),
        ("3 control plane(s), 1 worker(s)", {"reuse-cluster": "dev"}, "--reuse-cluster dev"),
        ("", {}, ""),
    ],
)
def test_the_size_of_the_cluster_is_asked_for_where_it_is_not_the_usual_one(nodes, choices, said):
    assert words(Again.of([run(nodes=nodes, choices=choices)])) == said


def test_what_is_advised_makes_runs_that_are_alike():
    """The options of the advice, given to a pass, end in the choices that the gate compares."""
    asked = {"provider": "sim", "path": ("v1.33.13,v1.34.4",), "workers": 3}
    like = planned({**asked, "profile": "nightly", "watch-after": 200.0})
    line = shlex.split(Again.of([like]).command)[2:]
    given = {
        name.removeprefix("--"): word for name, word in zip(line[::2], line[1::2], strict=True)
    }
    given |= {"path": (given["path"],), "workers": int(given["workers"])}
    again = planned({**given, "watch-after": float(given["watch-after"])})
    assert differences(like, again) == []
    assert differences(like, planned(asked)) != []


def planned(given):
    """The run that these options make, as far as that is known before; called a real one."""
    made = RunRequest.of(given)
    (plan,), settings = made.plans, made.settings
    choices = choices_that_measure({**plan.choices, **watching_choices(settings)})
    nodes = f"{settings.control_planes} control plane(s), {settings.workers} worker(s)"
    return run(provider="sim", choices=choices, nodes=nodes)


def test_after_a_simulated_pass_the_minors_are_walked_on_kind():
    """There need be no image of the versions that a simulated cluster looked like."""
    around = {"simulated": "30 s", "baseline": "20 s", "profile": "nightly"}
    made = Again.of([run(choices=around, **SIMULATED)])
    assert made.command == "upgrade-e2e run --path v1.33,v1.34 --provider kind --profile nightly"
    patch = Again.of([run(path=("v1.34.3", "v1.34.4"), **SIMULATED)])
    assert "--path v1.34.3,v1.34.4 " in patch.command


def test_the_path_is_known_from_a_control_alone():
    advised = [step for step in steps(controls=(control(),)) if "upgrade-e2e run" in step]
    assert advised
    assert all(PLAIN in step for step in advised)


def test_without_any_run_the_versions_are_to_be_filled_in():
    assert any("--path VERSION,VERSION --artifacts-dir" in step for step in steps())


def test_what_is_said_of_simulated_passes_says_so():
    decision = decide(ComparedRuns(candidates=(run(**SIMULATED), run(**SIMULATED))), QUICK)
    text = render_decision(decision)
    assert "all of this is about simulated passes" in text
    assert "every claim held in 2 simulated runs" in text
    assert "no passed simulated run" in text
    assert "of all simulated passes" in text
    assert "5 or more such runs of the candidate and of the baseline" in text
    assert "more runs" not in text
    one_side = (run(**SIMULATED), *(run(**SIMULATED) for _ in range(5)))
    text = render_decision(decide(ComparedRuns(one_side[:1], one_side[1:]), QUICK))
    assert "1 against 5 simulated runs are too few" in text


def test_a_simulated_control_alone_is_told_to_be_simulated():
    decision = decide(ComparedRuns((), controls=(control(**SIMULATED),)), QUICK)
    assert "simulated passes" in render_decision(decision)
