"""A candidate database with every mart and a few rows, for tests of releases and of the command line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from transforms.contracts.arrow import sql_type
from transforms.contracts.marts import MARTS
from transforms.settings import Settings

FINGERPRINT = hashlib.sha256(b"first").hexdigest()
OTHER = hashlib.sha256(b"second").hexdigest()
_PAIRS = (("156", "842", "283780322735.000"), ("842", "156", "91880000000.500"), ("276", "156", "74000000000.000"))


def build_candidate(path: Path, *, release_id: str, factor: int = 1, drop: str = "") -> Path:
    """``factor`` multiplies the totals' values; ``drop`` is ``table.column`` to leave out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts")
        con.execute("create schema lake")
        for table in MARTS.values():
            if not table.is_view:
                columns = [c for c in table.columns if f"{table.name}.{c}" != drop]
                con.execute(f"create table marts.{table.name} ({', '.join(f'{c} {sql_type(c)}' for c in columns)})")
        con.execute(
            "insert into marts.release_info by name select ? as release_id, now() as published_at, '1.0' as contract_version, "
            "'0.1.0' as code_version, 'f' as fingerprint, "
            "'prefer_exporter' as method, false as is_partial, true as is_synthetic, '' as citation",
            [release_id],
        )
        for code, name, iso in (("156", "China", "CHN"), ("842", "USA", "USA"), ("276", "Germany", "DEU")):
            con.execute("insert into marts.dim_area by name select ? as area_code, ? as area_name, ? as iso3", [code, name, iso])
        for exporter, importer, value in _PAIRS:
            row = [exporter, importer, value, factor, release_id]
            con.execute(
                "insert into marts.fct_bilateral_totals by name select 2010::smallint as year, 'A' as frequency, '2010' as period, "
                "? as exporter_code, ? as importer_code, 'own' as basis, 'H6' as classification, 6::tinyint as product_level, "
                "?::decimal(18,3) * ? as value_fob_usd, 1 as flow_count, 0 as missing_weight_count, ? as release_id",
                row,
            )
            con.execute(
                "insert into marts.fct_bilateral_flows by name select 2010::smallint as year, 'A' as frequency, '2010' as period, "
                "? as exporter_code, ? as importer_code, 'own' as basis, 'H6' as classification, 6::tinyint as product_level, "
                "'870380' as product_code, ?::decimal(18,3) * ? as value_fob_usd, ? as release_id",
                row,
            )
        con.execute(
            "insert into marts.bilateral_balance by name select 2010::smallint as year, 'A' as frequency, '2010' as period, "
            "'own' as basis, '156' as area_code, 'CHN' as area_iso3, 'China' as area_name, '842' as partner_code, 'USA' as partner_iso3, "
            "'USA' as partner_name, "
            "283780322735::decimal(18,3) as exports_fob_usd, 91880000000.5::decimal(18,3) as imports_fob_usd, "
            "191900322734.5::decimal(18,3) as balance_fob_usd, true as has_exports, true as has_imports, ? as release_id",
            [release_id],
        )
        con.execute(
            "insert into marts.market_share by name select 2010::smallint as year, 'own' as basis, 'A' as frequency, "
            "'2010' as period, 'H6' as classification, 6::tinyint as product_level, '156' as exporter_code, 'CHN' as exporter_iso3, "
            "'China' as exporter_name, "
            "'TOTAL' as product_code, 283780322735::decimal(18,3) as value_fob_usd, 3 as exporter_count, "
            "'3 exporters, a world needs 30' as null_reason, ? as release_id",
            [release_id],
        )
        con.execute(
            "create view marts.bilateral_flows as select f.*, a.iso3 as exporter_iso3, a.area_name as exporter_name "
            "from candidate.marts.fct_bilateral_flows as f left join candidate.marts.dim_area as a on f.exporter_code = a.area_code"
        )
    return path


def settings_of(home: Path) -> Settings:
    return Settings(home=home)


def cut(home: Path, fingerprint: str = FINGERPRINT, *, day: str = "20260131", factor: int = 1, drop: str = "", **settings: object) -> str:
    """Publish a release of the candidate; returns its id."""
    from expectations.report import quality_page
    from transforms.io import release
    from transforms.settings import Publish

    release_id = f"{day}-{fingerprint[:8]}"
    candidate = home / "build" / f"{release_id}-{factor}" / "candidate.duckdb"
    candidate.unlink(missing_ok=True)
    build_candidate(candidate, release_id=release_id, factor=factor, drop=drop)
    release.publish(
        home,
        Settings(home=home, publish=Publish(**settings)),  # type: ignore[arg-type]
        candidate_db=candidate,
        release_id=release_id,
        manifest_content={"fingerprint": fingerprint, "is_synthetic": True},
        run_info={"run_id": "test"},
        pages={"quality/index.html": quality_page([], [], f"Quality of release {release_id}")},
    )
    return release_id
