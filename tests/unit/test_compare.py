"""A file that is ours plus planted differences of each kind is split exactly as planted; sums are exact in mills."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.cli.figures import money
from orchestration.evidence.comparison import Comparison, FlowDifference, compare, compared, every_flow
from orchestration.evidence.comparison_sql import COMPONENTS
from orchestration.evidence.tables import open_tables
from orchestration.evidence.theirs import read_theirs
from tests.integration.small_lake import commit
from tests.unit.cli_runner import entrepot
from tests.unit.core_cases import harmonise, reconcile
from tests.unit.ingest_cases import BACI_HEADER, CUT_HEADER, bulk, ingest, write
from transforms.contracts import lake as contracts
from transforms.io.snapshot import Declared, take_snapshot
from transforms.settings import Settings

CHINA, BELGIUM, USA, FRANCE = "156", "56", "842", "251"


def row(reporter: str, flow: str, partner: str, product: str, value: str, edition: str = "H5") -> dict[str, str]:
    return {
        "refYear": "2020", "period": "2020", "classificationCode": edition, "reporterCode": reporter, "flowCode": flow,
        "partnerCode": partner, "cmdCode": product, "primaryValue": value,
    }  # fmt: skip


#: Two-sided (870380), exporter alone (010121), importer alone (520100, of France).
OURS = (
    row(CHINA, "X", BELGIUM, "870380", "100"),
    row(BELGIUM, "M", CHINA, "870380", "123.96"),
    row(CHINA, "X", USA, "010121", "50"),
    row(FRANCE, "M", CHINA, "520100", "10.33"),
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose lake holds OURS, reconciled by the mean and one CIF rate of 1.033: 870380 is (100 + 120) / 2 = 110."""
    home = tmp_path_factory.mktemp("ours") / "warehouse"
    home.mkdir()
    ingest(home, write(home.parent, "ours.txt", bulk(*OURS)))
    harmonise(home)
    reconcile(home, method="mean")
    return home


def held_against(
    home: Path, file: Path, declared: Declared | None = None, basis: str | None = None
) -> tuple[Comparison, list[FlowDifference]]:
    settings = Settings(home=home)
    tables = open_tables(settings)
    with read_theirs(settings, file, declared or Declared()) as theirs, compared(tables, theirs, basis) as (connection, chosen):
        return compare(tables, theirs, connection, chosen), list(every_flow(connection))


def parts_of(found: Comparison) -> dict[str, dict[str, str]]:
    """Side -> component -> USD as text, those that aren't 0."""
    return {p.side: {n: money(v) for n, v in p.components.items() if v} for p in found.parts}


def assert_exact(found: Comparison, flows: list[FlowDifference]) -> None:
    for part in found.parts:
        assert sum(part.components.values()) == part.difference_usd == part.their_usd - part.our_usd
    for flow in flows:
        assert sum(flow.components.values()) == flow.difference_usd == (flow.their_usd or 0) - (flow.our_usd or 0)
    assert sum(p.difference_usd for p in found.parts) == sum(f.difference_usd for f in flows)


def test_our_own_file_leaves_what_reconciling_did(ours: Path, tmp_path: Path) -> None:
    found, flows = held_against(ours, write(tmp_path, "same.txt", bulk(*OURS)))
    assert_exact(found, flows)
    # exporters: 100 against 110. Importers: 123.96 CIF is 120 FOB, against 110; 10.33 is 10, against 10; ours of nobody else
    assert parts_of(found) == {
        "exporter": {"coverage": "-10", "weighting": "-10"},
        "importer": {"valuation": "4.29", "weighting": "10"},
    }
    assert [(p.side, p.their_usd, p.our_usd) for p in found.parts] == [
        ("exporter", Decimal(150), Decimal(170)),
        ("importer", Decimal("134.29"), Decimal(120)),
    ]


#: What is planted in a newer file of the same source, and the component in which it must be found.
PLANTED = [
    ("vintage", [row(CHINA, "X", BELGIUM, "870380", "103.5"), *OURS[1:]], "3.5"),
    ("self_trade", [*OURS, row(CHINA, "X", CHINA, "870380", "7")], "7"),
    ("not_specified", [*OURS, row(CHINA, "X", "899", "870380", "2.25")], "2.25"),
    ("coverage", [*OURS, row(CHINA, "X", FRANCE, "720839", "11")], "11"),
    ("coverage", [OURS[0], OURS[1], OURS[3]], "-50"),
]


