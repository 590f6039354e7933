"""The script in docs/scripting.md does what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from upgrade_e2e.report import load_record

pytestmark = pytest.mark.quiet

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scripting.md"


def test_the_script_runs_a_pass_and_prints_its_verdict(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(block.splitlines()) <= 20
    (tmp_path / "script.py").write_text(block)
    argv = [sys.executable, "script.py"]
    done = subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    record = load_record(tmp_path / "artifacts")
    assert done.stdout.strip() == f"{record.verdict} {record.reason}"
    assert [result.name for result in record.scenarios] == ["dns"]
    assert (tmp_path / "artifacts" / "report.html").is_file()
