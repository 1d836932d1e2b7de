"""The parts of a page: what the words mean, and values computed anew from a row's evidence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestration.cli.explain_page import _counted
from orchestration.cli.figures import WIDTH, pairs, wrapped
from orchestration.errors import UsageRefused
from orchestration.evidence import words
from orchestration.evidence.alternatives import alternatives, given_out
from orchestration.evidence.ledger import own_parts
from orchestration.evidence.quality import interval_of, reporter_of
from orchestration.evidence.question import _ALSO, ask, resolve_area, resolve_period, resolve_product
from orchestration.evidence.rates import rate_of
from orchestration.evidence.recompute import FIXED, agreement, by_method, mixed, recompute
from orchestration.evidence.tables import Tables
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core.estimates.cif import Rule
from transforms.core.estimates.intervals import Variances
from transforms.core.estimates.quality import Side
from transforms.core.estimates.unit_values import UnitValues
from transforms.core.listing.areas import area_rows
from transforms.core.pinned.parameters import Parameters
from transforms.core.reconciling.methods import METHODS

AREAS = area_rows([], {}).to_pylist()


@pytest.mark.parametrize(
    ("text", "year", "code"),
    [
        ("156", 2020, "156"),
        ("056", 2020, "56"),
        ("CHN", 2020, "156"),
        ("chn", 2020, "156"),
        ("CN", 2020, "156"),
        ("China", 2020, "156"),  # and not Hong Kong, whose ISO name begins so too
        ("united states of a", 2020, "842"),
        ("USA", 2020, "842"),
        ("USA", 1975, "841"),
        ("DEU", 1989, "280"),
        ("Germany", 2020, "276"),
        ("BEL", 1995, "58"),
        ("Cote d'Ivoire", 2020, "384"),
        ("TWN", 2020, "490"),
        ("United States", 2020, "842"),  # and not 581, the Minor Outlying Islands, whose name alone begins so
        ("united  states", 1975, "842"),
        ("UK", 2020, "826"),
        ("South Korea", 2020, "410"),
        ("Russia", 2020, "643"),
        ("Hong Kong", 2020, "344"),
        ("Taiwan", 2020, "490"),
        ("Taiw", 2020, None),
        ("NA", 2020, "516"),
        ("899", 2020, "899"),
    ],
)
def test_an_area_by_any_of_its_names(text: str, year: int, code: str | None) -> None:
    if code is None:
        with pytest.raises(UsageRefused):
            resolve_area(text, AREAS, year)
    else:
        assert resolve_area(text, AREAS, year).code == code


def test_every_other_name_leads_to_a_country() -> None:
    named = {a["area_code"]: a for a in AREAS}
    assert {name: code for name, code in _ALSO.items() if code not in named or named[code]["is_margin"]} == {}
    assert [named[_ALSO[name]]["iso3"] for name in ("us", "uk", "korea", "north korea", "iran", "venezuela", "macao")] == [
        "USA", "GBR", "KOR", "PRK", "IRN", "VEN", "MAC",
    ]  # fmt: skip


def test_how_many_flows_a_sum_has() -> None:
    assert _counted({"both": 1}) == "1 flow, which both sides report"
    assert _counted({"importer_only": 1200}) == "1,200 flows, all of which the importer alone reports"
    assert _counted({"both": 2, "exporter_only": 1}) == "3 flows: 2 that both sides report, 1 that the exporter alone reports"


def test_several_areas_are_listed_with_their_codes() -> None:
    with pytest.raises(UsageRefused, match=r"'guin' names Guinea \(GIN, 324\), Guinea-Bissau \(GNB, 624\); say one by its code, as 324"):
        resolve_area("guin", AREAS, 2020)
    with pytest.raises(UsageRefused, match="no area is called 'Atlantis'"):
        resolve_area("Atlantis", AREAS, 2020)
    with pytest.raises(UsageRefused, match="0 is World: a total"):
        resolve_area("0", AREAS, 2020)


def test_products_and_periods() -> None:
    assert [resolve_product(t) for t in ("870380", "8703.80", "8703", "87", "total", "0011X")] == [
        "870380", "870380", "8703", "87", "TOTAL", "0011X",
    ]  # fmt: skip
    assert [resolve_period(t) for t in ("2023", "2023-05", "202305")] == ["2023", "2023-05", "2023-05"]
    assert [resolve_product(t) for t in ("8703xx", "87XXXX")] == ["8703XX", "87XXXX"]
    for wrong in ("8", "8x", "XX", "87X3", "8703SS", "cars", "", "87038012345", "8703XXXXXXX"):
        with pytest.raises(UsageRefused, match="is no product"):
            resolve_product(wrong)
    for wrong in ("23", "2023-13", "May"):
        with pytest.raises(UsageRefused, match="is no period"):
            resolve_period(wrong)


def test_a_question_refuses_what_cannot_be_asked(home: Path) -> None:
    tables = Tables(home, None)
    assert ask(tables, "CHN", "BEL", "870380", "2023", classification="HS17").classification == "H5"
    for words_of, said in (
        (("CHN", "156", "TOTAL", "2023"), "is both exporter and importer"),
        (("CHN", "BEL", "TOTAL", "2023", "HS99"), "--classification HS99 is no edition"),
        (("CHN", "BEL", "TOTAL", "2023", None, "best"), "--method best is no method: baci"),
    ):
        four, rest = words_of[:4], [*words_of[4:], None, None][:2]
        with pytest.raises(UsageRefused, match=said):
            ask(tables, *four, classification=rest[0], method=rest[1])


def row(**given: Any) -> dict[str, Any]:
    """A row of bilateral_flows: 100 against 103.3 CIF at 1.033, baci with a weight of 0.25."""
    base: dict[str, Any] = dict.fromkeys(contracts.BILATERAL_FLOWS.columns) | {
        "year": 2020, "classification": "H5", "product_level": 6, "product_code": "870380", "exporter_code": "156", "importer_code": "56",
        "value_fob_usd": Decimal("115.000"), "value_exporter_fob_usd": Decimal("100.000"), "value_importer_cif_usd": Decimal("123.960"),
        "value_importer_fob_usd": Decimal("120.000"), "cif_factor": 1.033, "weight_exporter": 0.25, "method": "baci",
        "method_marks": "cif_fitted", "evidence": "both",
    }  # fmt: skip
    money = {k: Decimal(v) if k.endswith("_usd") and isinstance(v, str) else v for k, v in given.items()}
    return base | money


def test_a_value_is_computed_anew_from_its_row() -> None:
    found = recompute(row())
    assert (found.exporter_usd, found.importer_usd, found.value_usd) == (Decimal(100), Decimal(120), Decimal(115))
    assert (found.agrees, found.importer_agrees) == (True, True)
    assert recompute(row(value_fob_usd="115.001")).agrees is False
    assert recompute(row(cif_factor=1.04)).importer_agrees is False
    # 110 / 1.1 = 100, not 50: the mean of 100 and 50 is right, what it was made of isn't
    halved = row(value_importer_cif_usd="110", cif_factor=1.1, value_importer_fob_usd="50", weight_exporter=0.5, value_fob_usd="75")
    assert (recompute(halved).agrees, recompute(halved).importer_agrees) == (True, False)
    scaled = row(method_marks="cif_fitted rescaled")
    assert agreement([recompute(r) for r in (row(), halved, scaled)]) == (1, 1, 1)
    assert recompute(row(method_marks="cif_fitted rescaled")).agrees is None
    lone = row(value_importer_fob_usd=None, value_importer_cif_usd=None, weight_exporter=1.0, evidence="exporter_only", value_fob_usd="100")
    assert recompute(lone).agrees is True
    published = row(value_exporter_fob_usd=None, value_importer_fob_usd=None, evidence="published", weight_exporter=None)
    assert recompute(published).agrees is None


def test_re_exports_and_moves_come_before_the_weight() -> None:
    apart = row(method_marks="cif_fitted re_exports_apart", re_export_fob_usd="20", value_fob_usd="110")
    assert recompute(apart).exporter_usd == Decimal(80)
    assert recompute(apart).agrees is True
    # re-exports that weren't taken out (a lone report) stay
    assert recompute(row(re_export_fob_usd="20")).exporter_usd == Decimal(100)
    moved = row(method_marks="cif_fitted nes_received", nes_received_fob_usd="8", value_fob_usd="117")
    assert (recompute(moved).exporter_usd, recompute(moved).agrees) == (Decimal(108), True)
    nes = row(importer_code="899", value_importer_fob_usd=None, weight_exporter=1.0, evidence="exporter_only", value_fob_usd="92")
    moves = [{"product_code": "870380", "moved_fob_usd": Decimal("3.000")}, {"product_code": "870380", "moved_fob_usd": Decimal("5.000")}]
    assert given_out(moves) == {"870380": 8000}
    assert recompute(nes, 8000).agrees is True


def test_half_a_mill_rounds_to_even() -> None:
    assert [mixed(0.5, 1, n) for n in (0, 2, 4)] == [0, 2, 2]
    assert (mixed(1.0, 7, 9), mixed(0.0, 7, 9)) == (7, 9)


def test_what_other_methods_give() -> None:
    weights: dict[str, float | None] = {"baci": 0.25, "growth_lab": 0.75, "symmetry_index": None} | {"mean": 0.5, "prefer_exporter": 1.0}
    found = by_method(row(), weights)
    assert {k: None if v is None else str(v) for k, v in found.items()} == {
        "baci": "115.000", "growth_lab": "105.000", "symmetry_index": None, "mean": "110.000", "prefer_exporter": "100.000",
    }  # fmt: skip
    # a unit mistake: the report that was taken here is what every averaging method takes
    blunder = row(method_marks="suspected_1000", weight_exporter=1.0, value_importer_fob_usd="120000", value_fob_usd="100")
    assert [str(v) for v in by_method(blunder, {"baci": 0.25, "mean": 0.5, "prefer_importer": 0.0}).values()] == [
        "100.000", "100.000", "120000.000",
    ]  # fmt: skip
    by_hand = alternatives([row(), row(product_code="870390")], weights, {})
    assert [(a.method, a.value_fob_usd, a.is_chosen) for a in by_hand] == [
        ("baci", Decimal(230), True),
        ("growth_lab", Decimal(210), False),
        ("symmetry_index", None, False),
        ("mean", Decimal(220), False),
        ("prefer_exporter", Decimal(200), False),
        ("prefer_importer", None, False),
    ]
    assert alternatives([row(evidence="published")], weights, {}) == []


def test_a_lone_report_has_one_weight_by_any_method() -> None:
    pair: dict[str, float | None] = {"baci": 0.25, "growth_lab": 0.5, "symmetry_index": None} | dict(FIXED)
    one = row(value_importer_fob_usd=None, value_importer_cif_usd=None, weight_exporter=1.0, evidence="exporter_only", value_fob_usd="100")
    other = row(value_exporter_fob_usd=None, weight_exporter=0.0, evidence="importer_only", value_fob_usd="120")

    def told(*rows: dict[str, Any]) -> set[tuple[float | None, str]]:
        return {(a.weight_exporter, str(a.value_fob_usd)) for a in alternatives(rows, pair, {})}

    assert told(one) == {(1.0, "100.000")}
    assert told(other) == {(0.0, "120.000")}
    assert told(one, other) == {(None, "220.000")}
    # beside a flow that both sides report, the weights are of that one
    assert [a.weight_exporter for a in alternatives([one, row()], pair, {})] == [0.25, 0.5, None, 0.5, 1.0, 0.0]


def test_own_part_of_the_ledger_closes() -> None:
    sources = {("exporter", "870380"): "comtrade", ("importer", "870380"): "comext"}
    parts = {k: v for k, v in own_parts([row()], {}, sources).items() if v}
    assert parts == {
        ("comtrade", "in"): 100_000,
        ("comtrade", "not_chosen"): 100_000,
        ("comext", "in"): 123_960,
        ("comext", "out"): 115_000,
        ("comext", "cif_removed"): 3_960,
        ("comext", "weighting"): 5_000,
    }
    for source in ("comtrade", "comext"):
        assert sum(v if r == "in" else -v for (s, r), v in parts.items() if s == source) == 0
    apart = row(method_marks="re_exports_apart", re_export_fob_usd="20", weight_exporter=0.75, value_fob_usd="90")
    assert {r: v for (s, r), v in own_parts([apart], {}, sources).items() if s == "comtrade" and v} == {
        "in": 100_000, "re_export": 20_000, "weighting": -10_000, "out": 90_000,
    }  # fmt: skip


def parameters() -> Parameters:
    """Qualities: exporters 156 (0.1) and 842 (0.3), importer 56 (0.2); s^2 of 0.04 each; 12.5 USD per kg of 870380."""

    def side(*sigmas: tuple[int, float]) -> Side:
        areas, numbers = zip(*sigmas, strict=True)
        count = len(areas)
        return Side(
            np.array(areas), np.full(count, 40), np.array(numbers), np.full(count, 0.01), np.array(numbers), np.zeros(count, np.int64)
        )

    return Parameters(
        set_id="0123456789abcdef",
        fitted_on="A H5 6",
        unit_values={"H5": UnitValues(np.array([870380]), np.array([1.0]), np.array([50]))},
        quality=(side((156, 0.1), (842, 0.3)), side((56, 0.2))),
        variances=Variances(np.array([156]), np.array([0.04]), np.array([56]), np.array([0.09]), 0.0, 40),
    )


PLACE = {
    "distance_km": 8100.0, "distance_source": "cepii", "is_contiguous": False, "is_landlocked_area": False, "is_landlocked_partner": False,
}  # fmt: skip


def test_a_rate_is_computed_from_its_inputs() -> None:
    """METHODS' check: at 8,100 km, a unit value of 1, ln rate 0.13997336."""
    found = rate_of(row(method_marks="cif_published", cif_factor=1.1502431505597872), PLACE, parameters(), Rule())
    assert (found.kind, found.usd_per_kg, found.distance_source) == ("published", 1.0, "cepii")
    assert np.log(found.computed_factor) == pytest.approx(0.13997336, abs=1e-8)
    assert found.coefficients["ln_distance"] == -0.11
    assert (found.agrees, found.pairs, found.standard_errors) == (True, 9_053_610, {})
    wrong = rate_of(row(method_marks="cif_published", cif_factor=1.2), PLACE, parameters(), Rule())
    assert wrong.agrees is False
    # without a distance nothing can be said of a rate that claims to have one
    assert rate_of(row(method_marks="cif_published"), None, parameters(), Rule()).agrees is None
    mean = rate_of(row(method_marks="cif_mean", cif_factor=1.033), None, parameters(), Rule())
    assert (mean.kind, mean.agrees, mean.coefficients) == ("mean", True, {})
    assert rate_of(row(method_marks="fob_importer", cif_factor=None), PLACE, parameters(), Rule()).kind == "listed"


