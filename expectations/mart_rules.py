"""Rules of the marts: identities that a reader of a release may rely on."""

from __future__ import annotations

from expectations.rule import STRATUM, TOLERANCE, Rule, row
from transforms.contracts import marts


def _null_reason(table: str, figure: str) -> Rule:
    return row(
        "null_has_its_reason",
        table,
        f"({figure} is null) is distinct from (null_reason is not null)",
        f"null_reason where {figure} is NULL, and only there",
    )


_GROUP = f"{STRATUM}, product_code"
MART_RULES = (
    Rule(
        "one_basis_per_period",
        "fct_bilateral_totals",
        "select '' as partition_key, frequency, period, count(distinct basis) as basis_count from fct_bilateral_totals "
        "group by frequency, period having count(distinct basis) > 1",
        "one basis per period, so that world totals never mix",
    ),
    row("no_self_trade", "fct_bilateral_totals", "basis = 'own' and exporter_code = importer_code", "exporter and importer differ"),
    row(
        "balance_is_exports_less_imports",
        "bilateral_balance",
        "balance_fob_usd is distinct from coalesce(exports_fob_usd, 0) - coalesce(imports_fob_usd, 0)",
        "balance = exports - imports; a side that nobody reports counts nothing",
    ),
    row(
        "sides_flagged",
        "bilateral_balance",
        "has_exports is distinct from (exports_fob_usd is not null) or has_imports is distinct from (imports_fob_usd is not null)",
        "has_exports and has_imports say which sides are there",
    ),
    Rule(
        "exports_mirror_imports",
        "bilateral_balance",
        "select a.* from bilateral_balance a left join bilateral_balance b on a.frequency = b.frequency and a.period = b.period "
        "and a.area_code = b.partner_code and a.partner_code = b.area_code where a.exports_fob_usd is distinct from b.imports_fob_usd",
        "what A exports to B is what B imports from A",
    ),
    Rule(
        "shares_sum_to_one",
        "market_share",
        f"select '' as partition_key, {_GROUP}, sum(share_of_world_exports) as share_sum from market_share group by {_GROUP} "
        f"having abs(sum(share_of_world_exports) - 1) > {TOLERANCE}",
        "shares of a group sum to 1 where they are stated",
    ),
    row(
        "share_within_bounds",
        "market_share",
        f"share_of_world_exports < 0 or share_of_world_exports > 1 + {TOLERANCE}",
        "a share lies in [0, 1]",
    ),
    _null_reason("market_share", "share_of_world_exports"),
    _null_reason("import_dependence", "supplier_hhi"),
    row(
        "equivalent_number_inverts_hhi",
        "import_dependence",
        f"abs(supplier_equivalent_number * supplier_hhi - 1) > {TOLERANCE}",
        "the equivalent number of suppliers is 1/HHI",
    ),
    _null_reason("comparative_advantage", "rca"),
    row("advantage_from_rca", "comparative_advantage", "has_advantage is distinct from (rca >= 1)", "has_advantage where RCA is 1 or more"),
    row(
        "symmetric_rca_from_rca",
        "comparative_advantage",
        f"abs(symmetric_rca - (rca - 1) / (rca + 1)) > {TOLERANCE}",
        "the symmetric index is (RCA-1)/(RCA+1)",
    ),
    row("ledger_closes", "conservation_ledger", "not is_closed", "every ledger line belongs to a closed account"),
    *(
        Rule(
            "one_release",
            name,
            f"select * from {name} where release_id <> (select min(release_id) from release_info)",
            "every row belongs to the release of release_info",
            needs=("release_info",),
        )
        for name, table in marts.MARTS.items()
        if not table.is_view
    ),
)
