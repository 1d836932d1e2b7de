"""From files to a page: reports with their lines, CIF rate, sigmas and weights, other methods, releases; and a flow that isn't there."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.integration.small_lake import commit
from tests.unit.cli_runner import Done, entrepot
from tests.unit.conversion_cases import commit_weights
from tests.unit.core_cases import harmonise, reconcile, settings_of
from tests.unit.ingest_cases import bulk, ingest, write
from transforms.contracts import lake as contracts
from transforms.core import ledger
from transforms.core.estimates.intervals import Variances
from transforms.core.estimates.quality import Side
from transforms.core.estimates.unit_values import UnitValues
from transforms.core.pinned.parameter_rows import to_rows
from transforms.core.pinned.parameters import Parameters
from transforms.io import lake
from transforms.io.files import write_text
from transforms.io.release_manifest import MANIFEST, lake_content, manifest_text

CHINA, BELGIUM, USA = "156", "56", "842"
SETTINGS: dict[str, Any] = {"method": "baci", "cif": "published"}


def row(reporter: str, flow: str, partner: str, product: str, value: str, **more: str) -> dict[str, str]:
    base = {"refYear": "2020", "period": "2020", "classificationCode": "H5"}
    return base | {"reporterCode": reporter, "flowCode": flow, "partnerCode": partner, "cmdCode": product, "primaryValue": value} | more


#: Belgium's 110 CIF at 1.1502431... is 95.632 FOB; w(0.1, 0.2) = 0.80711264.
REPORTS = (
    row(CHINA, "X", BELGIUM, "870380", "100", netWgt="7.5"),
    row(BELGIUM, "M", CHINA, "870380", "110", netWgt="7"),
    row(CHINA, "X", BELGIUM, "870390", "40"),
    row(CHINA, "X", USA, "010121", "50"),
    row(CHINA, "X", "0", "870380", "100"),
    row(BELGIUM, "M", "0", "870380", "110"),
)


def _side(area: int, sigma: float) -> Side:
    one = np.array([1.0])
    return Side(np.array([area]), np.array([12]), sigma * one, 0.02 * one, sigma * one, np.array([0]))


def commit_set(home: Path, fitted: Parameters) -> None:
    """The parameter set of 2020."""
    file = lake.write_partition(home, contracts.PARAMETER_SET, {"year": 2020}, [to_rows(fitted)])
    assert file is not None
    lake.commit(home, contracts.PARAMETER_SET, {file.partition_key: [file]})


def commit_estimates(home: Path) -> None:
    """Parameters of 2020 by hand, and the one distance that they need."""
    fitted = Parameters(
        fitted_on="A H5 6",
        unit_values={"H5": UnitValues(np.array([870380]), np.array([1.0]), np.array([9]))},
        quality=(_side(156, 0.1), _side(56, 0.2)),
        variances=Variances(np.array([156]), np.array([0.01]), np.array([56]), np.array([0.04]), 0.0, 12),
    )
    commit_set(home, fitted)
    place = {"distance_km": 8100.0, "is_contiguous": False, "is_landlocked_area": False, "is_landlocked_partner": False}
    pairs = [{"area_code": a, "partner_code": b, **place, "distance_source": "cepii"} for a, b in ((BELGIUM, CHINA), (CHINA, BELGIUM))]
    commit(home, contracts.PAIR_GEOGRAPHY, pairs)


def publish(home: Path, day: str, **settings: Any) -> str:
    """A release folder of the lake as it stands, with the marts that pages read of older ones."""
    release_id = f"{day}-0123abcd"
    folder = home / "releases" / release_id
    (folder / "marts").mkdir(parents=True)
    pq.write_table(lake.read(home, contracts.BILATERAL_FLOWS), folder / "marts" / "fct_bilateral_flows.parquet")
    pq.write_table(lake.read(home, contracts.LEDGER), folder / "marts" / "conservation_ledger.parquet")
    content = lake_content(settings_of(home, **SETTINGS | settings)) | {"release_id": release_id, "tables": {}, "fingerprint": "0123abcd"}
    write_text(folder / MANIFEST, manifest_text(content, {"published_at": f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00+00:00"}))
    write_text(home / "releases" / "current", release_id + "\n")
    return release_id


def build(home: Path, **settings: Any) -> None:
    """Harmonise and reconcile, the ledger with it."""
    _, harmonised = harmonise(home, **SETTINGS | settings)
    _, reconciled = reconcile(home, **SETTINGS | settings)
    files = ledger.write(home, [line for result in (harmonised, *reconciled) for line in result.ledger])
    lake.commit(home, contracts.LEDGER, {f.partition_key: [f] for f in files})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one release of REPORTS, to be copied."""
    home = tmp_path_factory.mktemp("built") / "warehouse"
    home.mkdir()
    ingest(home, write(home.parent, "first.txt", bulk(*REPORTS)))
    commit_estimates(home)
    build(home)
    publish(home, "20260101")
    return home