@pytest.mark.parametrize(("component", "rows", "usd"), PLANTED, ids=lambda v: v if isinstance(v, str) else "")
def test_a_planted_difference_is_found_where_it_was_planted(
    ours: Path, tmp_path: Path, component: str, rows: list[dict[str, str]], usd: str
) -> None:
    before, _ = held_against(ours, write(tmp_path, "same.txt", bulk(*OURS)))
    found, flows = held_against(ours, write(tmp_path, "planted.txt", bulk(*rows)))
    assert_exact(found, flows)
    (one,), (other,) = ([p for p in c.parts if p.side == "exporter"] for c in (before, found))
    change = {n: other.components[n] - one.components[n] for n in COMPONENTS}
    assert {n: v for n, v in change.items() if v} == {component: Decimal(usd)}


def test_all_planted_at_once_add_up(ours: Path, tmp_path: Path) -> None:
    rows = [
        row(CHINA, "X", BELGIUM, "870380", "103.5"),
        row(CHINA, "X", CHINA, "870380", "7"),
        row(CHINA, "X", "899", "870380", "2.25"),
        row(CHINA, "X", FRANCE, "720839", "11"),
        OURS[1],
        OURS[3],
    ]
    found, flows = held_against(ours, write(tmp_path, "planted.txt", bulk(*rows)))
    assert_exact(found, flows)
    assert parts_of(found)["exporter"] == {
        "self_trade": "7",
        "not_specified": "2.25",
        "coverage": "-49",  # 11 of theirs alone, less 50 and 10 of ours alone
        "vintage": "3.5",
        "weighting": "-10",
    }


def test_another_edition_is_a_component_of_its_own(ours: Path, tmp_path: Path) -> None:
    """In H4 the one code is the same, another one doesn't exist: what stands under it is the edition's."""
    rows = [row(CHINA, "X", BELGIUM, "870390", "30", "H4"), row(CHINA, "X", BELGIUM, "870380", "100", "H4")]
    found, flows = held_against(ours, write(tmp_path, "h4.txt", bulk(*rows)))
    assert_exact(found, flows)
    assert found.parts[0].classification == "H4"
    # 870390 of theirs is only in H4, and ours of the pair is in H5; pairs that the file lacks are a matter of coverage
    assert parts_of(found)["exporter"] == {"coverage": "-60", "edition": "30", "weighting": "-10"}
    by_code = {(f.importer_code, f.product_code): {n: v for n, v in f.components.items() if v} for f in flows}
    assert by_code[BELGIUM, "870390"] == {"edition": Decimal(30)}
    assert by_code[USA, "010121"] == {"coverage": Decimal(-50)}
    assert by_code[BELGIUM, "870380"] == {"weighting": Decimal(-10)}


def test_re_exports_apart_are_a_component(home: Path, tmp_path: Path) -> None:
    rows = [
        row(CHINA, "X", BELGIUM, "870380", "100"),
        row(CHINA, "RX", BELGIUM, "870380", "20"),
        row(BELGIUM, "M", CHINA, "870380", "103.3"),
    ]
    file = write(tmp_path, "ours.txt", bulk(*rows))
    ingest(home, file)
    harmonise(home)
    reconcile(home, method="prefer_exporter")
    found, flows = held_against(home, file)
    assert_exact(found, flows)
    assert parts_of(found)["exporter"] == {"re_exports": "20"}


def test_chapters_meet_ours_at_their_level(ours: Path, tmp_path: Path) -> None:
    found, flows = held_against(
        ours, write(tmp_path, "hs2.txt", bulk(row(CHINA, "X", BELGIUM, "87", "100"), row(CHINA, "X", USA, "01", "55")))
    )
    assert_exact(found, flows)
    # our lake holds no report of chapters: nothing tells a vintage from the rest
    assert parts_of(found)["exporter"] == {"coverage": "-10", "vintage": "5", "weighting": "-10"}


def test_a_querys_answer_in_our_lake_says_nothing_of_a_whole_chapter(home: Path, tmp_path: Path) -> None:
    """Ours holds one product of the chapter, from a query: the chapter's 150 less its 100 is no revision of it."""
    (snapshot,) = take_snapshot(write(tmp_path, "query.csv", CUT_HEADER + "H5,2020,2,x,156,R,56,P,870380,T,100,0\n"), Settings(home=home))
    ingest(home)
    harmonise(home)
    reconcile(home)
    chapters = write(tmp_path, "hs2.txt", bulk(row(CHINA, "X", BELGIUM, "87", "150")))
    assert parts_of(held_against(home, chapters)[0]) == {"exporter": {"vintage": "50"}}
    known = {"layout": "comtrade_legacy_cut", "sha256": "0" * 64, "file_bytes": 1, "redistribution": "unknown", "is_synthetic": False}
    names = {"snapshot_id": snapshot.snapshot_id, "source": "comtrade", "file_name": "query.csv", "coverage": snapshot.coverage}
    commit(home, contracts.SOURCE_RELEASE, [names | known])
    assert parts_of(held_against(home, chapters)[0]) == {"exporter": {"rest": "50"}}


