"""Worlds of the truth test: each has the property that it is about, in numbers; scores by worked examples."""

from __future__ import annotations

import ast
import math
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from transforms.contracts.arrow import table_schema
from transforms.contracts.lake import REPORTED_FLOWS
from transforms.synthetic import truth, truth_reports, truth_worlds
from transforms.synthetic.truth import Sizes, Truth, make_truth, pair_table, score, score_arrays, truth_table
from transforms.synthetic.truth_worlds import WORLDS, TruthWorld

SMALL = Sizes(countries=10, products=8, years=2)


@cache
def world(kind: str) -> TruthWorld:
    return WORLDS[kind](20260101)


def rows(told: TruthWorld, flow: str) -> pa.Table:
    return told.reported.filter(pc.equal(told.reported["flow_code"], flow))


def mills(column: pa.ChunkedArray) -> np.ndarray:
    return np.array([int((value or 0) * 1000) for value in column.to_pylist()], dtype=np.int64)


def cells(told: TruthWorld, flow: str, column: str = "reported_value_usd") -> np.ndarray:
    """Reports of one flow as an array (T, exporters, importers, K) in thousandths, 0 where nothing is reported."""
    table, known = rows(told, flow), told.truth
    area = {code: n for n, code in enumerate(known.area_codes.tolist())}
    product = {code: n for n, code in enumerate(known.product_codes.tolist())}
    reporter = [area[c] for c in table["reporter_code"].to_pylist()]
    partner = [area[c] for c in table["partner_code"].to_pylist()]
    exporter, importer = (partner, reporter) if flow == "M" else (reporter, partner)
    year = [known.years.index(y) for y in table["year"].to_pylist()]
    found = np.zeros(known.value_mills.shape, dtype=np.int64)
    found[year, exporter, importer, [product[c] for c in table["product_code"].to_pylist()]] = mills(table[column])
    return found