@pytest.fixture
def released(built: Path, home: Path) -> Path:
    """A home of a test's own with one release of REPORTS."""
    return Path(shutil.copytree(built, home, dirs_exist_ok=True))


def said(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> dict[str, Any]:
    done = entrepot(capsys, home, "explain", *arguments, "--json")
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_each_station_of_a_flow(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = said(capsys, released, "CHN", "BEL", "870380", "2020")
    single = page["single"]
    assert page["value_fob_usd"] == "99.157"
    assert page["agreement"] == [1, 0, 0]
    assert single["computed"] == {
        "exporter_usd": "100.000", "importer_usd": "95.632", "weight_exporter": pytest.approx(0.80711264, abs=1e-8), "value_usd": "99.157",
        "agrees": True, "importer_agrees": True,
    }  # fmt: skip
    reports = [
        (r["side"], r["fate"], r["file_name"], r["line"], r["value_usd"], r["valuation"], r["net_weight_kg"]) for r in page["reports"]
    ]
    assert reports == [
        ("exporter", "behind", "first.txt", 2, "100.000", "FOB", "7.500"),
        ("importer", "behind", "first.txt", 3, "110.000", "CIF", "7.000"),
    ]
    rate = single["rate"]
    assert (rate["kind"], rate["distance_km"], rate["usd_per_kg"], rate["agrees"]) == ("published", 8100.0, 1.0, True)
    assert rate["factor"] == pytest.approx(1.15024315, abs=1e-8)
    assert [(r["role"], r["sigma"], r["rank"], r["ranked"]) for r in single["reporters"]] == [
        ("exporter", 0.1, 1, 1), ("importer", 0.2, 1, 1),
    ]  # fmt: skip
    assert single["interval"]["agrees"] is True
    assert (single["interval"]["low_usd"], single["interval"]["high_usd"]) == (
        single["row"]["value_low_usd"],
        single["row"]["value_high_usd"],
    )
    assert single["computed_weight"] == pytest.approx(single["row"]["weight_exporter"], rel=1e-15)
    own = {x["reason"]: (x["value_usd"], x["own_usd"]) for x in page["ledger"] if x["stage"] == "reconcile"}
    # in = out + not_chosen + weighting: 100 + 110, 99.157, 110, 0.843; the other flows of China are 40 and 50
    assert own == {
        "in": ("300.000", "210.000"), "out": ("189.157", "99.157"), "not_chosen": ("110.000", "110.000"), "weighting": ("0.843", "0.843"),
    }  # fmt: skip
    values = {a["method"]: a["value_fob_usd"] for a in page["alternatives"]}
    assert (values["baci"], values["mean"], values["prefer_exporter"], values["prefer_importer"]) == (
        "99.157",
        "97.816",
        "100.000",
        "95.632",
    )


def test_the_page_fits_a_terminal_and_names_its_stations(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = entrepot(capsys, released, "explain", "China", "Belgium", "8703.80", "2020", "--method", "mean")
    assert done.code == 0
    assert max(len(line) for line in done.out.splitlines()) <= 80
    plain = " ".join(done.out.split())
    for text in (
        "China (CHN, 156) to Belgium (BEL, 56)",
        "release 20260101-0123abcd",
        "value 99.157 USD, FOB",
        "by mean: 97.816 USD",
        "agrees to a thousandth of a dollar",
        "X H5 870380: 100 USD FOB, 7.5 kg",
        "comtrade, first.txt, line 2, snapshot",
        "110 USD CIF / 1.1502432 = 95.632 USD FOB",
        "w x + (1 - w) m = 0.8071126423 x 100 + 0.1928873577 x 95.632",
        "unchanged since 20260101-0123abcd, the oldest release that is kept",
    ):
        assert text in plain, text


def test_the_ledger_of_a_page_adds_up(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The freight in another pair's lone import leaves by a reason that this flow doesn't have: one line has the rest."""
    ingest(home, write(tmp_path, "first.txt", bulk(*REPORTS, row(BELGIUM, "M", USA, "010121", "103.3"))))
    commit_estimates(home)
    build(home)
    publish(home, "20260101")
    printed = entrepot(capsys, home, "explain", "CHN", "BEL", "870380", "2020").out
    body = printed.split("8. The ledger of the period")[1].split("9. Through the releases")[0]
    lines = [" ".join(line.split()) for line in body.splitlines()]
    at = lines.index("reconcile, comtrade")
    assert lines[at + 1 : at + 6] == [
        "- in 5 403 210", "- not_chosen 1 110 110", "- out 4 289 99.157", "- weighting 1 1 0.843", "- other reasons 1 3",
    ]  # fmt: skip
    # where every line has its word, there is no rest
    assert lines[lines.index("harmonise, comtrade") + 1 : at] == ["- in 5 403", "- out 5 403"]


def test_a_year_without_mirrors_judges_nobody(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(home, write(tmp_path, "first.txt", bulk(*REPORTS[2:4])))
    commit_set(home, Parameters(fitted_on="A H5 6"))
    build(home)
    publish(home, "20260101")
    page = said(capsys, home, "CHN", "BEL", "870390", "2020")
    assert [(r["sigma"], r["rank"], r["reliability"], r["symmetry_index"]) for r in page["single"]["reporters"]] == [(None,) * 4] * 2
    assert [(a["weight_exporter"], a["value_fob_usd"]) for a in page["alternatives"]] == [(1.0, "40.000")] * 6
    lines = [" ".join(x.split()) for x in entrepot(capsys, home, "explain", "CHN", "BEL", "870390", "2020").out.splitlines()]
    for line in (
        "method baci: nothing to weigh, the only report is taken whole",
        "the other side reports on no partner in the period",
        "China exporter - - - - - -",
        "Belgium importer - - - - - -",
        "weight of the exporter's report: 1",
        "nothing was estimated: no flow of the year has two reports",
        "* baci 1 40 0 0.0 %",
        "mean 1 40 0 0.0 %",
    ):
        assert line in lines, line
    assert "both reports, weighed" not in " ".join(lines)


def test_sums_over_what_lies_below(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for product in ("8703", "87", "TOTAL"):
        page = said(capsys, released, "CHN", "BEL", product, "2020")
        assert (page["value_fob_usd"], page["sum"]["by_evidence"]) == ("139.157", {"both": 1, "exporter_only": 1})
        assert [c["product_code"] for c in page["sum"]["largest"]] == ["870380", "870390"]
        assert page["sum"]["two_sided_importer_usd"] == "95.632"
    printed = entrepot(capsys, released, "explain", "CHN", "BEL", "TOTAL", "2020")
    assert max(len(line) for line in printed.out.splitlines()) <= 80


def test_a_revision_shows_where_the_value_changed(released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    revised = (row(CHINA, "X", BELGIUM, "870380", "120", netWgt="7.5"), *REPORTS[1:])
    ingest(released, write(tmp_path, "second.txt", bulk(*revised)))
    build(released)
    publish(released, "20260201")
    page = said(capsys, released, "CHN", "BEL", "870380", "2020")
    assert [(p["release_id"], p["value_fob_usd"]) for p in page["past"]] == [
        ("20260101-0123abcd", "99.157"), ("20260201-0123abcd", "115.300"),
    ]  # fmt: skip
    change = page["change"]
    assert (change["release_id"], change["before"], change["value_before_usd"]) == ("20260201-0123abcd", "20260101-0123abcd", "99.157")
    assert change["causes"][0] == "second.txt (comtrade) came in"
    fates = [(r["fate"], r["file_name"], r["value_usd"]) for r in page["reports"] if r["side"] == "exporter"]
    assert fates == [("behind", "second.txt", "120.000"), ("superseded", "first.txt", "100.000")]
    # the older release still answers from the versions of the lake that it pins
    old = said(capsys, released, "CHN", "BEL", "870380", "2020", "--release", "20260101-0123abcd")
    assert (old["value_fob_usd"], old["agreement"], len(old["past"])) == ("99.157", [1, 0, 0], 1)
    assert [r["file_name"] for r in old["reports"]] == ["first.txt", "first.txt"]


def test_a_lake_half_built_is_not_what_is_explained(released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(released, write(tmp_path, "second.txt", bulk(row(CHINA, "X", BELGIUM, "870380", "120"))))
    build(released)
    page = said(capsys, released, "CHN", "BEL", "870380", "2020")
    assert (page["release_id"], page["value_fob_usd"]) == ("20260101-0123abcd", "99.157")


def test_a_method_that_changed_is_a_cause(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(released, method="mean")
    publish(released, "20260301", method="mean")
    change = said(capsys, released, "CHN", "BEL", "870380", "2020")["change"]
    assert change["release_id"] == "20260301-0123abcd"
    assert "setting method: baci before, mean now" in change["causes"]


def test_without_a_release_the_lake_answers_and_says_so(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(home, write(tmp_path, "first.txt", bulk(*REPORTS)))
    commit_estimates(home)
    build(home)
    done = entrepot(capsys, home, "explain", "CHN", "BEL", "870380", "2020")
    assert (done.code, "no release yet: the lake as it stands" in done.out) == (0, True)
    assert "no release holds it yet" in done.out


def test_a_flow_that_is_not_there(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = said(capsys, released, "CHN", "BEL", "870322", "2020")
    assert page["found"] is False
    absent = page["absence"]
    assert [(r["area"], r["flow_code"], r["row_count"], r["partner_count"]) for r in absent["reporting"]] == [
        (CHINA, "X", 3, 2), (CHINA, "M", 0, 0), (BELGIUM, "M", 1, 1), (BELGIUM, "X", 0, 0),
    ]  # fmt: skip
    assert [n["product_code"] for n in absent["products"]] == ["870380", "870390"]
    other = said(capsys, released, "USA", "BEL", "870380", "2020")["absence"]
    assert [(n["exporter_code"], n["importer_code"]) for n in other["partners"]] == [(CHINA, BELGIUM)]
    assert [(t["reporter_code"], t["partner_code"], t["value_usd"]) for t in other["totals"]] == [(BELGIUM, "0", "110.000")]
    done = entrepot(capsys, released, "explain", "USA", "BEL", "870380", "2020")
    assert "no flow in release 20260101-0123abcd" in " ".join(done.out.split())
    assert "exports: no report on a partner in 2020" in " ".join(done.out.split())
    # Belgium's World stands all the same, and nothing is said against it
    assert "neither side reports it, in any edition or as any kind of flow" in " ".join(done.out.split())
    assert max(len(line) for line in done.out.splitlines()) <= 80
    year = entrepot(capsys, released, "explain", "CHN", "BEL", "870380", "1999")
    assert "no flow of 1999 at all; it has 2020 to 2020" in " ".join(year.out.split())


def test_a_pair_without_any_flow(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = said(capsys, released, "USA", "BEL", "TOTAL", "2020")
    absent = page["absence"]
    assert (page["found"], absent["reports"], absent["products"]) == (False, [], [])
    assert [(n["exporter_code"], n["importer_code"], n["product_code"], n["value_fob_usd"]) for n in absent["partners"]] == [
        (CHINA, BELGIUM, "TOTAL", "139.157")
    ]  # fmt: skip
    assert absent["totals"] == []
    done = entrepot(capsys, released, "explain", "United States", "BEL", "TOTAL", "2020")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].startswith("United States of America (USA, 842) to Belgium (BEL, 56), TOTAL, 2020: no flow")


def test_re_exports_stand_apart(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(home, write(tmp_path, "first.txt", bulk(*REPORTS, row(CHINA, "RX", BELGIUM, "870380", "20"))))
    commit_estimates(home)
    build(home)
    publish(home, "20260101")
    page = said(capsys, home, "CHN", "BEL", "870380", "2020")
    assert page["single"]["computed"]["exporter_usd"] == "80.000"
    assert page["agreement"] == [1, 0, 0]
    assert [(r["flow_code"], r["fate"]) for r in page["reports"] if r["side"] == "exporter"] == [("X", "behind"), ("RX", "apart")]
    printed = entrepot(capsys, home, "explain", "CHN", "BEL", "870380", "2020").out
    assert "exporter: 100 less re-exports 20 = 80 USD" in printed


def test_exports_to_areas_not_specified_move(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """China says 60 to Belgium and 50 to nobody in particular; Belgium says 95.632 FOB: what is missing, 35.632, moves."""
    reports = (row(CHINA, "X", BELGIUM, "870380", "60"), REPORTS[1], row(CHINA, "X", "899", "870380", "50"))
    ingest(home, write(tmp_path, "first.txt", bulk(*reports)))
    commit_estimates(home)
    build(home)
    publish(home, "20260101")
    page = said(capsys, home, "CHN", "BEL", "870380", "2020")
    assert page["single"]["row"]["nes_received_fob_usd"] == "35.632"
    assert (page["single"]["computed"]["exporter_usd"], page["agreement"]) == ("95.632", [1, 0, 0])
    assert [(m["nes_move"], m["moved_fob_usd"]) for m in page["moves"]] == [("to_partner", "35.632")]
    nes = said(capsys, home, "CHN", "899", "870380", "2020")
    assert (nes["value_fob_usd"], nes["agreement"]) == ("14.368", [1, 0, 0])


def test_a_converted_report_shows_its_code_and_weight(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """China reports in H4, Belgium in H5: of China's 870390, 0.6 go to 870380, which is 60 of its 100."""
    reports = (row(CHINA, "X", BELGIUM, "870390", "100", classificationCode="H4"), REPORTS[1])
    ingest(home, write(tmp_path, "first.txt", bulk(*reports)))
    commit_weights(home, "H4 870390 > H5 870380 0.6 0.5 fitted", "H4 870390 > H5 870390 0.4 0.5 fitted")
    commit_estimates(home)
    build(home)
    publish(home, "20260101")
    page = said(capsys, home, "CHN", "BEL", "870380", "2020")
    assert (page["stratum"]["classification"], page["agreement"]) == ("H5", [1, 0, 0])
    assert page["single"]["computed"]["exporter_usd"] == "60.000"
    assert [(r["side"], r["fate"], r["classification"], r["product_code"], r["value_usd"]) for r in page["reports"]] == [
        ("exporter", "behind", "H4", "870390", "100.000"),
        ("importer", "behind", "H5", "870380", "110.000"),
    ]
    assert [(c["from_classification"], c["from_code"], c["to_code"], c["value_weight"]) for c in page["conversions"]] == [
        ("H4", "870390", "870380", 0.6)
    ]  # fmt: skip
    printed = " ".join(entrepot(capsys, home, "explain", "CHN", "BEL", "870380", "2020").out.split())
    assert "H4 870390 to H5 870380: 0.6 of value, 0.5 of weight; fitted" in printed
    assert "the exporter's report on 870380: fitted (shares fitted on reporters that changed edition), 60 USD after it" in printed
    assert "mark" in printed and "a report's code was converted from another edition" in printed
    # in its own edition the report stands as it came, and the other code's flow isn't the one asked for
    own = said(capsys, home, "CHN", "BEL", "870390", "2020", "--classification", "H4")
    assert (own["value_fob_usd"], [r["fate"] for r in own["reports"]]) == ("100.000", ["behind"])
    assert [(o["basis"], o["classification"], o["value_fob_usd"]) for o in own["other_strata"]] == [("own", "H5", "40.000")]


def test_a_residual_shows_the_parent_that_it_comes_from(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """China's heading holds 500, its products 140: 360 are suppressed."""
    ingest(home, write(tmp_path, "first.txt", bulk(*REPORTS, row(CHINA, "X", BELGIUM, "8703", "500"))))
    commit_estimates(home)
    build(home)
    publish(home, "20260101")
    page = said(capsys, home, "CHN", "BEL", "8703XX", "2020")
    assert (page["value_fob_usd"], page["single"]["row"]["is_residual"]) == ("360.000", True)
    assert [(r["fate"], r["product_code"], r["value_usd"], r["line"]) for r in page["reports"]] == [("parent", "8703", "500.000", 8)]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"value_fob_usd": Decimal("99.158")}, "DOES NOT AGREE with the tables, which hold 99.158 USD"),
        # 110 / 1.1 = 100, and the value follows from the 95.632 that the row holds
        ({"cif_factor": 1.1}, "110 USD CIF / 1.1 = 95.632 USD FOB; DOES NOT AGREE: the CIF value over this rate is another one"),
    ],
)
def test_a_value_that_does_not_agree_fails(released: Path, capsys: pytest.CaptureFixture[str], wrong: dict[str, Any], text: str) -> None:
    rows = lake.read(released, contracts.BILATERAL_FLOWS, year=2020, product_bucket=3).to_pylist()
    rows = [r | wrong if r["product_code"] == "870380" else r for r in rows]
    commit(released, contracts.BILATERAL_FLOWS, rows, {"year": 2020, "product_bucket": 3})
    publish(released, "20260401")
    for product in ("870380", "8703"):
        done = entrepot(capsys, released, "explain", "CHN", "BEL", product, "2020")
        plain = " ".join(done.out.split())
        assert (done.code, "DOES NOT AGREE: computed anew from the evidence, 1 of" in plain) == (1, True)
        assert (text in plain) == (product == "870380")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("CHN", "Atlantis", "TOTAL", "2020"), 2, "no area is called 'Atlantis'"),
        (("CHN", "BEL", "cars", "2020"), 2, "is no product"),
        (("CHN", "USA", "8x", "2020"), 2, "'8x' is no product"),
        (("CHN", "BEL", "TOTAL", "20"), 2, "is no period"),
        (("CHN", "CHN", "TOTAL", "2020"), 2, "is both exporter and importer"),
        (("CHN", "BEL", "TOTAL", "2020", "--method", "best"), 2, "is no method"),
        (("CHN", "BEL", "TOTAL", "2020", "--release", "20200101-00000000"), 1, "no release '20200101-00000000'"),
    ],
)
def test_exit_codes(released: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, text: str) -> None:
    done: Done = entrepot(capsys, released, "explain", *arguments)
    assert (done.code, text in done.err) == (code, True), done.err


