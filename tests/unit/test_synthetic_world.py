"""The synthetic world: deterministic, identical on both sides in truth, with what was planted."""

from __future__ import annotations

import numpy as np
import pytest

from transforms.synthetic import events
from transforms.synthetic.areas import choose_products, describe_areas, distances_km
from transforms.synthetic.quirks import RM, RX, M, X, round_to_six_digits
from transforms.synthetic.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(7, products=120, density=0.03)


def index(world: World, code: str) -> int:
    return world.partner_codes.tolist().index(code)


def test_real_codes_lead() -> None:
    codes = [a.code for a in describe_areas()]
    assert len(set(codes)) == 60
    assert {"156", "842", "699", "251", "490", "757", "579", "344", "528", "392", "276", "704", "458", "360", "608"} <= set(codes)
    products = choose_products(1000)
    assert len(set(products.tolist())) == 1000
    assert {"870380", "850760", "270900", "730110", "080810"} <= set(products.tolist())
    assert len({p[:2] for p in products.tolist()}) >= 96
    assert products.tolist() == sorted(products.tolist())


def test_sizes_that_cant_be_described_are_refused() -> None:
    with pytest.raises(ValueError, match="2 to 60 areas"):
        describe_areas(61)
    with pytest.raises(ValueError, match="products = 3"):
        choose_products(3)
    with pytest.raises(ValueError, match="years"):
        make_world(1, years=())


def test_distances_are_symmetric_and_plausible() -> None:
    places = describe_areas(3)
    km = distances_km(places)
    assert (km == km.T).all()
    assert 10_000 < km[0, 1] < 13_000, "China to the USA"


def test_the_same_seed_gives_the_same_world(world: World) -> None:
    again, other = make_world(7, products=120, density=0.03), make_world(8, products=120, density=0.03)
    assert again.truth.value_usd.tobytes() == world.truth.value_usd.tobytes()
    assert again.reports.value_mills.tobytes() == world.reports.value_mills.tobytes()
    assert other.truth.value_usd.tobytes() != world.truth.value_usd.tobytes()


def test_truth_has_one_value_per_flow_and_no_self_trade(world: World) -> None:
    t = world.truth
    keys = np.stack([t.year, t.exporter, t.importer, t.product])
    assert np.unique(keys, axis=1).shape[1] == len(t.year)
    assert (t.exporter != t.importer).all()
    exports = sum(int(t.value_usd[t.exporter == a].sum()) for a in range(60))
    imports = sum(int(t.value_usd[t.importer == a].sum()) for a in range(60))
    assert exports == imports == int(t.value_usd.sum())
    assert t.value_usd.min() >= 1


def test_trade_is_skewed_like_gravity(world: World) -> None:
    totals = np.sort(np.bincount(world.truth.exporter, world.truth.value_usd, minlength=60))[::-1]
    assert totals[:10].sum() > 0.5 * totals.sum()


def test_report_errors_have_the_known_sigma_and_cif_rate() -> None:
    world = make_world(3, areas=10, products=400, density=0.3)
    r, t = world.reports, world.truth
    true = {k: v for *k_, v in zip(t.year, t.exporter, t.importer, t.product, t.value_usd, strict=True) for k in [tuple(k_)]}
    germany, china = index(world, "276"), index(world, "156")
    for flow, sigma in ((X, world.sigma_exporter), (M, world.sigma_importer)):
        at = np.flatnonzero((r.reporter == germany) & (r.flow == flow) & (r.partner < 10) & (r.partner != germany))
        logs = []
        for n in at.tolist():
            pair = (germany, r.partner[n]) if flow == X else (r.partner[n], germany)
            value = true.get((r.year[n], *pair, r.product[n]))
            if value is not None and value > 1000:
                rate = world.cif_rate[pair] if flow == M else 1.0
                logs.append(np.log(r.value_mills[n] / 1000 / value / rate))
        assert len(logs) > 500
        assert np.std(logs) == pytest.approx(sigma[germany], rel=0.12)
        assert abs(np.mean(logs)) < 4 * sigma[germany] / np.sqrt(len(logs)) + 1e-3
    assert world.cif_rate[china, germany] > 1


