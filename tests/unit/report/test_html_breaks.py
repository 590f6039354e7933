"""Names break at underscores, and text stays text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from upgrade_e2e.report.html.breaks import breakable

HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("test_no_pod is stuck", "test_<wbr>no_<wbr>pod is stuck"),
        ("__init__", "__<wbr>init__"),
        ("e2e-control-plane v1.33.13->v1.34.4", "e2e-control-plane v1.33.13-&gt;v1.34.4"),
        ("at 12:30/a", "at 12:30/a"),
        ("web.upgrade-e2e.svc", "web.upgrade-e2e.svc"),
        (
            "kubernetes.default.svc.cluster.local.;",
            "kubernetes.<wbr>default.<wbr>svc.<wbr>cluster.<wbr>local.<wbr>;",
        ),
        (
            f"registry.example.com/agent@{HASH}",
            f'registry.<wbr>example.<wbr>com/<wbr>agent@<wbr><span class="long">{HASH}</span>',
        ),
        ("<b>_x\n  y", "&lt;b&gt;_<wbr>x\n  y"),
    ],
)
def test_where_text_may_break(text, html):
    assert breakable(text) == html


@given(st.text())
def test_what_is_read_and_copied_is_the_text_itself(text):
    html = str(breakable(text))
    plain = re.sub(r'<wbr>|<span class="long">|</span>', "", html)
    assert plain == str(escape(text))
