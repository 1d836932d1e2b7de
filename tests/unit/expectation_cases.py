"""For each rule one way to make good rows bad."""

from __future__ import annotations

from tests.unit import expectation_reconciled_cases as reconciled
from tests.unit.expectation_change import Worsen, again, change, drop
from tests.unit.expectation_rows import usd
from transforms.contracts import lake, marts

#: (table, rule) -> how to break it, for tables that are gated alone
FLOW_CASES: dict[tuple[str, str], Worsen] = {
    ("reported_flows", "fob_at_most_cif"): change(0, value_cif_usd=usd(99)),
    ("reported_flows", "self_trade_flagged"): change(5, is_self_trade=False),
    ("reported_flows", "no_margin_area"): change(0, partner_code="0"),
    ("reported_flows", "special_area_flagged"): change(4, is_special=False),
    ("reported_flows", "level_matches_code"): change(0, product_code="0101"),
    ("reported_flows", "period_in_partition_year"): change(0, period="1999"),
    ("reported_flows", "frequency_matches_period"): change(0, frequency="M"),
    ("reported_flows", "net_weight_never_zero"): change(0, net_weight_kg=usd(0)),
    ("reported_flows", "value_not_negative"): change(0, reported_value_usd=usd(-1)),
    ("reported_flows", "leaves_have_no_parts"): again(0, product_level=4, product_code="0101"),
    ("reported_flows", "re_exports_within_exports"): change(1, reported_value_usd=usd("100.001")),
    ("reported_flows", "re_imports_within_imports"): change(3, reported_value_usd=usd(51)),
    **{
        (table, rule): worsen
        for table in ("harmonised_flows", "bilateral_flows")
        for rule, worsen in (
            ("no_self_trade", change(0, importer_code="156")),
            ("no_margin_area", change(0, importer_code="97")),
            ("level_matches_code", change(0, product_level=4)),
            ("period_in_partition_year", change(0, period="1999")),
            ("frequency_matches_period", change(0, frequency="M")),
            ("bucket_matches_chapter", change(0, product_code="870380")),
            ("net_weight_never_zero", change(0, net_weight_kg=usd(0))),
            ("value_not_negative", change(0, value_fob_usd=usd(-1))),
            ("residual_ends_in_x", change(0, is_residual=True)),
        )
    },
    ("harmonised_flows", "source_matches_basis"): change(2, source="comtrade"),
    **reconciled.FLOW_CASES,
    ("ledger", "value_closes"): change(1, value_usd=usd("90.001")),
    ("ledger", "rows_close"): change(1, row_count=9),
    ("ledger", "reason_is_declared"): change(2, reason="lost"),
    ("ledger", "rows_not_negative"): change(2, row_count=-2),
}
AGGREGATE_CASES: dict[tuple[str, str], Worsen] = {
    **{
        (table.name, rule): worsen
        for table in lake.AGGREGATES
        for rule, worsen in (
            ("period_in_partition_year", change(0, period="1999")),
            ("missing_weights_within_flows", change(0, missing_weight_count=9)),
            ("weight_null_iff_all_missing", change(0, net_weight_kg=None)),
            ("value_not_negative", change(0, value_fob_usd=usd(-1))),
        )
    },
    ("importer_product", "hhi_within_bounds"): change(0, supplier_hhi=0.4),
    ("importer_product", "hhi_is_sum_of_squared_shares"): change(0, supplier_hhi=0.7),
    ("importer_product", "top_supplier_within_imports"): change(0, top_supplier_value_fob_usd=usd(131)),
    ("importer_product", "suppliers_within_flows"): change(0, supplier_count=3),
    ("exporter_product", "importers_within_flows"): change(0, importer_count=3),
    ("pair_totals", "pair_totals_equal_world"): change(0, value_fob_usd=usd("100.001")),
    ("exporter_chapter", "exporter_chapters_equal_world"): drop(0),
    ("pair_heading", "pair_headings_equal_world"): change(0, flow_count=2),
    ("exporter_product", "world_exports_equal_world_imports"): change(0, value_fob_usd=usd(151)),
    ("importer_product", "importer_products_equal_world"): drop(0),
    ("pair_totals", "pair_totals_equal_flows"): drop(0),
}
MART_CASES: dict[tuple[str, str], Worsen] = {
    ("fct_bilateral_totals", "one_basis_per_period"): again(0, importer_code="276", basis="baci_published"),
    ("fct_bilateral_totals", "no_self_trade"): change(0, importer_code="156"),
    ("bilateral_balance", "balance_is_exports_less_imports"): change(0, balance_fob_usd=usd(31)),
    ("bilateral_balance", "sides_flagged"): change(0, has_imports=True),
    ("bilateral_balance", "exports_mirror_imports"): change(1, imports_fob_usd=usd(29)),
    ("market_share", "shares_sum_to_one"): change(0, share_of_world_exports=0.76),
    ("market_share", "share_within_bounds"): change(0, share_of_world_exports=1.1),
    ("market_share", "null_has_its_reason"): change(2, null_reason=None),
    ("import_dependence", "null_has_its_reason"): change(0, null_reason="no value"),
    ("import_dependence", "equivalent_number_inverts_hhi"): change(0, supplier_equivalent_number=2.0),
    ("comparative_advantage", "null_has_its_reason"): change(1, null_reason=None),
    ("comparative_advantage", "advantage_from_rca"): change(0, has_advantage=False),
    ("comparative_advantage", "symmetric_rca_from_rca"): change(0, symmetric_rca=0.3),
    ("conservation_ledger", "ledger_closes"): change(0, is_closed=False),
    **reconciled.MART_CASES,
    **{(name, "one_release"): change(0, release_id="20250101-bbbbbbbb") for name, table in marts.MARTS.items() if not table.is_view},
    # release_info defines the release: a second row there is foreign to the first
    ("release_info", "one_release"): again(0, release_id="20250101-bbbbbbbb"),
}