def test_reporters_are_ranked_among_the_years() -> None:
    china = reporter_of("exporter", "156", 0.1, parameters())
    assert (china.sigma, china.rank, china.ranked, china.flows_compared, china.standard_error) == (0.1, 1, 2, 40, 0.01)
    assert reporter_of("exporter", "842", 0.3, parameters()).rank == 2
    unknown = reporter_of("importer", "251", 0.2, parameters())
    assert (unknown.rank, unknown.standard_error, unknown.ranked) == (None, None, 1)
    # a year without mirrors: the 1, 1 and 0 that make weights tie are no figures of the reporter
    nobody = reporter_of("exporter", "156", 1.0, Parameters(fitted_on="A H5 6"))
    assert (nobody.sigma, nobody.reliability, nobody.symmetry_index, nobody.rank, nobody.ranked) == (None, None, None, None, 0)


def test_an_interval_is_computed_from_the_variances() -> None:
    """CV^2 = w^2 f(s_i) + (1 - w)^2 (f(s_j) + v), by hand at w = 0.25, v = 0.0001: 0.0581... and bounds of 115."""
    f_i, f_j = np.exp(0.04) * np.expm1(0.04), np.exp(0.09) * np.expm1(0.09)
    variation = 0.0625 * f_i + 0.5625 * (f_j + 0.0001)
    half = 1.645 * np.sqrt(np.log1p(variation))
    low, high = (Decimal(round(115_000 * float(np.exp(sign * half)))).scaleb(-3) for sign in (-1, 1))
    found = interval_of(row(value_low_usd=low, value_high_usd=high), 1.645, 0.0001, parameters())
    assert found is not None
    assert (found.agrees, found.squared_variation) == (True, pytest.approx(variation, rel=1e-12))
    other = interval_of(row(value_low_usd=low, value_high_usd=high + 1), 1.645, 0.0001, parameters())
    assert other is not None
    assert other.agrees is False
    assert interval_of(row(), 1.645, 0.0, parameters()) is None
    # scaled with the value: nothing is compared, so nothing is said to agree
    scaled = interval_of(row(value_low_usd=low, value_high_usd=high, method_marks="cif_fitted rescaled"), 1.645, 0.0001, parameters())
    assert scaled is not None
    assert (scaled.agrees, scaled.squared_variation) == (None, found.squared_variation)
    unknown = interval_of(row(value_low_usd=low, value_high_usd=high), 1.645, None, parameters())
    assert unknown is not None
    assert (unknown.agrees, unknown.squared_variation) == (None, None)


def test_every_code_has_words() -> None:
    assert set(words.MARKS) == set(codes.MARKS)
    assert set(words.EVIDENCE) == set(codes.EVIDENCE)
    assert set(words.OF_A_SUM) == set(codes.EVIDENCE)
    assert set(words.KINDS) == set(codes.EVIDENCE_KINDS)
    assert set(words.METHODS) == set(codes.METHODS)
    # a method either weighs alike whatever the reporters, or has a formula of its own
    assert set(FIXED) == {"mean", "prefer_exporter", "prefer_importer"}
    assert set(words.FORMULAS) == set(codes.RECONCILE_METHODS) - set(FIXED)
    assert tuple(METHODS) == codes.RECONCILE_METHODS
    assert set(words.CONVERSIONS) == set(codes.CONVERSIONS)
    assert set(words.REASONS) == {"in", "out", *codes.VALUE_REASONS}


def test_lines_stay_within_the_width() -> None:
    lines = [*wrapped("word " * 60), *pairs([("name", "value " * 40), ("longer name", "x")])]
    assert max(map(len, lines)) <= WIDTH
    assert lines[-1] == "  longer name  x"
