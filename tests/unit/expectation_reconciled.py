"""Good rows of the reconciliation's tables and marts, and for each of their rules one way to make them bad."""

from __future__ import annotations

from typing import Any

from tests.unit.expectation_rows import Rows, usd

_STRATUM = {"basis": "own", "frequency": "A", "classification": "H4", "product_level": 6}
_GAP_BASIS = "FOB, re-exports apart, CIF rate taken off the importer"


def weighed_flows(year: int) -> Rows:
    """Flows that a method weighs: re-exports apart and received from nowhere, a mean, a whole report of that kind."""
    base = {
        **_STRATUM,
        "period": str(year),
        "product_code": "010121",
        "is_value_rounded": False,
        "is_residual": False,
        "evidence": "both",
    }
    exporter = {
        "value_exporter_fob_usd": usd(120),
        "re_export_fob_usd": usd(20),
        "nes_received_fob_usd": usd(10),
        "method_marks": "cif_fitted re_exports_apart nes_received",
    }
    cif = {"value_importer_cif_usd": usd("103.3"), "value_importer_fob_usd": usd(100), "cif_factor": 1.033}
    bounds = {"value_low_usd": usd(90), "value_high_usd": usd(130)}
    return [
        {
            **base,
            **exporter,
            **cif,
            **bounds,
            "exporter_code": "276",
            "importer_code": "842",
            "value_fob_usd": usd("107.5"),
            "weight_exporter": 0.75,
            "method": "baci",
        },
        {
            **base,
            "exporter_code": "276",
            "importer_code": "156",
            "value_exporter_fob_usd": usd(100),
            "value_importer_fob_usd": usd(110),
            "value_fob_usd": usd(105),
            "weight_exporter": 0.5,
            "method": "mean",
        },
        {
            **base,
            **exporter,
            **cif,
            "exporter_code": "392",
            "importer_code": "842",
            "value_fob_usd": usd(110),
            "weight_exporter": 1.0,
            "method": "prefer_exporter",
        },
    ]


def pair_reports(year: int) -> Rows:
    """What expectation_rows.bilateral_flows hold of each pair: 6 flows, 535.986 USD on our own basis."""
    weights = {f"{name}_weight_exporter": 0.5 for name in ("baci", "growth_lab", "symmetry_index")}
    base = {**_STRATUM, "period": str(year), "is_hub_pair": False, "suspected_count": 0, **weights}

    def pair(
        exporter: str, importer: str, value: float, two: tuple[int, int] | None, ends: tuple[float | None, float | None]
    ) -> dict[str, Any]:
        one, other = ends
        counts = {"two_sided_count": int(two is not None), "exporter_only_count": int(one is not None)}
        row = {**base, **counts, "importer_only_count": int(other is not None), "exporter_code": exporter, "importer_code": importer}
        row |= {"value_fob_usd": usd(value), "exporter_only_fob_usd": one and usd(one), "importer_only_fob_usd": other and usd(other)}
        if two:
            row |= {"exporter_two_sided_fob_usd": usd(two[0]), "importer_two_sided_fob_usd": usd(two[1])}
            row |= {"absolute_gap_fob_usd": usd(abs(two[1] - two[0])), "importer_two_sided_reported_usd": usd(two[1])}
        return row

    return [
        pair("156", "842", 107, (100, 106), (7, None)),
        {**pair("156", "276", 106.486, None, (None, 106.486)), "orphan_fob_usd": usd("106.486")},
        pair("276", "842", 107.5, (110, 100), (None, None)),
        pair("276", "156", 105, (100, 110), (None, None)),
        pair("392", "842", 110, (110, 100), (None, None)),
    ]


def nes_moves(year: int) -> Rows:
    """The 10 USD that two flows of ``weighed_flows`` received, and a move that explains."""
    base = {**_STRATUM, "period": str(year), "product_code": "010121", "importer_code": "842", "nes_move": "to_partner"}
    return [
        {**base, "exporter_code": "276", "moved_fob_usd": usd(10)},
        {**base, "exporter_code": "392", "moved_fob_usd": usd(10)},
        {**base, "exporter_code": "276", "importer_code": "156", "nes_move": "explained", "moved_fob_usd": usd(3)},
    ]


