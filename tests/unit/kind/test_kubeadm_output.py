"""What kubeadm says when it refuses, and when it keeps CoreDNS."""

from __future__ import annotations

from upgrade_e2e.providers.kind.kubeadm_output import KeptCoreDns, phase_error, preflight_errors

UNKNOWN_DNS = """\
[upgrade/preflight] Running preflight checks
\t[WARNING SystemVerification]: cgroups v1 support is in maintenance mode
[preflight] Some fatal errors occurred:
\t[ERROR CoreDNSUnsupportedPlugins]: start version '1.12.0-corp.7' not supported
\t[ERROR CoreDNSMigration]: CoreDNS will not be upgraded: start version '1.12.0-corp.7' not \
supported
[preflight] If you know what you are doing, you can make a check non-fatal with \
`--ignore-preflight-errors=...`
error: error execution phase preflight: preflight checks failed
To see the stack trace of this error execute with --v=5 or higher
"""
PLUGIN = """\
[preflight] The corefile contains plugins that kubeadm/CoreDNS does not know how to migrate.
[preflight] Some fatal errors occurred:
\t[ERROR CoreDNSUnsupportedPlugins]: CoreDNS cannot migrate the following plugins:
[Plugin "grpc" is unsupported by this migration tool in 1.12.1.]
[preflight] If you know what you are doing, you can make a check non-fatal
error: error execution phase preflight: preflight checks failed
"""
JOB = """\
[upgrade] Running cluster health checks
[preflight] Some fatal errors occurred:
\t[ERROR CreateJob]: could not create Job "upgrade-health-check-1" in the namespace "kube-system": \
Internal error occurred: failed calling webhook "jobs.guard.test": failed to call webhook: \
Post "https://nobody.default.svc:443/?timeout=3s": service "nobody" not found
[preflight] If you know what you are doing, you can make a check non-fatal
error: error execution phase preflight: preflight checks failed
"""
PHASE = """\
[upgrade/staticpods] Preparing for "etcd" upgrade
error: error execution phase addon/coredns: unable to get list of changes to the configuration.: \
start version '1.12.0-corp.7' not supported
To see the stack trace of this error execute with --v=5 or higher
"""
KEPT = (
    "W1128 14:00:00.000000  77 dns.go:232] the CoreDNS Configuration was not migrated: unable to "
    "migrate CoreDNS ConfigMap: unexpected end of file. The existing CoreDNS Corefile "
    "configuration has been retained."
)


def test_each_preflight_error_is_one_line():
    assert preflight_errors(UNKNOWN_DNS) == [
        "[ERROR CoreDNSUnsupportedPlugins]: start version '1.12.0-corp.7' not supported",
        "[ERROR CoreDNSMigration]: CoreDNS will not be upgraded: start version '1.12.0-corp.7' not "
        "supported",
    ]


def test_an_error_of_several_lines_is_whole():
    assert preflight_errors(PLUGIN) == [
        "[ERROR CoreDNSUnsupportedPlugins]: CoreDNS cannot migrate the following plugins: "
        '[Plugin "grpc" is unsupported by this migration tool in 1.12.1.]'
    ]


def test_the_webhook_that_refuses_the_job_is_named():
    (error,) = preflight_errors(JOB)
    assert error.startswith("[ERROR CreateJob]: could not create Job")
    assert 'failed calling webhook "jobs.guard.test"' in error
    assert "preflight checks failed" not in error


def test_a_phase_that_failed_has_its_reason():
    assert preflight_errors(PHASE) == []
    assert phase_error(PHASE) == (
        "error execution phase addon/coredns: unable to get list of changes to the configuration.: "
        "start version '1.12.0-corp.7' not supported"
    )


def test_output_without_an_error_has_no_reason():
    for output in ("[upgrade] Backing up\nkilled\n", ""):
        assert preflight_errors(output) == []
        assert phase_error(output) == ""


def test_coredns_that_is_kept_has_its_reason():
    kept = KeptCoreDns()
    for line in ("[addons] Applied essential addon: CoreDNS", KEPT):
        kept.read(line)
    assert kept.why == "unable to migrate CoreDNS ConfigMap: unexpected end of file"


def test_coredns_that_is_rolled_is_not_kept():
    kept = KeptCoreDns()
    for line in UNKNOWN_DNS.splitlines():
        kept.read(line)
    assert kept.why == ""