def test_a_querys_answer_speaks_of_what_it_names(ours: Path, tmp_path: Path) -> None:
    text = CUT_HEADER + "H5,2020,2,Export,156,China,56,Belgium,870380,Cars,100,0\n"
    found, flows = held_against(ours, write(tmp_path, "query.csv", text))
    assert_exact(found, flows)
    assert (found.is_complete, len(flows)) == (False, 1)
    assert parts_of(found) == {"exporter": {"weighting": "-10"}}


def test_baci_against_our_own_values(ours: Path, tmp_path: Path) -> None:
    text = BACI_HEADER + "2020,156,56,870380,0.115,1\n2020,156,842,10121,0.05,NA\n"
    found, flows = held_against(ours, write(tmp_path, "BACI_HS17_Y2020_V202201.csv", text))
    assert_exact(found, flows)
    assert (found.basis, found.source_release) == ("own", "V202201")
    assert parts_of(found) == {"published": {"coverage": "-10", "rest": "5"}}


def test_two_releases_of_baci_differ_by_vintage(home: Path, tmp_path: Path) -> None:
    old = write(tmp_path, "BACI_HS17_Y2020_V202201.csv", BACI_HEADER + "2020,156,56,870380,0.115,1\n2020,156,842,10121,0.05,NA\n")
    ingest(home, old)
    harmonise(home)
    reconcile(home)
    new = write(tmp_path, "BACI_HS17_Y2020_V202301.csv", BACI_HEADER + "2020,156,56,870380,0.125,1\n2020,156,251,10121,0.01,NA\n")
    found, flows = held_against(home, new)
    assert_exact(found, flows)
    assert found.basis == "baci_published"
    assert parts_of(found) == {"published": {"coverage": "-40", "vintage": "10"}}


def test_what_was_moved_from_areas_not_specified(home: Path, tmp_path: Path) -> None:
    """China says 60 to Belgium and 50 to nobody in particular, Belgium says 100 FOB: 40 move, 10 stay. In all they cancel out."""
    rows = [row(CHINA, "X", BELGIUM, "870380", "60"), row(CHINA, "X", "899", "870380", "50"), row(BELGIUM, "M", CHINA, "870380", "103.3")]
    file = write(tmp_path, "ours.txt", bulk(*rows))
    ingest(home, file)
    harmonise(home)
    reconcile(home, method="prefer_exporter")
    found, flows = held_against(home, file)
    assert_exact(found, flows)
    by_partner = {f.importer_code: money(f.components["not_specified"]) for f in flows if f.side == "exporter"}
    assert by_partner == {BELGIUM: "-40", "899": "40"}
    assert parts_of(found)["exporter"] == {}


def test_a_value_that_rests_on_the_partner_alone_is_the_rest(home: Path, tmp_path: Path) -> None:
    """The reporter's figure isn't in ours: nothing to call a vintage, nothing that was weighed."""
    ingest(home, write(tmp_path, "ours.txt", bulk(*OURS)))
    harmonise(home)
    reconcile(home, method="prefer_exporter")
    found, flows = held_against(home, write(tmp_path, "theirs.txt", bulk(row(CHINA, "X", FRANCE, "520100", "12"))))
    assert_exact(found, flows)
    # China's report on France isn't in our lake: our value rests on France's
    assert parts_of(found)["exporter"] == {"coverage": "-150", "rest": "2"}


def test_codes_of_another_system_meet_at_the_pairs_total(ours: Path, tmp_path: Path) -> None:
    rows = [row(CHINA, "X", BELGIUM, "78120", "70", "S4"), row(CHINA, "X", BELGIUM, "78431", "33", "S4")]
    found, flows = held_against(ours, write(tmp_path, "sitc.txt", bulk(*rows)))
    assert_exact(found, flows)
    assert [(f.importer_code, f.product_code, money(f.their_usd), money(f.our_usd)) for f in flows] == [
        (BELGIUM, "TOTAL", "103", "110"),
        (FRANCE, "TOTAL", "-", "10"),
        (USA, "TOTAL", "-", "50"),
    ]
    # our lake holds no report in S4: 3 more than China says in H5 is the edition's, until a later report of its own says otherwise
    assert parts_of(found)["exporter"] == {"coverage": "-60", "edition": "3", "weighting": "-10"}


