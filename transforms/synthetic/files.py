"""A synthetic world as files in real layouts, each with a sidecar that says it is synthetic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts.codes import BACI_EDITIONS
from transforms.synthetic import text
from transforms.synthetic.areas import Area, product_texts
from transforms.synthetic.bulk import Catalogue, Rows, file_parts, reporter_rows
from transforms.synthetic.monthly import REPORTER, make_months, truth_of, write_months
from transforms.synthetic.world import World

BACI_RELEASE = "202501"
BULK_RELEASE = "2025-01-15"
SIDECAR = ".entrepot.json"


def write_sidecar(path: Path, *, seed: int, source_release: str, edition: str | None = None) -> Path:
    """``<file>.entrepot.json`` beside a file: it is synthetic, complete, and free to pass on."""
    said: dict[str, object] = {
        "is_synthetic": True,
        "source_release": source_release,
        "licence": "CC0 (synthetic)",
        "attribution": f"Entrepôt synthetic world, seed {seed}",
        "redistribution": "open",
        "coverage": "complete",
    }
    if edition:
        said["edition"] = edition
    sidecar = path.with_name(path.name + SIDECAR)
    sidecar.write_text(json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    return sidecar


def bulk_name(reporter: str, edition: str, release: str, year: int | None = None, frequency: str = "A") -> str:
    """Name of a bulk file of one reporter, as Comtrade names them, but marked synthetic."""
    period = "" if year is None else f"{year}01"
    return f"COMTRADE-SYNTHETIC-C{frequency}{reporter.zfill(3)}{period}{edition}[{release}].gz"


def _by_year(rows: Rows) -> Iterator[tuple[int, Rows]]:
    for year in np.unique(rows.year).tolist():
        part = slice(*np.searchsorted(rows.year, [year, year + 1]).tolist())
        yield year, Rows(**{f.name: getattr(rows, f.name)[part] for f in fields(Rows)})


def write_comtrade_bulk(
    world: World, folder: Path, *, release: str = BULK_RELEASE, per: Literal["reporter", "reporter_year"] = "reporter"
) -> list[Path]:
    """The reports as Comtrade bulk files, one per reporter (or per reporter and year) that reports anything.

    Returns the data files in order; each has its sidecar beside it.
    """
    catalogue, partners, written = Catalogue(world.product_codes), world.partner_codes, []
    for position, area in enumerate(world.areas):
        rows = reporter_rows(world, catalogue, position)
        if not len(rows.year):
            continue
        parts: list[tuple[int | None, Rows]] = [(None, rows)] if per == "reporter" else list(_by_year(rows))
        for year, some in parts:
            path = folder / bulk_name(area.code, world.edition, release, year)
            content = file_parts(some, reporter=area.code, partners=partners, catalogue=catalogue.codes, edition=world.edition)
            text.write_gzip(path, content)
            write_sidecar(path, seed=world.seed, source_release=release)
            written.append(path)
    return written


def write_comtrade_months(world: World, folder: Path, *, release: str = BULK_RELEASE) -> list[Path]:
    """Months of the world's monthly reporter as one bulk file under ``folder``/monthly,.

    No file where the world has no such reporter.
    """
    months = make_months(world)
    if months is None:
        return []
    path = write_months(world, months, folder / "monthly" / bulk_name(REPORTER, world.edition, release, frequency="M"))
    write_sidecar(path, seed=world.seed, source_release=release)
    return [path]


def baci_lines(year: int, codes: tuple[text.Text, text.Text, text.Text], value_usd: np.ndarray, weight_kg: np.ndarray) -> bytes:
    """Lines of a BACI file: thousand USD, tonnes padded to 13 characters, 0 kg as a padded NA, CRLF.

    ``codes`` are exporters, importers and products as text; products lose their leading zeros.
    """
    exporters, importers, products = codes
    tonnes = text.choose(pa.array(weight_kg > 0), text.thousandths(weight_kg, is_padded=True), text.constant("NA"))
    stripped = text.without_leading_zeros(products)
    return text.lines(
        [text.constant(str(year)), exporters, importers, stripped, text.thousandths(value_usd), text.padded(tonnes, 13)], ",", "\r\n"
    )


def baci_name(edition: str, year: int, release: str) -> str:
    """CEPII's name of one year's file; ValueError for an edition that BACI doesn't have."""
    spelled = {v: k for k, v in BACI_EDITIONS.items()}
    if edition not in spelled:
        raise ValueError(f"edition {edition!r}: BACI has {', '.join(spelled)}")
    return f"BACI_{spelled[edition]}_Y{year}_V{release}.csv"


