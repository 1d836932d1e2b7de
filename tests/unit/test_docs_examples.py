"""The examples of the documentation, run as they stand: declarations, files, the rows they give, what is refused with which words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.lists_cases import built
from transforms.contracts import lake as contracts
from transforms.contracts.layouts import LAYOUTS, SOURCES
from transforms.core.places.geography import geography_table
from transforms.io import lake
from transforms.io.archives import BadFileError
from transforms.io.snapshot import take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import load_settings
from transforms.sources.conflicts import quarantine_files
from transforms.sources.ingest import ingest_partition
from transforms.sources.parse import parse_snapshot, years_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (*sorted((DOCS / "sources").glob("[a-z]*.md")), DOCS / "my-ministrys-file.md", DOCS / "a-layout-changed-overnight.md")
_BLOCK = re.compile(r"^```(\w+)[ ]?([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SINCE = re.compile(r"since = \d{4}-\d{2}-\d{2}")
_LAKE = {t.name: t for t in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS, contracts.QUARANTINE)}


@dataclass
class Reader:
    """What a reader of a page does, block by block: declares, hands a file over, looks."""

    home: Path
    folder: Path
    pending: list[Path] = field(default_factory=list)
    looked: int = 0

    def block(self, kind: str, said: str, text: str) -> None:
        options = dict(part.split("=", 1) for part in said.split() if "=" in part)
        if kind == "toml":
            with (self.home / "entrepot.toml").open("a", encoding="utf-8") as handle:
                handle.write(text)
        elif "name" in options:
            path = self.folder / options["name"]
            path.write_bytes(text.encode(options.get("encoding", "utf-8")))
            self.pending.append(path)
        elif said == "refused":
            with pytest.raises(BadFileError) as error:
                self.load(keep=True)
            found, told = (_SINCE.sub("since = TODAY", t) for t in (str(error.value), text.strip()))
            first, *rest = told.split("\n")
            assert found.startswith(first), found
            assert found.endswith("\n".join(rest)), found
            self.looked += 1
        elif "rows" in options:
            self.load()
            self.same(options["rows"], text)
            self.looked += 1

    def load(self, *, keep: bool = False) -> None:
        """Hand over what waits; what was refused may be handed over again once more is declared."""
        settings = load_settings(self.home, {})
        waiting, self.pending = self.pending, self.pending if keep else []
        for path in waiting:
            take_snapshot(path, settings)
        snapshots = live_snapshots(settings)
        for snapshot in snapshots:
            parse_snapshot(self.home, snapshot, snapshot.members[0])
            if snapshot.kind == "flows":
                files = list(quarantine_files(self.home, snapshot).files)
                lake.commit(self.home, contracts.QUARANTINE, {f"source={snapshot.source}/snapshot_id={snapshot.snapshot_id}": files})
        for source, years in years_of(self.home, snapshots).items():
            for year in sorted(years):
                mine = [s for s in snapshots if s.source == source and s.kind == "flows"]
                result = ingest_partition(self.home, settings.catalog.sources[source], year, mine)
                for table in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS):
                    files = [f for f in result.files if f.table == table.name]
                    lake.commit(self.home, table, {f"source={source}/year={year}": files})

    def given_pairs(self) -> list[dict[str, Any]]:
        """Rows of pair_geography that a file gives; the table holds all other pairs too."""
        snapshots = [s for s in live_snapshots(load_settings(self.home, {})) if s.kind == "distances"]
        return [r for r in geography_table(self.home, snapshots).to_pylist() if r["snapshot_id"]] if snapshots else []

    def same(self, table: str, text: str) -> None:
        header, *rows = ([cell.strip() for cell in re.split(r"\s{2,}", line.strip())] for line in text.strip().splitlines())
        found = lake.read(self.home, _LAKE[table]).to_pylist() if table in _LAKE else self.given_pairs() or built(self.home)[table]
        assert [[_shown(row[name]) for name in header] for row in found] == rows


def _shown(value: Any) -> str:
    return "NULL" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_examples_give_what_the_page_says(page: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    reader = Reader(home, tmp_path / "files")
    for match in _BLOCK.finditer(page.read_text("utf-8")):
        reader.block(*match.groups())
    assert reader.looked >= 2, "a page shows what a file gives, and what is refused"


def test_each_source_has_its_page_with_licence_and_layouts() -> None:
    for source in SOURCES.values():
        text = (DOCS / "sources" / f"{source.name}.md").read_text("utf-8")
        assert source.licence.split(" (")[0].lower() in text.lower(), source.name
        assert f'redistribution = "{source.redistribution}"' in text
        assert "entrepot run ~/" in text


def test_each_layout_stands_in_a_page() -> None:
    text = "".join(p.read_text("utf-8") for p in (DOCS / "sources").glob("*.md"))
    assert [name for name in LAYOUTS if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda p: p.stem)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
