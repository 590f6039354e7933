"""The agent's command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .admin_endpoint import AdminEndpoint
from .machine import end_with, raise_limits, raise_priority, tune_gc, write_ready
from .place import at_node
from .prober import Prober
from .reactor import Reactor, ReactorLoop
from .workload import Workload

DEPLOYMENTS = ("webhook", "credentials", "trial")
"""The commands that need no event loop."""


async def serve(args: argparse.Namespace, reactor: Reactor) -> None:
    """Be the workload until SIGTERM."""
    site = Workload(args, reactor)
    loop = asyncio.get_running_loop()
    if args.warm_up_s:
        await asyncio.sleep(args.warm_up_s)  # SIGTERM ends it at once: it serves nobody yet
    site.listen()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, site.on_term)
    write_ready(args.ready_file, site.port)
    tune_gc()
    await site.ended.wait()


async def probe(args: argparse.Namespace, reactor: Reactor) -> None:
    """Probe until SIGTERM or the end of the owner, then write down what is left."""
    raise_limits()
    raise_priority(args.priority)
    spec = json.loads(Path(args.spec).read_text())
    spec["streams"] = at_node(spec["streams"], os.environ)
    prober = Prober(spec, Path(args.spool), reactor)
    endpoint = AdminEndpoint(args.listen, spec.get("token", ""), prober, reactor)
    endpoint.listen()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    end_with(args.owner_pid, ended)
    write_ready(args.ready_file, endpoint.port)
    tune_gc()
    prober.start()
    await ended.wait()
    await prober.flush()


def serve_deployments(args: argparse.Namespace) -> None:
    """Be one of the programs behind the small Deployments that come and go; until SIGTERM."""
    from .credentials import be_provider  # noqa: PLC0415 - probers need none of these
    from .trial import be_trial  # noqa: PLC0415
    from .webhook import be_webhook  # noqa: PLC0415

    {"webhook": be_webhook, "credentials": be_provider, "trial": be_trial}[args.command](args)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="agent", description="upgrade-e2e agent: workload server, prober, and what they need"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="a small web service")
    server.add_argument("--bind", default="0.0.0.0:8080", help="HOST:PORT")
    server.add_argument("--on-term", choices=("exit", "drain"), default="drain")
    server.add_argument("--drain-s", type=float, default=10.0, help="longest time to drain")
    server.add_argument("--warm-up-s", type=float, default=0.0, help="time before it listens")
    server.add_argument("--work-ms", type=float, default=0.0, help="time that each answer takes")
    server.add_argument("--plantable", action="store_true", help="allow POST /outage")
    prober = commands.add_parser("probe", help="send probes")
    prober.add_argument("--spec", required=True, help="file with the streams (JSON)")
    prober.add_argument("--spool", required=True, help="folder for the samples")
    prober.add_argument("--listen", default="0.0.0.0:9464", help="HOST:PORT of the admin endpoint")
    prober.add_argument("--owner-pid", type=int, default=0, help="end when this process ends")
    prober.add_argument("--priority", choices=("rr", "nice", "none"), default="rr")
    _add_deployments(commands)
    for command in commands.choices.values():
        command.add_argument("--ready-file", default="", help="written when listening: port, pid")
    return parser.parse_args(argv)


def _add_deployments(commands: Any) -> None:
    """The programs of small Deployments that come and go."""
    webhook = commands.add_parser("webhook", help="inject what a pod needs for a credential")
    webhook.add_argument("--cert-file", required=True, help="its certificate (PEM)")
    webhook.add_argument("--key-file", required=True, help="the key of the certificate (PEM)")
    webhook.add_argument("--provider", required=True, help="URL of the credential provider")
    credentials = commands.add_parser("credentials", help="give credentials for tokens")
    credentials.add_argument("--signing-key", required=True, help="private JSON web key (file)")
    credentials.add_argument("--keys-url", default="", help="where the cluster shows its keys")
    credentials.add_argument("--account", default="", help="folder with token and ca.crt")
    for command in (webhook, credentials):
        command.add_argument("--audience", required=True, help="whom tokens are meant for")
    trial = commands.add_parser("trial", help="get a credential and answer with it")
    for command in (webhook, credentials, trial):
        command.add_argument("--bind", default="0.0.0.0:8080", help="HOST:PORT")


def main(argv: Sequence[str] | None = None) -> None:
    """Run one of the commands; without `argv`, the one of this process."""
    args = parse_args(argv)
    if args.command in DEPLOYMENTS:
        serve_deployments(args)
        return
    loop = ReactorLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run({"serve": serve, "probe": probe}[args.command](args, loop.reactor))