def write_country_codes(places: tuple[Area, ...], folder: Path, *, seed: int, release: str) -> Path:
    """BACI's list of country codes for the areas of the world."""
    header = "country_code,country_name,country_iso2,country_iso3\n"
    quoted = [f'{p.code},"{p.name}",{p.iso2},{p.iso3}\n' for p in places]
    path = text.write_plain(folder / f"country_codes_V{release}.csv", [header.encode(), "".join(quoted).encode()])
    write_sidecar(path, seed=seed, source_release=f"V{release}")
    return path


def write_product_codes(world: World, folder: Path, *, release: str) -> Path:
    """BACI's list of product codes for the products of the world, with the nomenclature's own texts."""
    spelled = {v: k for k, v in BACI_EDITIONS.items()}[world.edition]
    described = product_texts()
    rows = ["code,description\n", *(f'{c},"{described[c]}"\n' for c in sorted(map(str, world.product_codes)) if c in described)]
    path = text.write_plain(folder / f"product_codes_{spelled}_V{release}.csv", ["".join(rows).encode()])
    write_sidecar(path, seed=world.seed, source_release=f"V{release}", edition=world.edition)
    return path


def write_baci(world: World, folder: Path, *, release: str = BACI_RELEASE) -> list[Path]:
    """The truth as BACI files, one per year, and the list of country codes. About 7 % of weights are NA."""
    truth, written = world.truth, []
    area_codes = [a.code for a in world.areas]
    rank = np.argsort(np.argsort([int(c) for c in area_codes]))
    for year in world.years:
        part = np.flatnonzero(truth.year == year)
        # areas are kept by size, BACI's files stand in the order of codes
        part = part[np.lexsort((truth.product[part], rank[truth.importer[part]], rank[truth.exporter[part]]))]
        codes = (
            text.coded(area_codes, truth.exporter[part]),
            text.coded(area_codes, truth.importer[part]),
            text.coded(world.product_codes, truth.product[part]),
        )
        # which weights are missing follows from the flow, so that it needs no draw
        is_missing = (truth.exporter[part] * 31 + truth.importer[part] * 17 + truth.product[part] + year) % 14 == 0
        weight = np.where(is_missing, 0, truth.net_weight_kg[part])
        content = baci_lines(year, codes, truth.value_usd[part], weight)
        path = text.write_plain(folder / baci_name(world.edition, year, release), [b"t,i,j,k,v,q\r\n", content])
        write_sidecar(path, seed=world.seed, source_release=f"V{release}", edition=world.edition)
        written.append(path)
    written.append(write_country_codes(world.areas, folder, seed=world.seed, release=release))
    written.append(write_product_codes(world, folder, release=release))
    return written


def write_truth(world: World, folder: Path) -> list[Path]:
    """Truth beside the files: flows, reporters, pairs as Parquet under ``folder``, events as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    codes, truth = np.array([a.code for a in world.areas]), world.truth
    flows = {
        "year": truth.year.astype(np.int16),
        "exporter_code": text.coded(codes, truth.exporter).dictionary_encode(),
        "importer_code": text.coded(codes, truth.importer).dictionary_encode(),
        "product_code": text.coded(world.product_codes, truth.product).dictionary_encode(),
        "value_fob_usd": truth.value_usd,
        "net_weight_kg": truth.net_weight_kg,
    }
    reporters = {
        "area_code": codes.tolist(),
        "sigma_exporter": world.sigma_exporter,
        "sigma_importer": world.sigma_importer,
        "years_reported": [[y for y, said in zip(world.years, row, strict=True) if said] for row in world.is_reporting.tolist()],
    }
    pairs = {
        "exporter_code": np.repeat(codes, len(codes)).tolist(),
        "importer_code": np.tile(codes, len(codes)).tolist(),
        "cif_rate": world.cif_rate.ravel(),
    }
    written = []
    for name, data in (("flows", flows), ("reporters", reporters), ("cif_rates", pairs)):
        path = folder / f"{name}.parquet"
        pq.write_table(pa.table(data), path, compression="zstd")
        written.append(path)
    said = {"seed": world.seed, "edition": world.edition, "years": world.years, "areas": [asdict(a) for a in world.areas]}
    path = folder / "world.json"
    months = make_months(world)
    said["months"] = truth_of(world, months) if months else None
    path.write_text(json.dumps({**said, "events": world.events}, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    return [*written, path]


def write_world(world: World, folder: Path, layout: Literal["comtrade", "baci", "all"] = "all") -> list[Path]:
    """The world's files under ``folder``/comtrade and /baci, and its truth under /truth; returns the data files."""
    if layout not in ("comtrade", "baci", "all"):
        raise ValueError(f"layout {layout!r}: use comtrade, baci or all")
    written = []
    if layout in ("comtrade", "all"):
        written += write_comtrade_bulk(world, folder / "comtrade")
        written += write_comtrade_months(world, folder / "comtrade")
    if layout in ("baci", "all"):
        written += write_baci(world, folder / "baci")
    write_truth(world, folder / "truth")
    return written
