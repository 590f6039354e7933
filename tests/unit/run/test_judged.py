"""A pass from its plan to its record: every way in which it can end, on a fake provider."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys

import pytest

from tests.unit.run.fake_provider import BRIEF, OUTAGE_S, FakeProvider, Heartbeat, fake_plan
from upgrade_e2e.cluster.room import CONTROL_PLANE_TAINT, Room
from upgrade_e2e.errors import (
    BadInput,
    Blocked,
    ClusterGone,
    ClusterNotMade,
    E2eError,
    Inconclusive,
)
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.observers import (
    BackupPlace,
    EtcdBackup,
    GuardPair,
    GuardRails,
    HttpService,
    NewPodsNetwork,
    Wanted,
)
from upgrade_e2e.report import load_record, load_timeline
from upgrade_e2e.run import Claim, JudgedPass, pass_, run_pass, undoing
from upgrade_e2e.run.exit_codes import code_of_runs
from upgrade_e2e.run.progress import Silence
from upgrade_e2e.upgrade import Fault, Step
from upgrade_e2e.upgrade.executor import THE_STEP

CONTROL = {"key": CONTROL_PLANE_TAINT, "effect": "NoSchedule"}
GOOD, BAD = Heartbeat("good"), Heartbeat("bad", misses=True)
ARTIFACTS = ("run.json", "summary.md", "report.html", "trace.json")


def steady(upgraded, limits):
    """Good news."""
    seen = upgraded.saw(GOOD)
    assert seen.failure_ratio == 0.0, seen.explain()


def unbroken(upgraded, limits):
    """Bad news."""
    seen = upgraded.saw(BAD)
    assert seen.failure_ratio == 0.0, seen.explain()


def blind(upgraded, limits):
    """An instrument that saw nothing."""
    raise Inconclusive("it was dark")


def mistyped(upgraded, limits):
    """A check with a typo."""
    return upgarded  # noqa: F821 - this is the point


def misnamed(upgraded, limits):
    """A check that asks for a stream that is not there."""
    upgraded.saw(GOOD).only(stream="neww")


class NotHereError(Exception):
    """A requirement is missing."""


def unfit(upgraded, limits):
    """A check that needs what this pass lacks."""
    raise NotHereError("needs three control planes")


def claim(check, *observers):
    """A claim that is called like its check."""
    return Claim(check.__name__, check.__doc__, check, observers)


HOLDS, BREAKS = claim(steady, GOOD), claim(unbroken, BAD)


@dataclasses.dataclass
class Told(Silence):
    """Progress that remembers each sentence."""

    sentences: list = dataclasses.field(default_factory=list)

    def say(self, sentence):
        """Remember it."""
        self.sentences.append(sentence)


def judged_pass(folder, *, keep="never", **failures):
    """A pass that is about to run; `failures` are errors by the first word of their step."""
    at = {f"{kind} cp" if kind != "create" else kind: error for kind, error in failures.items()}
    return JudgedPass(
        plan=fake_plan(),
        settings=dataclasses.replace(BRIEF, keep=keep),
        limits=Limits.default(),
        folder=folder,
        provider=FakeProvider(folder / "work", at),
    )


def scenario(record, check):
    """What the record says of one claim."""
    return next(result for result in record.scenarios if result.name == check.__name__)


def test_a_pass_in_which_the_claims_hold_leaves_everything(tmp_path):
    judged = judged_pass(tmp_path)
    record = run_pass(judged, [HOLDS])
    assert (record.verdict, record.cluster_made, record.refused) == (Verdict.PASS, True, False)
    assert scenario(record, steady).observers == ("good",)
    assert load_record(tmp_path) == record
    assert {name for name in ARTIFACTS if (tmp_path / name).is_file()} == set(ARTIFACTS)
    assert set(load_timeline(tmp_path).samples) == {"good"}
    assert judged.provider.calls == {"create": 1, "apply cp": 1, "drain cp": 1, "delete": 1}


def test_the_steps_are_spans_in_order_and_settling_is_watched(tmp_path):
    record = run_pass(judged_pass(tmp_path), [HOLDS])
    names = [span.name for span in record.spans]
    wanted = [
        "create",
        "create: boot",
        "deploy",
        "watch-before",
        "apply cp",
        "drain cp",
        "watch-after",
    ]
    assert [name for name in names if name in wanted] == wanted
    after = next(span for span in record.spans if span.name == "watch-after")
    assert record.watched.start_s <= after.start_s
    assert after.end_s <= record.watched.end_s
    assert record.watched.duration_s >= BRIEF.watch_after_s


def test_where_workloads_may_run_is_read_from_the_nodes_and_is_a_choice(tmp_path):
    judged = judged_pass(tmp_path)
    assert "watched-workloads" not in run_pass(judged, [HOLDS]).choices
    tainted = judged_pass(tmp_path)
    tainted.provider.taints["cp"] = [CONTROL]
    record = run_pass(tainted, [HOLDS])
    assert "worker is the only node" in record.choices["watched-workloads"]
    assert "worker is the only node" in (tmp_path / "summary.md").read_text()


def test_what_the_plan_expected_of_the_nodes_gives_way_to_what_they_are(tmp_path):
    judged = judged_pass(tmp_path)
    choices = {"watched-workloads": "may run on control planes too", "single-node": "no drain"}
    judged.plan = dataclasses.replace(judged.plan, choices=choices)
    assert run_pass(judged, [HOLDS]).choices.keys() >= {"single-node"}
    assert "watched-workloads" not in load_record(tmp_path).choices


def test_a_cluster_in_which_our_own_budget_would_block_a_drain_is_not_upgraded(tmp_path):
    judged = judged_pass(tmp_path)
    judged.provider.taints["worker"] = [{**CONTROL, "key": "dedicated"}]
    record = run_pass(judged, [claim(steady, HttpService())])
    assert (record.verdict, record.refused) == (Verdict.INCONCLUSIVE, True)
    assert "`drain cp` would wait for the budget" in record.reason
    assert code_of_runs([record]) == 2
    assert judged.provider.calls == {"create": 1, "delete": 1}


def test_a_plan_in_which_our_own_budget_would_block_a_drain_makes_no_cluster(tmp_path):
    judged = judged_pass(tmp_path)
    room = Room.planned(["cp"], ["worker"], {"worker": [{**CONTROL, "key": "dedicated"}]})
    judged.plan = dataclasses.replace(judged.plan, room=room)
    with pytest.raises(BadInput, match="`drain cp` would wait for the budget"):
        run_pass(judged, [claim(steady, HttpService())])
    assert judged.provider.calls == {}


@pytest.mark.parametrize("observer", [HttpService(), NewPodsNetwork()])
def test_a_node_joins_where_pods_on_new_nodes_are_watched(tmp_path, observer):
    judged = judged_pass(tmp_path)
    plan = judged.plan
    joins = dataclasses.replace(plan, upgrade=(*plan.upgrade, Step("join-node", 60.0, "worker")))
    judged.plan = joins
    judged.claims.expect("it", "It holds.", [Wanted(observer)])
    judged.check()
    assert judged.plan == (joins if isinstance(observer, NewPodsNetwork) else plan)


def test_a_broken_claim_is_fail_and_says_what_was_seen(tmp_path):
    record = run_pass(judged_pass(tmp_path), [HOLDS, BREAKS])
    assert (record.verdict, record.reason) == (Verdict.FAIL, 'Broken: "Bad news" (unbroken).')
    assert scenario(record, steady).verdict is Verdict.PASS
    told = scenario(record, unbroken)
    assert told.verdict is Verdict.FAIL
    assert "refused" in told.explanation
    assert "<h1>FAIL</h1>" in (tmp_path / "report.html").read_text()
    figures = {result.name: result for result in record.observers}
    assert (figures["good"].failures, figures["bad"].outage_count) == (0, 1)
    assert figures["bad"].downtime_s == pytest.approx(OUTAGE_S, rel=0.2)


def test_an_instrument_that_was_blind_is_inconclusive(tmp_path):
    record = run_pass(judged_pass(tmp_path), [HOLDS, claim(blind)])
    assert record.verdict is Verdict.INCONCLUSIVE
    assert record.reason == 'Cannot tell: "An instrument that saw nothing" (blind).'
    assert scenario(record, blind).explanation == "it was dark"


@pytest.mark.parametrize(
    ("check", "told"),
    [(mistyped, "NameError: name 'upgarded' is not defined"), (misnamed, "has no stream with")],
)
def test_a_check_that_does_not_work_is_inconclusive(tmp_path, check, told):
    record = run_pass(judged_pass(tmp_path), [HOLDS, claim(check, GOOD)])
    assert record.verdict is Verdict.INCONCLUSIVE
    result = scenario(record, check)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.explanation.startswith("the scenario itself is broken: ")
    assert told in result.explanation
    assert f"in {check.__name__}" in result.traceback
    assert scenario(record, steady).traceback == ""


def test_a_claim_that_cannot_be_asked_here_is_skipped(tmp_path):
    claims = [HOLDS, claim(unfit)]
    record = run_pass(judged_pass(tmp_path), claims, skips=(NotHereError,))
    assert record.verdict is Verdict.PASS
    skipped = scenario(record, unfit)
    assert (skipped.verdict, skipped.explanation) == (Verdict.SKIP, "needs three control planes")


def test_a_pass_without_claims_proves_nothing(tmp_path):
    record = run_pass(judged_pass(tmp_path), [])
    assert record.verdict is Verdict.INCONCLUSIVE
    assert "no scenario was judged" in record.reason


def test_a_failed_step_ends_the_upgrade_and_is_fail(tmp_path):
    judged = judged_pass(tmp_path, apply=E2eError("no room"))
    record = run_pass(judged, [HOLDS])
    assert record.verdict is Verdict.FAIL
    assert record.failed_step.step == "apply cp"
    assert "no room" in record.failed_step.reason
    assert scenario(record, steady).verdict is Verdict.PASS  # it watched, and holds
    assert judged.provider.calls["drain cp"] == 0
    assert (judged.provider.calls["export-logs"], judged.provider.calls["delete"]) == (1, 1)


def test_a_cluster_that_goes_away_leaves_nothing_to_judge(tmp_path):
    judged = judged_pass(tmp_path, drain=ClusterGone("it ended"))
    record = run_pass(judged, [HOLDS])
    assert record.verdict is Verdict.FAIL  # by its failed step
    assert "it ended" in record.failed_step.reason
    assert scenario(record, steady).verdict is Verdict.INCONCLUSIVE
    assert judged.provider.calls["delete"] == 1


def test_a_cluster_that_was_not_made_is_inconclusive(tmp_path):
    judged = judged_pass(tmp_path, create=ClusterNotMade("there is no disk"))
    record = run_pass(judged, [HOLDS])
    assert (record.verdict, record.reason) == (Verdict.INCONCLUSIVE, "there is no disk")
    assert (record.cluster_made, record.refused) == (False, False)
    assert scenario(record, steady).verdict is Verdict.INCONCLUSIVE
    assert judged.trouble == "there is no disk"
    assert code_of_runs([record]) == 4
    assert "there is no disk" in (tmp_path / "report.html").read_text()


def test_what_the_provider_refuses_is_refused(tmp_path):
    record = run_pass(judged_pass(tmp_path, create=BadInput("there is no such image")), [HOLDS])
    assert (record.refused, record.cluster_made) == (True, False)
    assert record.reason == "there is no such image"
    assert code_of_runs([record]) == 2


@pytest.mark.parametrize("thing", [42, Heartbeat, None, [GOOD]])
def test_what_is_no_observer_is_refused_before_anything_is_made(tmp_path, thing):
    judged = judged_pass(tmp_path)
    with pytest.raises(BadInput, match=r"steady observes .* which is no observer"):
        run_pass(judged, [claim(steady, thing)])
    assert not judged.provider.calls


def test_a_fault_that_changes_nothing_is_refused_before_anything_is_made(tmp_path):
    judged = judged_pass(tmp_path)
    judged.settings = dataclasses.replace(BRIEF, faults=(Fault("no-prestop"),))
    with pytest.raises(BadInput, match="no-prestop"):
        run_pass(judged, [HOLDS])
    assert not judged.provider.calls


def test_policies_that_nobody_watches_are_refused_before_anything_is_made(tmp_path):
    judged = judged_pass(tmp_path)
    pair = GuardPair("tags", "tags.yaml", "{}", "[]", "must have a tag")
    judged.settings = dataclasses.replace(BRIEF, guards=(pair,))
    with pytest.raises(BadInput, match=r"tags\.yaml would be left out in silence"):
        run_pass(judged, [HOLDS])
    assert not judged.provider.calls


def test_an_observer_that_has_nothing_to_watch_is_not_in_what_was_seen(tmp_path):
    """The made-up cluster serves no ValidatingAdmissionPolicy."""
    guards = GuardRails()

    def absent(upgraded, limits):
        """Nothing was watched."""
        assert "guard" not in upgraded.timeline.samples
        upgraded.saw(guards)

    record = run_pass(judged_pass(tmp_path), [HOLDS, claim(absent, guards)])
    told = scenario(record, absent)
    assert told.verdict is Verdict.INCONCLUSIVE
    assert "this pass did not run GuardRails" in told.explanation
    assert [seen.name for seen in record.observers] == ["good"]


def test_a_bug_of_the_provider_is_raised_and_recorded(tmp_path):
    judged = judged_pass(tmp_path, create=RuntimeError("off by one"))
    with pytest.raises(RuntimeError, match="off by one"):
        run_pass(judged, [HOLDS])
    record = load_record(tmp_path)
    assert (record.verdict, record.cluster_made) == (Verdict.INCONCLUSIVE, False)
    assert record.reason == "RuntimeError: off by one"


@pytest.mark.parametrize(("kind", "made"), [("create", False), ("drain", True)])
def test_an_interruption_is_recorded_and_leaves_no_cluster(tmp_path, kind, made):
    judged = judged_pass(tmp_path, **{kind: KeyboardInterrupt("SIGTERM")})
    with pytest.raises(KeyboardInterrupt):
        run_pass(judged, [HOLDS])
    record = load_record(tmp_path)
    assert (record.verdict, record.reason) == (Verdict.INCONCLUSIVE, "interrupted by SIGTERM")
    assert record.cluster_made is made
    assert scenario(record, steady).verdict is Verdict.INCONCLUSIVE
    assert record.spans[-1].error == "interrupted" or not made
    assert judged.provider.calls["delete"] == 1
    assert json.loads((tmp_path / "trace.json").read_text())


@dataclasses.dataclass
class Undone:
    """What a pass did at its end to a cluster that stays; `trouble` is raised by the deletion."""

    did: list = dataclasses.field(default_factory=list)
    trouble: Exception | None = None

    def remove(self):
        """Stands in for the deletion of what was deployed."""
        self.did.append("removed")
        if self.trouble is not None:
            raise self.trouble

    def put_back(self, faults, cluster):
        """Stands in for taking faults back."""
        self.did.append("put back")


@pytest.fixture
def undone(monkeypatch):
    """Remembers what is undone."""
    made = Undone()
    monkeypatch.setattr(pass_.Observation, "remove", lambda _: made.remove())
    monkeypatch.setattr(undoing, "put_back", made.put_back)
    return made


def reusing(folder, **failures):
    """A pass that is about to run in a cluster that stays."""
    judged = judged_pass(folder, **failures)
    return dataclasses.replace(
        judged, settings=dataclasses.replace(judged.settings, reuse_cluster="theirs")
    )


@pytest.mark.parametrize("failures", [{}, {"drain": E2eError("no")}])
def test_in_a_cluster_that_stays_all_is_undone(tmp_path, undone, failures):
    run_pass(reusing(tmp_path, **failures), [HOLDS])
    assert undone.did == ["removed", "put back"]


def test_an_interruption_undoes_it_too(tmp_path, undone):
    with pytest.raises(KeyboardInterrupt):
        run_pass(reusing(tmp_path, drain=KeyboardInterrupt()), [HOLDS])
    assert undone.did == ["removed", "put back"]


def test_faults_are_taken_back_though_nothing_was_deployed_yet(tmp_path, undone, monkeypatch):
    def unread(cluster):
        raise E2eError("no answer")

    monkeypatch.setattr(pass_, "read_facts", unread)
    run_pass(reusing(tmp_path), [HOLDS])
    assert undone.did == ["put back"]


def test_faults_are_taken_back_though_something_cannot_be_deleted(tmp_path, undone):
    undone.trouble = E2eError("a webhook is in the way")
    progress = Told()
    run_pass(reusing(tmp_path), [HOLDS], progress)
    assert undone.did == ["removed", "put back"]
    assert "the cluster is not as it was before: a webhook is in the way" in progress.sentences


def test_a_cluster_of_our_own_is_just_deleted(tmp_path, undone):
    run_pass(judged_pass(tmp_path), [HOLDS])
    assert undone.did == []


@pytest.mark.parametrize(
    ("keep", "claims", "kept"),
    [
        ("never", [HOLDS], False),
        ("never", [BREAKS], False),
        ("on-failure", [HOLDS], False),
        ("on-failure", [BREAKS], True),
        ("on-failure", [claim(blind)], True),
        ("always", [HOLDS], True),
    ],
)
def test_what_happens_to_the_cluster(tmp_path, keep, claims, kept):
    judged, told = judged_pass(tmp_path, keep=keep), Told()
    run_pass(judged, claims, told)
    calls = judged.provider.calls
    assert (calls["keep"], calls["delete"]) == ((1, 0) if kept else (0, 1))
    assert any("export KUBECONFIG=" in sentence for sentence in told.sentences) is kept


def test_a_cluster_that_was_never_there_is_not_kept(tmp_path):
    judged = judged_pass(tmp_path, keep="always", create=ClusterNotMade("there is no disk"))
    run_pass(judged, [HOLDS])
    assert (judged.provider.calls["keep"], judged.provider.calls["delete"]) == (0, 1)


def test_a_deletion_that_fails_is_said_and_undoes_no_verdict(tmp_path):
    judged, told = judged_pass(tmp_path), Told()
    judged.provider.failures["delete"] = E2eError("docker is gone")
    assert run_pass(judged, [HOLDS], told).verdict is Verdict.PASS
    assert any("docker is gone" in sentence for sentence in told.sentences)
    assert any("upgrade-e2e sweep" in sentence for sentence in told.sentences)


def test_a_second_pass_in_the_same_folder_leaves_nothing_of_the_first(tmp_path):
    first = run_pass(judged_pass(tmp_path), [HOLDS, BREAKS])
    assert set(load_timeline(tmp_path).samples) == {"good", "bad"}
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "old.log").touch()
    (tmp_path / "junit.xml").touch()
    second = run_pass(judged_pass(tmp_path, create=ClusterNotMade("no disk")), [HOLDS])
    assert load_record(tmp_path) == second
    assert second.run_id != first.run_id
    assert not (tmp_path / "samples").exists()
    assert not (tmp_path / "logs").exists()
    assert (tmp_path / "junit.xml").exists()  # not one of ours to delete
    assert "unbroken" not in (tmp_path / "report.html").read_text()


def test_claims_about_one_observer_share_it(tmp_path):
    judged = judged_pass(tmp_path)
    again = Claim("again", "The same heart.", steady, (Heartbeat("good"),))
    record = run_pass(judged, [HOLDS, again])
    assert [result.name for result in record.observers] == ["good"]
    assert [result.verdict for result in record.scenarios] == [Verdict.PASS] * 2


def test_nothing_is_written_of_a_pass_that_was_not_run(tmp_path):
    judged = judged_pass(tmp_path)
    judged.claims.expect("steady", "It beats.", [Wanted(GOOD)])
    with pytest.raises(BadInput, match="has not been run yet"):
        judged.write()
    assert list(tmp_path.iterdir()) == []


def test_a_place_for_snapshots_that_nobody_takes_is_said_when_the_pass_begins(tmp_path):
    judged, progress = judged_pass(tmp_path), Told()
    place = BackupPlace(str(tmp_path / "backups"))
    judged.settings = dataclasses.replace(judged.settings, backup_place=place)
    run_pass(judged, [HOLDS], progress)
    assert progress.sentences[0].startswith(f"Nothing is stored in {place.into} (--backup-into): ")


def test_a_bucket_that_does_not_answer_is_refused_before_there_is_a_cluster(tmp_path, monkeypatch):
    def silent(place):
        raise BadInput(f"{place.into} cannot be used: no route.")

    monkeypatch.setattr(BackupPlace, "require_answer", silent)
    judged = judged_pass(tmp_path)
    judged.settings = dataclasses.replace(
        judged.settings, backup_place=BackupPlace("s3://backups/x"), provider="kind"
    )
    with pytest.raises(BadInput, match="s3://backups/x cannot be used"):
        run_pass(judged, [claim(steady, EtcdBackup())])
    assert judged.provider.calls == {}


def test_a_missing_boto3_is_refused_before_there_is_a_cluster(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    judged = judged_pass(tmp_path)
    judged.settings = dataclasses.replace(
        judged.settings, backup_place=BackupPlace("s3://backups/x"), provider="kind"
    )
    with pytest.raises(BadInput, match=r"pip install 'upgrade-e2e\[s3\]'"):
        run_pass(judged, [claim(steady, EtcdBackup())])
    assert judged.provider.calls == {}


def test_a_claim_that_nobody_ruled_on_is_inconclusive(tmp_path):
    judged = judged_pass(tmp_path)
    judged.claims.expect("steady", "It beats.", [Wanted(GOOD)])
    judged.check()
    with judged.evidence() as upgraded:
        assert upgraded.saw(GOOD).failures == 0
    record = judged.write()
    assert record.scenarios[0].verdict is Verdict.INCONCLUSIVE
    assert "not judged" in record.scenarios[0].explanation


class Asking(Silence):
    """Progress that asks for the status lines whenever a step begins."""

    def __init__(self):
        self.statuses, self.seen = dict, []

    @contextlib.contextmanager
    def watching(self, statuses):
        self.statuses = statuses
        yield
        self.statuses = dict

    def ended(self, span):
        self.seen.append(dict(self.statuses()))


def test_what_a_step_waits_for_is_among_the_statuses(tmp_path):
    judged = judged_pass(tmp_path)
    provider, progress = judged.provider, Asking()
    made = provider.create

    def create(plan, marks):
        provider.marks = marks
        return made(plan, marks)

    def perform(step, cluster):
        provider.marks.note(f"waits in {step.name}")
        assert progress.statuses()[THE_STEP] == f"waits in {step.name}"
        provider.calls[step.name] += 1

    provider.create, provider.perform = create, perform
    record = run_pass(judged, [HOLDS], progress)
    assert record.failed_step is None
    assert provider.calls["drain cp"] == 1
    assert all(THE_STEP not in lines for lines in progress.seen)


def test_the_reason_of_the_verdict_has_the_first_line_of_the_failed_step(tmp_path):
    blocked = Blocked("shop/cart is held by budget shop/cart: minAvailable 1 of 1\nmore")
    record = run_pass(judged_pass(tmp_path, drain=blocked), [HOLDS])
    assert record.reason == (
        "The step 'drain cp' failed: shop/cart is held by budget shop/cart: minAvailable 1 of 1"
    )
