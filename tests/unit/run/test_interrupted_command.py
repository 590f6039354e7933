"""An interrupt that comes before a command has begun ends it with 130, as one that comes later."""

from __future__ import annotations

from click.testing import CliRunner

from upgrade_e2e import cli


def test_an_interrupt_while_a_command_is_loaded(monkeypatch):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)
    done = CliRunner().invoke(cli.main, ["run"])
    assert done.exit_code == 130
    assert "interrupted" in done.stderr
