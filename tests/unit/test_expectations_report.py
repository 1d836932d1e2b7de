"""The quality page: self-contained, escaped, readable where nothing has run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from expectations.report import quality_page
from transforms.contracts.records import CheckResult

PASSED = CheckResult("pair_totals", "year=2014", "key_is_unique", True, observed="0 rows fail", expected="one row per pair")
FAILED = CheckResult(
    "pair_totals", "year=2015", "not_null", False, "error", "period", "3 rows fail", "never NULL", 3, '[{"period": "<script>"}]'
)
WARNED = CheckResult("reported_flows", "source=comtrade/year=2014", "re_exports_within_exports", False, "warning", observed="1 rows fail")
VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Collects tags and checks that they close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(results: list[CheckResult], history: list[tuple[str, CheckResult]]) -> tuple[str, Tags]:
    html = quality_page(results, history, "Quality of 20260101-aaaaaaaa")
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    return html, tags


def test_the_page_loads_nothing_and_escapes_what_files_said() -> None:
    html, tags = page([PASSED, FAILED, WARNED], [])
    assert not re.search(r"https?:|src=|href=|url\(|@import", html)
    assert "script" not in tags.seen
    assert "&lt;script&gt;" in html
    assert "prefers-color-scheme: dark" in html


def test_failures_stand_first_and_are_counted() -> None:
    html, _ = page([PASSED, FAILED, WARNED], [])
    assert "1 passed" in html and "1 failed" in html and "1 warnings" in html
    not_passed = html[html.index("Not passed") : html.index("All checks")]
    assert "year=2015" in not_passed and "key_is_unique" not in not_passed
    assert not_passed.index("not_null") < not_passed.index("re_exports_within_exports")
    assert "0 of 1 partitions" in html and "1 of 1 partitions" in html


def test_history_shows_the_newest_run_first() -> None:
    html, _ = page([PASSED], [("20260101T000000-aa", FAILED), ("20260102T000000-bb", PASSED)])
    runs = html[html.index("<h2>Runs") :]
    assert runs.index("20260102T000000-bb") < runs.index("20260101T000000-aa")
    assert "Every check passed." in html


def test_nothing_run_is_not_success() -> None:
    html, _ = page([], [])
    assert "No check has run." in html and "Every check passed." not in html
    assert "No earlier run." in html


def test_a_long_sample_is_cut() -> None:
    html, _ = page([CheckResult("t", "", "c", False, sample="x" * 5000)], [])
    assert "x" * 1500 + " ..." in html and "x" * 1501 not in html