def test_a_pair_brought_to_its_total_says_what_stood_before(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """growth_lab weighs both by 0.5 here; a row that was scaled to its pair's total afterwards can't be computed from itself."""
    build(released, method="growth_lab")
    rows = lake.read(released, contracts.BILATERAL_FLOWS, year=2020, product_bucket=3).to_pylist()
    scaled = {"value_fob_usd": Decimal("83.629"), "method_marks": "cif_published rescaled"}
    two = [r | scaled if r["product_code"] == "870380" else r for r in rows]
    commit(released, contracts.BILATERAL_FLOWS, two, {"year": 2020, "product_bucket": 3})
    publish(released, "20260501", method="growth_lab")
    page = said(capsys, released, "CHN", "BEL", "870380", "2020")
    assert (page["value_fob_usd"], page["methods"], page["single"]["computed"]["value_usd"]) == ("83.629", ["growth_lab"], "97.816")
    assert page["agreement"] == [0, 0, 1]
    assert page["single"]["interval"]["agrees"] is None
    printed = " ".join(entrepot(capsys, released, "explain", "CHN", "BEL", "870380", "2020").out.split())
    assert "= 97.816 USD then brought to the pair's total: 83.629 USD in the tables" in printed
    assert "the pair's products were brought to the pair's total" in printed
    assert "both ends were brought to the pair's total with the value: one flow can't show whether they agree" in printed