def test_a_file_of_totals_alone_says_so(ours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = entrepot(capsys, ours, "compare", str(write(tmp_path, "world.txt", bulk(row(CHINA, "X", "0", "870380", "100")))))
    assert (done.code, "nothing to compare: its rows are totals" in " ".join(done.out.split())) == (0, True)


@pytest.mark.real_data
def test_thailands_imports_against_themselves(shared_data: Path, home: Path) -> None:
    """Real chips of 2020, the importer's side alone: self-trade, and the CIF rate of 1.033, are all that differs."""
    file = shared_data / "comtrade_v1" / "THA_imports_8542_TradeData.csv"
    ingest(home, file)
    harmonise(home)
    reconcile(home)
    found, flows = held_against(home, file)
    assert_exact(found, flows)
    (part,) = [p for p in found.parts if p.period == "2020"]
    assert set(parts_of(Comparison(**{**vars(found), "parts": (part,)}))["importer"]) <= {"self_trade", "not_specified", "valuation"}
    self_trade = next(f for f in flows if f.period == "2020" and f.exporter_code == f.importer_code)
    assert self_trade.components["self_trade"] == self_trade.their_usd == part.components["self_trade"]
    assert part.components["valuation"] == sum(f.components["valuation"] for f in flows if f.period == "2020")


@pytest.mark.real_data
def test_afghanistans_baci_with_planted_revisions(shared_data: Path, home: Path, tmp_path: Path) -> None:
    """2,331 real flows; in the newer release one is 1,000 USD more, one is gone, one is new."""
    file = shared_data / "baci" / "BACI_HS17_Y2020_V202201.csv"
    ingest(home, file)
    harmonise(home)
    reconcile(home)
    same, _ = held_against(home, file)
    assert [(p.flow_count, p.their_usd, p.difference_usd) for p in same.parts] == [(2331, Decimal("1089594814.000"), Decimal(0))]
    header, first, second, *others = file.read_text("utf-8").splitlines()
    cells = first.split(",")
    cells[4] = str(Decimal(cells[4]) + 1)
    text = "\n".join([header, ",".join(cells), *others, "2020,4,251,999999,2.5,NA"]) + "\n"
    found, flows = held_against(home, write(tmp_path, "BACI_HS17_Y2020_V202301.csv", text))
    assert_exact(found, flows)
    gone = Decimal(second.split(",")[4]) * 1000
    assert found.parts[0].components["vintage"] == Decimal(1000)
    assert found.parts[0].components["coverage"] == Decimal(2500) - gone


def test_the_home_stays_as_it_is(ours: Path, tmp_path: Path) -> None:
    def listing() -> set[str]:
        return {str(p) for p in ours.rglob("*")}

    before = listing()
    held_against(ours, write(tmp_path, "theirs.txt", bulk(*OURS, row(CHINA, "X", FRANCE, "720839", "11"))))
    assert listing() == before


def test_the_command_prints_json_and_csv(ours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = write(tmp_path, "same.txt", bulk(*OURS)), tmp_path / "flows.csv"
    done = entrepot(capsys, ours, "compare", str(file), "--json", "--csv", str(out))
    assert done.code == 0
    said = json.loads(done.out)
    assert [p["difference_usd"] for p in said["parts"]] == ["-20.000", "14.290"]
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert [(r["side"], r["exporter_code"], r["importer_code"], r["product_code"]) for r in rows] == [
        ("exporter", CHINA, BELGIUM, "870380"),
        ("exporter", CHINA, FRANCE, "520100"),
        ("exporter", CHINA, USA, "010121"),
        ("importer", CHINA, BELGIUM, "870380"),
        ("importer", CHINA, FRANCE, "520100"),
    ]
    assert (rows[1]["their_usd"], rows[1]["our_usd"], rows[1]["coverage_usd"]) == ("", "10.000", "-10.000")
    printed = entrepot(capsys, ours, "compare", str(file))
    assert "2020, exporters' reports, H5" in printed.out
    assert max(len(line) for line in printed.out.splitlines()) <= 80


def test_what_cannot_be_compared_says_so(ours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strange = entrepot(capsys, ours, "compare", str(write(tmp_path, "x.csv", "a,b\n1,2\n")))
    assert (strange.code, "no known layout" in strange.err) == (1, True)
    absent = entrepot(capsys, ours, "compare", str(tmp_path / "none.csv"))
    assert (absent.code, "no such file" in absent.err) == (1, True)
    lists = entrepot(capsys, ours, "compare", str(write(tmp_path, "product_codes_HS17_V202201.csv", "code,description\n010121,Horses\n")))
    assert (lists.code, "no flows" in lists.err) == (2, True)
    basis = entrepot(capsys, ours, "compare", str(write(tmp_path, "same.txt", bulk(*OURS))), "--basis", "mine")
    assert (basis.code, "--basis mine" in basis.err) == (2, True)