def test_who_is_silent(world: World) -> None:
    said = set(zip(world.reports.reporter.tolist(), world.reports.year.tolist(), strict=True))
    taiwan, russia, china = (index(world, c) for c in ("490", "643", "156"))
    assert not any(reporter == taiwan for reporter, _ in said)
    assert {year for reporter, year in said if reporter == russia} == {2018, 2019, 2020, 2021}
    assert {year for reporter, year in said if reporter == china} == set(range(2018, 2024))
    assert (world.reports.partner == taiwan).any(), "490 still is a partner"
    assert not world.is_reporting.all()


def test_re_exports_stand_inside_exports(world: World) -> None:
    r = world.reports
    value = {k[:-1]: k[-1] for k in zip(r.reporter, r.year, r.flow, r.partner, r.product, r.value_mills, strict=True)}
    inside = [k for k in value if k[2] in (RX, RM)]
    assert {RX, RM} == {k[2] for k in inside}
    for reporter, year, flow, partner, product in inside:
        whole = value[reporter, year, X if flow == RX else M, partner, product]
        assert value[reporter, year, flow, partner, product] <= whole


def test_planted_faults_are_all_there(world: World) -> None:
    r = world.reports
    china = index(world, "156")
    assert ((r.reporter == china) & (r.partner == china) & (r.flow == M)).sum() == 40 * 6
    assert (r.partner == index(world, "899")).any()
    assert (r.net_weight_kg == 0).mean() > 0.05
    assert r.is_weight_estimated.any()
    assert r.is_exponent.any()
    assert r.is_suppressed.any()
    assert set(np.unique(r.breakdown)) == {0, 1, 2, 3}
    keys = np.stack([r.reporter, r.year, r.flow, r.partner, r.product])
    assert np.unique(keys, axis=1).shape[1] == len(r.year)


def test_round_to_six_digits() -> None:
    assert round_to_six_digits(np.array([112_339_456_789_000, 1_234_565, 99, 9_999_996])).tolist() == [
        112_339_000_000_000,
        1_234_570,
        99,
        10_000_000,
    ]


def flow_values(world: World, exporter: str, importer: str, prefix: str) -> dict[int, int]:
    t = world.truth
    group = np.char.startswith(world.product_codes, prefix)[t.product]
    at = (t.exporter == index(world, exporter)) & (t.importer == index(world, importer)) & group
    return {y: int(t.value_usd[at & (t.year == y)].sum()) for y in world.years}


def test_the_tariff_cuts_the_direct_flow_and_reroutes_it(world: World) -> None:
    kinds = {str(e["kind"]): e for e in world.events}
    assert set(kinds) == {"tariff", "price_war", "relabelled_origin", "reporter_leaves"}
    direct = flow_values(world, "156", "842", "9403")
    assert direct[2021] < 0.75 * direct[2020]
    for via in events.VIA:
        leg = flow_values(world, via, "842", "9403")
        assert leg[2021] > leg[2020]
    rerouted = kinds["tariff"]["rerouted_usd"]
    assert isinstance(rerouted, dict)
    legs = sum(flow_values(world, via, "842", "9403")[2021] for via in events.VIA)
    assert 0 < rerouted["2021"] < legs


def test_the_price_war_sells_more_for_less(world: World) -> None:
    t = world.truth
    at = (t.exporter == index(world, "156")) & (world.product_codes[t.product] == "870380")
    usd, kg = ({y: int(c[at & (t.year == y)].sum()) for y in world.years} for c in (t.value_usd, t.net_weight_kg))
    assert kg[2023] > 2 * kg[2019]
    assert usd[2023] / kg[2023] < 0.7 * usd[2019] / kg[2019]


def test_the_origin_is_relabelled_in_reports_not_in_truth(world: World) -> None:
    r, china, iran = world.reports, index(world, "156"), index(world, "364")
    crude = world.product_codes[r.product] == "270900"
    named = set(r.year[(r.reporter == china) & (r.partner == iran) & (r.flow == M) & crude].tolist())
    assert named <= {2018, 2019, 2020}
    assert flow_values(world, "364", "156", "270900")[2023] > 0