def spread(errors: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.nanstd(errors, axis=axes)


# the truth


def test_the_truth_is_fixed_by_its_seed_whatever_the_world() -> None:
    first = make_truth(20260101)
    for kind in WORLDS:
        assert np.array_equal(world(kind).truth.value_mills, first.value_mills), kind
        assert np.array_equal(world(kind).truth.cif_rate, first.cif_rate), kind
    assert not np.array_equal(make_truth(2).value_mills, first.value_mills)


@pytest.mark.parametrize("kind", WORLDS)
def test_a_seed_gives_the_same_rows_again(kind: str) -> None:
    assert WORLDS[kind](7, SMALL).reported.equals(WORLDS[kind](7, SMALL).reported)
    assert not WORLDS[kind](7, SMALL).reported.equals(WORLDS[kind](8, SMALL).reported)


def test_the_world_trades_a_trillion_and_most_cells_trade_nothing() -> None:
    known = make_truth(20260101)
    value = known.value_mills
    assert value.shape == (3, 40, 40, 60)
    assert abs(value[0].sum() / 1000 / truth.WORLD_TRADE_USD - 1) < 0.08  # a flow in sixteen is absent in a year
    assert 0.2 < (value > 0).mean() < 0.25
    assert value[:, np.arange(40), np.arange(40)].sum() == 0
    assert value[value > 0].min() >= 100_000
    assert value[0].max() / value[0].sum() < 0.05  # no single flow decides a score
    assert ((known.weight_grams > 0) == (value > 0)).all()


def test_planted_cif_margins_are_the_stated_regression_and_never_negative() -> None:
    known = make_truth(20260101)
    index = {code: n for n, code in enumerate(known.area_codes.tolist())}
    china, america, austria, germany = (index[c] for c in ("156", "842", "40", "276"))
    far, unit = math.log(known.distance_km[china, america]), math.log(known.unit_value[5])
    expected = 0.255 - 0.066 * far + 0.006 * far**2 - 0.012 * unit - 0.015 * known.is_contiguous[china, america]
    assert math.log(known.cif_rate[0, china, america, 5]) == pytest.approx(expected, abs=1e-12)
    assert math.log(known.cif_rate[1, china, america, 5]) == pytest.approx(expected + 0.006, abs=1e-12)
    assert known.is_landlocked[austria] and not known.is_landlocked[germany]
    inland = np.log(known.cif_rate[0, germany, austria, 5] / known.cif_rate[0, austria, germany, 5])
    assert inland == pytest.approx(0.04 - 0.02, abs=1e-12)
    assert known.cif_rate.min() > 1.0


@pytest.mark.parametrize("seed", range(5))
def test_margins_stay_above_nothing_whatever_the_seed(seed: int) -> None:
    assert make_truth(seed, Sizes(countries=60, products=40, years=1)).cif_rate.min() > 1.0


def test_the_regression_of_exact_margins_gives_the_coefficients_back() -> None:
    known = make_truth(3, Sizes(years=1))
    exporter, importer = np.nonzero(~np.eye(40, dtype=bool))
    far = np.repeat(np.log(known.distance_km[exporter, importer]), 60)
    columns = [
        np.ones_like(far),
        far,
        far**2,
        np.tile(np.log(known.unit_value), len(exporter)),
        np.repeat(known.is_contiguous[exporter, importer], 60),
        np.repeat(known.is_landlocked[exporter], 60),
        np.repeat(known.is_landlocked[importer], 60),
    ]
    found = np.linalg.lstsq(np.column_stack(columns), np.log(known.cif_rate[0, exporter, importer]).ravel(), rcond=None)[0]
    assert np.allclose(found, list(truth.CIF_COEFFICIENTS.values()), atol=1e-9)


@pytest.mark.parametrize(
    "sizes", [{"countries": 7}, {"countries": 61}, {"products": 3}, {"products": 385}, {"years": 0}, {"density": 0.0}, {"density": 1.1}]
)
def test_sizes_that_cannot_be_had_are_refused(sizes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="8 to 60 countries, 4 to 384 products"):
        Sizes(**sizes)  # type: ignore[arg-type]


def test_the_least_and_the_most_sizes_work() -> None:
    for sizes in (Sizes(8, 4, 1, 1.0), Sizes(8, 5, 1), Sizes(60, 384, 1, 0.01)):
        for kind in "acefg":
            assert WORLDS[kind](1, sizes).reported.num_rows > 0


def test_tables_of_the_truth() -> None:
    known = make_truth(1, SMALL)
    table = truth_table(known)
    assert table.num_rows == 2 * 10 * 9 * 8
    assert table.schema.names == [
        "year",
        "exporter_code",
        "importer_code",
        "product_code",
        "value_fob_usd",
        "net_weight_kg",
        "cif_factor",
    ]
    assert mills(table["value_fob_usd"]).sum() == known.value_mills.sum()
    assert 0 in mills(table["value_fob_usd"])
    pairs = pair_table(known)
    assert pairs.num_rows == 90
    assert pairs.slice(0, 1).to_pylist()[0] | {"distance_km": 0} == {
        "exporter_code": "156",
        "importer_code": "842",
        "distance_km": 0,
        "is_contiguous": False,
        "is_landlocked_exporter": False,
        "is_landlocked_importer": False,
    }


# reports, in all worlds


@pytest.mark.parametrize("kind", WORLDS)
def test_reports_have_the_shape_of_reported_flows(kind: str) -> None:
    reported = world(kind).reported
    expected = [f for f in table_schema(REPORTED_FLOWS) if f.name not in ("snapshot_id", "snapshot_member", "source_line")]
    assert reported.schema.equals(pa.schema(expected), check_metadata=True)
    reported.validate(full=True)
    for name in set(REPORTED_FLOWS.key + REPORTED_FLOWS.required) & set(reported.column_names):
        assert reported[name].null_count == 0, name
    assert reported.group_by(list(REPORTED_FLOWS.key)).aggregate([]).num_rows == reported.num_rows


def test_rows_stand_in_reported_flows_order() -> None:
    table = world("e").reported.select(["period", "reporter_code", "partner_code", "flow_code", "product_code"])
    keys = [tuple((len(text), text) for text in row) for row in zip(*(c.to_pylist() for c in table.columns), strict=True)]
    assert keys == sorted(keys)


def test_valuations_follow_the_reporter() -> None:
    told = world("a")
    imports = rows(told, "M")
    is_fob = np.isin(imports["reporter_code"].to_pylist(), ["124", "36", "710"])
    assert is_fob.any()
    assert (np.array(imports["valuation"].to_pylist()) == np.where(is_fob, "FOB", "CIF")).all()
    assert set(rows(told, "X")["valuation"].to_pylist()) == {"FOB"}
    america = imports.filter(pc.equal(imports["reporter_code"], "842"))
    assert america["value_fob_usd"].null_count == 0 and america["value_cif_usd"].null_count == 0
    others = imports.filter(pc.invert(pc.is_in(imports["reporter_code"], pa.array(["842", "124", "36", "710"]))))
    assert others["value_fob_usd"].null_count == others.num_rows and others["value_cif_usd"].null_count == 0


def test_the_rate_of_an_importer_that_states_both_is_the_true_one() -> None:
    told = world("a")
    cif, fob = cells(told, "M", "value_cif_usd"), cells(told, "M", "value_fob_usd")
    both = (cif > 0) & (fob > 1_000_000)
    assert np.flatnonzero(both.any((0, 1, 3))).tolist() == [1]
    assert np.allclose(cif[both] / fob[both], told.truth.cif_rate[both], atol=2e-6)


def test_an_importer_s_report_is_the_truth_times_margin_and_error() -> None:
    told = world("a")
    value = cells(told, "M")
    here = value > 0
    is_fob = np.isin(told.truth.area_codes, ["124", "36", "710"])
    rate = np.where(is_fob[:, None], 1.0, told.truth.cif_rate)
    expected = told.truth.value_mills * rate * np.exp(told.log_error_importer)
    assert np.abs(value[here] - expected[here]).max() <= 1
    assert (np.isfinite(told.log_error_importer) == here).all()


@pytest.mark.parametrize("kind", "abcdh")
def test_a_tenth_of_the_flows_is_missing_on_each_side_and_none_is_invented(kind: str) -> None:
    told = world(kind)
    traded = told.truth.value_mills > 0
    for flow in "XM":
        value = cells(told, flow)
        assert not (value[~traded] > 0).any()
        assert 0.095 < (value[traded] == 0).mean() < 0.105


def test_weights_and_items() -> None:
    told = world("a")
    table = told.reported
    unit = np.array(table["quantity_unit_code"].to_pylist())
    no_weight = np.array([w is None for w in table["net_weight_kg"].to_pylist()])
    no_quantity = np.array([q is None for q in table["quantity"].to_pylist()])
    assert abs(no_weight[unit == "8"].mean() - 0.05) < 0.005
    assert abs(no_weight[unit == "5"].mean() - 0.30) < 0.01
    assert (no_quantity == (no_weight & (unit == "8"))).all()
    products = set(np.array(table["product_code"].to_pylist())[unit == "5"])
    assert products == set(told.truth.product_codes[told.truth.kg_per_item > 0].tolist()) and len(products) == 20
    weight, items = cells(told, "X", "net_weight_kg"), cells(told, "X", "quantity")
    here = (weight > 10**6) & (items > 10**6) & (told.truth.kg_per_item > 0)
    assert np.allclose((weight / np.maximum(items, 1))[here], np.broadcast_to(told.truth.kg_per_item, here.shape)[here], rtol=1e-4)


def test_quantities_follow_values() -> None:
    told = world("b")
    weight = cells(told, "X", "net_weight_kg")
    here = weight > 1000
    quantity = np.log(weight[here] / told.truth.weight_grams[here])
    value = told.log_error_exporter[here]
    slope = np.cov(quantity, value)[0, 1] / value.var()
    assert slope == pytest.approx(0.7, abs=0.01)
    assert (quantity - slope * value).std() == pytest.approx(0.08, abs=0.002)


# what each world is about


def test_a_sigmas_are_well_apart_and_come_back() -> None:
    told = world("a")
    for sigma, errors, axes in (
        (told.sigma_exporter, told.log_error_exporter, (0, 2, 3)),
        (told.sigma_importer, told.log_error_importer, (0, 1, 3)),
    ):
        assert np.allclose(np.sort(sigma), np.geomspace(0.1, 0.8, 40))
        found = spread(errors, axes)
        assert np.abs(found / sigma - 1).max() < 0.12
        order = np.argsort(np.argsort(found)), np.argsort(np.argsort(sigma))
        assert np.corrcoef(*order)[0, 1] > 0.99
        assert abs(np.nanmedian(errors)) < 0.005
    assert not np.array_equal(told.sigma_exporter, told.sigma_importer)


def test_b_all_reporters_are_equally_good() -> None:
    told = world("b")
    assert set(told.sigma_exporter.tolist()) == set(told.sigma_importer.tolist()) and np.allclose(told.sigma_exporter, 0.3)
    assert np.abs(spread(told.log_error_exporter, (0, 2, 3)) / 0.3 - 1).max() < 0.12
    assert np.nanstd(told.log_error_importer) == pytest.approx(0.3, abs=0.003)


def test_c_blunders_stand_at_the_stated_rate_a_thousand_times_too_large() -> None:
    told = world("c")
    for flow, side, errors in (("X", "exporter", told.log_error_exporter), ("M", "importer", told.log_error_importer)):
        value, blunder = cells(told, flow), told.planted[f"is_blunder_{side}"]
        meant = told.truth.value_mills * np.exp(errors)
        if flow == "M":
            meant = meant * np.where(np.isin(told.truth.area_codes, ["124", "36", "710"])[:, None], 1.0, told.truth.cif_rate)
        here = value > 0
        assert np.allclose(value[here & blunder] / meant[here & blunder], 1000, rtol=1e-4)
        assert np.allclose(value[here & ~blunder] / meant[here & ~blunder], 1, rtol=1e-4)
        assert 0.0006 < blunder[here].mean() < 0.0014


def test_c_tails_are_heavy_and_cut() -> None:
    told, usual = world("c"), world("a")
    scaled = (told.log_error_exporter / told.sigma_exporter[:, None, None]).ravel()
    normal = (usual.log_error_exporter / usual.sigma_exporter[:, None, None]).ravel()
    beyond, beyond_normal = (np.mean(np.abs(z[np.isfinite(z)]) > 4) for z in (scaled, normal))
    assert beyond == pytest.approx(0.0062, abs=0.001)  # P(|t3| > 4 sqrt 3)
    assert beyond_normal < 0.0003
    assert np.nanmax(np.abs(told.log_error_exporter)) <= 3.0 and np.nanmax(np.abs(told.log_error_importer)) <= 3.0


@pytest.mark.parametrize(("kind", "expected"), [("a", 0.0), ("b", 0.0), ("c", 0.0), ("d", 0.6)])
def test_d_alone_has_errors_that_go_together(kind: str, expected: float) -> None:
    told = world(kind)
    exporter = told.log_error_exporter / told.sigma_exporter[:, None, None]
    importer = told.log_error_importer / told.sigma_importer[:, None]
    both = np.isfinite(exporter) & np.isfinite(importer)
    assert np.corrcoef(exporter[both], importer[both])[0, 1] == pytest.approx(expected, abs=0.02)


def test_e_a_quarter_of_the_exporters_understates() -> None:
    told = world("e")
    is_biased = told.planted["is_biased"]
    assert is_biased.sum() == 10
    median = np.nanmedian(told.log_error_exporter, axis=(0, 2, 3))
    assert np.median(median[is_biased]) == pytest.approx(-0.4, abs=0.03)
    assert np.median(median[~is_biased]) == pytest.approx(0.0, abs=0.03)
    assert abs(np.nanmedian(told.log_error_importer)) < 0.005


def test_e_goods_that_pass_a_hub_change_their_partner() -> None:
    told = world("e")
    hub, value = told.planted["hub_of"], told.truth.value_mills
    hubs = {int(n) for n in np.flatnonzero(np.isin(told.truth.area_codes, ["344", "702", "528"]))}
    assert set(np.unique(hub).tolist()) == hubs | {-1}
    passes = hub >= 0
    eligible = (value > 0) & ~np.isin(np.arange(40), list(hubs))[:, None, None] & ~np.isin(np.arange(40), list(hubs))[:, None]
    assert passes[eligible].mean() == pytest.approx(0.12, abs=0.005) and not passes[~eligible].any()
    exports, imports, again = cells(told, "X"), cells(told, "M"), cells(told, "RX")
    assert (exports[passes] == 0).mean() == pytest.approx(0.7 + 0.3 * 0.1, abs=0.02)
    assert (imports[passes] == 0).mean() == pytest.approx(0.4 + 0.6 * 0.1, abs=0.02)
    # what isn't traded in truth is reported with the hub as partner: by the exporter, by the importer, and by the hub
    to_hub, from_hub = np.isin(np.arange(40), list(hubs))[:, None], np.isin(np.arange(40), list(hubs))[:, None, None]
    invented = (value == 0) & (exports > 0)
    assert invented.any() and not (invented & ~to_hub & ~from_hub).any()
    assert ((value == 0) & (imports > 0)).any()
    assert set(np.unique(np.nonzero(again)[1]).tolist()) == hubs
    assert (again <= exports + 1).all()


def test_e_what_the_hub_sends_on_is_what_passed_through_it() -> None:
    told = world("e")
    value, hub = told.truth.value_mills, told.planted["hub_of"]
    year, _, importer, product = np.nonzero(hub >= 0)
    expected = np.zeros_like(value)
    np.add.at(expected, (year, hub[hub >= 0], importer, product), value[hub >= 0])
    again = cells(told, "RX")
    here = again > 0
    assert (expected[here] > 0).all() and np.isfinite(told.log_error_exporter[here]).all()
    assert np.abs(again[here] - expected[here] * np.exp(told.log_error_exporter[here])).max() <= 1
    assert here.sum() / (expected > 0).sum() == pytest.approx(0.9, abs=0.02)


def test_f_products_change_inside_pair_totals() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    value = np.arange(1, 1 + 2 * 3 * 10, dtype=np.int64).reshape(2, 3, 10) ** 2
    told, moved = truth_worlds._misclassify(rng, value)
    assert moved.any() and np.array_equal(told.sum(-1), value.sum(-1))
    assert np.array_equal(told[..., :4].sum(-1), value[..., :4].sum(-1))  # and inside headings
    one = np.zeros((1, 1, 9), dtype=np.int64)
    one[..., 3] = 7
    while not (result := truth_worlds._misclassify(rng, one))[1].any():
        pass
    assert result[0].ravel().tolist() == [7, 0, 0, 0, 0, 0, 0, 0, 0]


def test_f_moves_at_the_stated_rate_on_each_side_by_itself() -> None:
    told = world("f")
    traded = told.truth.value_mills > 0
    exporter, importer = told.planted["is_moved_exporter"], told.planted["is_moved_importer"]
    assert exporter[traded].mean() == pytest.approx(0.15, abs=0.005) and importer[traded].mean() == pytest.approx(0.15, abs=0.005)
    assert not exporter[~traded].any() and not importer[~traded].any()
    assert np.corrcoef(exporter[traded], importer[traded])[0, 1] == pytest.approx(0.0, abs=0.02)
    assert ((cells(told, "X") > 0) & ~traded).sum() > 1000


def test_g_who_is_missing_is_small() -> None:
    told = world("g")
    value, is_reporting = told.truth.value_mills, told.planted["is_reporting"]
    trade = value.sum((0, 2, 3)) + value.sum((0, 1, 3))
    silent = (~is_reporting).mean(1)
    assert np.corrcoef(silent, np.argsort(np.argsort(trade)))[0, 1] < -0.5
    order = np.argsort(trade)
    assert silent[order[:10]].mean() > 0.4 and silent[order[-10:]].mean() < 0.2
    reported = cells(told, "X")
    assert not reported.transpose(1, 0, 2, 3)[~is_reporting].any()
    assert not cells(told, "M").transpose(2, 0, 1, 3)[~is_reporting].any()


def test_g_small_flows_are_left_out_more_by_small_reporters() -> None:
    told = world("g")
    value, threshold = told.truth.value_mills, told.planted["threshold_usd"]
    assert threshold.min() == pytest.approx(1_000) and threshold.max() == pytest.approx(2_000_000)
    below = (value > 0) & (value < np.rint(threshold * 1000)[:, None, None])
    assert below.any() and not cells(told, "X")[below].any()
    missing = cells(told, "X") == 0
    traded = value > 0
    low, high = np.quantile(value[traded], [0.25, 0.75])
    assert missing[traded & (value < low)].mean() > 1.3 * missing[traded & (value > high)].mean()


def test_h_errors_grow_as_flows_shrink_and_differ_by_product() -> None:
    told = world("h")
    value = told.truth.value_mills
    z = told.log_error_exporter / told.sigma_exporter[:, None, None]
    small, large = (value > 0) & (value < 10**8), value > 10**11
    assert np.nanstd(z[small]) > 1.5 * np.nanstd(z[large])
    by_product = spread(z, (0, 1, 2))
    assert np.corrcoef(by_product, told.planted["product_factor"])[0, 1] > 0.9
    drawn = told.log_error_exporter / told.planted["sigma_flow_exporter"]
    assert np.nanstd(drawn) == pytest.approx(1.0, abs=0.01)
    for side in ("exporter", "importer"):
        sigma = told.planted[f"sigma_flow_{side}"]
        assert sigma.min() >= 0.02 and sigma.max() <= 1.5


# scores


def test_scores_by_hand() -> None:
    found = score_arrays(np.array([110, 0, 50, 5], dtype=np.int64), np.array([100, 40, 50, 0], dtype=np.int64))
    assert found.absolute_error == pytest.approx((10 + 40 + 0 + 5) / 190)
    assert found.total_bias == pytest.approx(165 / 190 - 1)
    assert found.log_error == pytest.approx((math.log(1.1) + 0) / 2)
    assert (found.cells, found.log_cells) == (4, 2)


def test_scores_without_anything_to_compare() -> None:
    with pytest.raises(ValueError, match="the truth sums to nothing"):
        score_arrays(np.array([1], dtype=np.int64), np.array([0], dtype=np.int64))
    found = score_arrays(np.array([0], dtype=np.int64), np.array([4], dtype=np.int64))
    assert (found.absolute_error, found.total_bias) == (1.0, -1.0) and math.isnan(found.log_error)


def estimates(*entries: tuple[int, str, str, str, str | None]) -> pa.Table:
    columns = list(zip(*entries, strict=True))
    names = ["year", "exporter_code", "importer_code", "product_code"]
    values = pa.array([None if v is None else Decimal(v) for v in columns[4]], pa.decimal128(18, 3))
    return pa.table([*(pa.array(list(c)) for c in columns[:4]), values], names=[*names, "value_fob_usd"])


def test_scores_of_tables_keep_every_cell() -> None:
    known = truth_table(tiny())
    perfect = score(known, known)
    assert (perfect.absolute_error, perfect.total_bias, perfect.log_error, perfect.cells) == (0.0, 0.0, 0.0, known.num_rows)
    first = known.filter(pc.greater(known["value_fob_usd"], 0)).slice(0, 1).to_pylist()[0]
    total = mills(known["value_fob_usd"]).sum()
    key = (first["year"], first["exporter_code"], first["importer_code"], first["product_code"])
    double = score(estimates((*key, str(first["value_fob_usd"] * 2))), known)
    own = int(first["value_fob_usd"] * 1000)
    assert double.absolute_error == pytest.approx(1.0) and double.total_bias == pytest.approx(2 * own / total - 1)
    assert double.log_error == pytest.approx(math.log(2)) and double.log_cells == 1
    outside = score(estimates((*key, None), (1999, "156", "842", "010110", "7.000")), known)
    assert outside.absolute_error == pytest.approx(1 + 7000 / total) and outside.cells == known.num_rows + 1


def test_an_estimate_that_stands_twice_is_refused() -> None:
    known = truth_table(tiny())
    twice = (2018, "156", "842", "010110", "1.000")
    with pytest.raises(ValueError, match="an estimate stands twice"):
        score(estimates(twice, twice), known)


def tiny() -> Truth:
    return make_truth(4, Sizes(8, 4, 1, 0.5))


def test_decimals_that_do_not_fit_are_refused() -> None:
    assert truth.decimals(np.array([-1, 10**18 - 1])).to_pylist() == [Decimal("-0.001"), Decimal("999999999999999.999")]
    assert truth.decimals(np.array([5, 6]), np.array([False, True])).to_pylist() == [None, Decimal("0.006")]
    with pytest.raises(ValueError, match="don't fit"):
        truth.decimals(np.array([10**18]))


def test_simple_methods_fare_as_the_worlds_say() -> None:
    """With the true rates and sigmas: the mean beats either side in (b), weights beat the mean in (a), a blunder ruins all."""
    told = world("a")
    exporter, importer = two_sides(told)
    weight = [np.exp(s**2) * (np.exp(s**2) - 1) for s in (told.sigma_exporter[:, None, None], told.sigma_importer[:, None])]
    weighted = errors_of(told, exporter, importer, weight[1] / (weight[0] + weight[1]))
    assert weighted < 0.85 * errors_of(told, exporter, importer, 0.5)
    equal = world("b")
    sides = two_sides(equal)
    assert errors_of(equal, *sides, 0.5) < 0.85 * min(errors_of(equal, *sides, 1.0), errors_of(equal, *sides, 0.0))
    ruined = world("c")
    assert errors_of(ruined, *two_sides(ruined), 0.5) > 3 * errors_of(equal, *sides, 0.5)


def two_sides(told: TruthWorld) -> tuple[np.ndarray, np.ndarray]:
    is_fob = np.isin(told.truth.area_codes, truth_reports.FOB_IMPORTERS)
    return cells(told, "X"), cells(told, "M") / np.where(is_fob[:, None], 1.0, told.truth.cif_rate)


def errors_of(told: TruthWorld, exporter: np.ndarray, importer: np.ndarray, weight: np.ndarray | float) -> float:
    both = (exporter > 0) & (importer > 0)
    value = np.where(both, weight * exporter + (1 - weight) * importer, exporter + importer)
    return truth.absolute_error(np.rint(value).astype(np.int64), told.truth.value_mills)


def test_the_worlds_know_nothing_of_core() -> None:
    for module in (truth, truth_reports, truth_worlds):
        tree = ast.parse(Path(module.__file__).read_text("utf-8"))
        names = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert not any(n.startswith(("transforms.core", "transforms.sources", "transforms.io")) for n in names)
