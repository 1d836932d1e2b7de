"""Every kind of dbt test is seen failing: one built candidate, spoilt mart by mart, tested again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from orchestration import dbt_run, marts
from tests.integration.small_lake import commit_small_lake
from tests.integration.test_marts import RELEASE, quiet, settings_of

#: What is done to the marts -> the tests that must say so.
SPOILT: Mapping[str, tuple[str, ...]] = {
    "insert into marts.dim_area from marts.dim_area limit 1": ("dim_area_unique_key", "bilateral_flows_conserves_rows"),
    "delete from marts.dim_product where product_code = '010121'": ("fct_bilateral_flows_known_products",),
    "update marts.market_share set exporter_name = null": ("market_share_required_columns",),
    "update marts.market_share set value_fob_usd = value_fob_usd + 0.001 where product_code = '87'": ("chapters_within_totals",),
    "update marts.comparative_advantage set rca = 'nan' where exporter_code = '156'": (
        "comparative_advantage_finite_columns",
        "rca_agrees_with_aggregate",
    ),
    "update marts.fct_bilateral_totals set basis = 'x', importer_code = '999', value_fob_usd = 101 where exporter_code = '156'": (
        "fct_bilateral_totals_accepted_codes",
        "fct_bilateral_totals_known_areas",
        "totals_within_pairs",
    ),
    "update marts.bilateral_balance set balance_fob_usd = balance_fob_usd + 0.001 where area_code = '156'": ("balances_cancel",),
    "update marts.import_dependence set imports_fob_usd = imports_fob_usd + 0.001": ("world_exports_are_world_imports",),
    "update marts.conservation_ledger set is_closed = false": ("ledger_closes",),
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Test -> message, of a candidate that passed and was then spoilt in every way at once."""
    home = tmp_path_factory.mktemp("checks") / "warehouse"
    home.mkdir()
    commit_small_lake(home)
    built = marts.build_candidate(settings_of(home), run_id="good", release=RELEASE, log=quiet)
    spoilt = home / "build" / "spoilt" / built.path.name
    spoilt.parent.mkdir()
    shutil.copy(built.path, spoilt)
    with duckdb.connect(str(spoilt)) as connection:
        for statement in SPOILT:
            connection.execute(statement)
    names = {**marts._names(settings_of(home), built, RELEASE), "candidate": str(spoilt)}
    manifest = dbt_run.parse(names, spoilt.parent / "dbt")
    with pytest.raises(marts.MartsFailed) as caught:
        dbt_run.build(
            manifest, names, spoilt.parent / "dbt", ["--exclude", "tag:ops", "--exclude-resource-type", "unit_test"], command="test"
        )
    return dict(caught.value.failures)


@pytest.mark.parametrize("name", [n for names in SPOILT.values() for n in names])
def test_the_test_sees_it(failed: dict[str, str], name: str) -> None:
    assert name in failed
    assert "configured to fail" in failed[name]


def test_others_pass(failed: dict[str, str]) -> None:
    untouched = {"release_info_unique_key", "fct_reported_flows_conserves_rows", "reporting_coverage_required_columns"}
    assert not untouched & set(failed)


def test_the_error_names_node_and_message(home: Path) -> None:
    error = marts.MartsFailed([("dim_area_unique_key", "Got 1 result")])
    assert str(error) == "marts not built: dim_area_unique_key: Got 1 result"
