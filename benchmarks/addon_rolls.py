"""What rolling CoreDNS and kube-proxy does to lookups: both at once, as kubeadm does, or apart.

    python benchmarks/addon_rolls.py v1.34.4 v1.35.4 --times 8

Makes the cluster of a plain pass at the first version, with the lookups of the scenario
`dns_latency`. In place of the upgrade it replaces the pods of the addons again and again, in turn
in each of four ways, and changes nothing else:

    dns    CoreDNS alone
    proxy  kube-proxy alone
    both   both at the same moment, as `kubeadm upgrade apply` does
    apart  kube-proxy first, and CoreDNS once that is done

Prints what each roll did: lookups that failed, and the longest time that a client with a kept
socket had no answer, by node. Artifacts, with all samples, go to `--into`.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path as FilePath

sys.path.insert(0, str(FilePath(__file__).parent.parent))

from benchmarks.without_upgrade import run_without_upgrade
from scenarios import test_dns_latency
from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, retry_api
from upgrade_e2e.cluster.rollout import ADDONS, addon_rollouts
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import duration
from upgrade_e2e.judge import view_of
from upgrade_e2e.run.saved import load_pass
from upgrade_e2e.timeline import Timeline
from upgrade_e2e.upgrade import Step
from upgrade_e2e.wait import Deadline, wait_for

ROLL = "roll"
WAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "dns": (("coredns",),),
    "proxy": (("kube-proxy",),),
    "both": (("coredns", "kube-proxy"),),
    "apart": (("kube-proxy",), ("coredns",)),
}
"""Which addons are rolled together, one group after the other."""
WHOLE = Deadline(180.0, every_s=0.5, in_a_row=2)


def roll(step: Step, cluster: Cluster) -> None:
    """Replace the pods of addons, and leave the cluster alone for a while."""
    for group in WAYS[step.params["way"]]:
        for addon in group:
            _restart(cluster, addon, step.name)
        _wait_until_whole(cluster)
    time.sleep(float(step.params["quiet_s"]))


def _restart(cluster: Cluster, addon: str, mark: str) -> None:
    """A new pod template, as an upgrade gives one."""
    patch = {"spec": {"template": {"metadata": {"annotations": {"upgrade-e2e/rolled-for": mark}}}}}
    retry_api(
        lambda: cluster.api.request(
            "PATCH", ADDONS[addon], body=patch, content_type="application/merge-patch+json"
        )
    )


def _wait_until_whole(cluster: Cluster) -> None:
    wait_for(
        "addons that are rolled",
        lambda: [name for name, one in addon_rollouts(cluster).items() if not one.is_whole],
        lambda left: not left,
        WHOLE,
        transient=TRANSIENT_API_ERRORS,
    )


def rolls(times: int, quiet_s: float) -> tuple[Step, ...]:
    """One roll in each way, again and again."""
    return tuple(
        Step(ROLL, 600, about=f"{way} {number}", params={"way": way, "quiet_s": str(quiet_s)})
        for number in range(1, times + 1)
        for way in WAYS
    )


def rows(timeline: Timeline) -> Iterator[str]:
    """One line of Markdown for each roll."""
    yield "| Roll | took | lookups failed | failed twice, 5 s apart | kept socket silent, by node |"
    yield "|---|---|---|---|---|"
    seen = view_of(timeline, "dns")
    for span in (span for span in timeline.spans if span.kind == ROLL):
        during = seen.during(span.name)
        fresh, kept = during.without(connection="reused"), during.only(connection="reused")
        silent = []
        for node, one in kept.by_node().items():
            with contextlib.suppress(Inconclusive):
                silent.append(f"{node.rpartition('-')[2]} {duration(one.longest_silence_s)}")
        took = duration(span.end_s - span.start_s)
        yield (
            f"| {span.name} | {took} | {fresh.failures} of {fresh.count} "
            f"| {fresh.retried().failures} | {', '.join(silent)} |"
        )


def main() -> None:
    """Run the pass and print what each roll did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version")
    parser.add_argument("target")
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--quiet", type=float, default=8.0, help="seconds after each roll")
    parser.add_argument("--into", type=FilePath, default=None)
    given = parser.parse_args()
    folder = given.into or FilePath(tempfile.mkdtemp(prefix="addon-rolls-"))
    run_without_upgrade(
        (given.version, given.target),
        rolls(given.times, given.quiet),
        roll,
        (test_dns_latency.LOOKUPS,),
        folder,
    )
    print("\n".join(rows(load_pass(folder).timeline)))


if __name__ == "__main__":
    main()