def parameter_set(year: int) -> Rows:
    """A CIF equation, and one estimate of each kind that has a rule."""
    names = (
        "constant", "ln_distance", "ln_distance_squared", "ln_unit_value", "contiguity", "landlocked_importer", "landlocked_exporter"
    )  # fmt: skip
    origin = {"quantity_unit_code": "-1", "parameter_origin": "fitted", "fitted_on": "A H4 6", "observation_count": 1200}
    kinds = (("quality_exporter", "sigma"), ("symmetry_importer", "symmetry"), ("interval_exporter", "variance"))
    return [
        *({**origin, "parameter_kind": "cif", "parameter_name": n, "subject_code": "all", "parameter_value": 0.1} for n in names),
        *({**origin, "parameter_kind": k, "parameter_name": n, "subject_code": "156", "parameter_value": 0.5} for k, n in kinds),
    ]


def conversion_weight() -> Rows:
    """A code that is split in two."""
    base = {
        "from_classification": "H5",
        "from_code": "030193",
        "to_classification": "H4",
        "weight_origin": "fitted",
        "observation_count": 12,
    }
    return [
        {**base, "to_code": "030193", "value_weight": 0.75, "quantity_weight": 0.5},
        {**base, "to_code": "030199", "value_weight": 0.25, "quantity_weight": 0.5},
    ]


def mart_rows() -> dict[str, Rows]:
    """Good rows of the marts that have rules."""
    names = {"exporter_iso3": "CHN", "exporter_name": "China", "importer_iso3": "USA", "importer_name": "USA"}
    stratum = {**_STRATUM, "year": 2014, "period": "2014"}
    pair = {**stratum, **names, "exporter_code": "156", "importer_code": "842"}
    counts = {"two_sided_count": 2, "exporter_only_count": 0, "importer_only_count": 0, "suspected_count": 0}
    gap = {
        "gap_basis": _GAP_BASIS,
        "gap_fob_usd": usd(10),
        "absolute_gap_fob_usd": usd(42),
        "relative_gap": 10 / 210,
        "relative_product_gap": 0.2,
        "log_gap": 0.0953101798,
        "hub_gap_fob_usd": usd(0),
        "other_gap_fob_usd": usd(10),
    }
    sums = {"exporter_two_sided_fob_usd": usd(100), "importer_two_sided_fob_usd": usd(110), "value_fob_usd": usd("102.501")}
    alone = dict.fromkeys([*(k for k in gap if k != "gap_basis"), "exporter_two_sided_fob_usd", "importer_two_sided_fob_usd"])
    values = {
        "value_fob_usd": usd("102.501"),
        "baci_fob_usd": usd("102.5"),
        "growth_lab_fob_usd": usd(104),
        "symmetry_index_fob_usd": usd(106),
        "mean_fob_usd": usd(105),
        "prefer_exporter_fob_usd": usd(100),
        "prefer_importer_fob_usd": usd(110),
    }
    compared = {**pair, **counts, **values, "method": "baci", "largest_over_smallest": 1.1, "baci_weight_exporter": 0.75}
    unknown = dict.fromkeys(("baci_fob_usd", "growth_lab_fob_usd", "symmetry_index_fob_usd", "baci_weight_exporter"))
    quality = {
        "year": 2014,
        "area_code": "156",
        "area_name": "China",
        "reporter_role": "exporter",
        "quality_rank": 1,
        "sigma": 0.2,
        "parameter_origin": "fitted",
        "fitted_on": "A H4 6",
    }
    return {
        "mirror_gap": [
            {**pair, **counts, **gap, **sums, "is_hub_pair": False},
            {**pair, **counts, **gap, **sums, **alone, "importer_code": "276", "is_hub_pair": True, "null_reason": "one side"},
        ],
        "reconciliation_comparison": [
            compared,
            {
                **compared,
                **unknown,
                "importer_code": "276",
                "method": "mean",
                "value_fob_usd": usd(105),
                "null_reason": "nothing estimated",
            },
        ],
        "reconciliation_summary": [
            {**stratum, **counts, **gap, **values, "method": "baci", "pair_count": 2, "value_fob_usd": usd("207.501")},
        ],
        "reporter_quality": [quality, {**quality, "area_code": "276", "sigma": None, "quality_rank": None, "null_reason": "no flow"}],
    }
