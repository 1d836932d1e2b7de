"""Comext, a small file a layout: EUR to USD at the month's rate, procedures added up, hidden products and groups told apart."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.unit.ingest_cases import controls, count, flows, ingest, quarantine, write

V2 = (
    "REPORTER,PARTNER,TRADE_TYPE,PRODUCT_NC,PRODUCT_SITC,PRODUCT_CPA21,PRODUCT_CPA22,PRODUCT_BEC,PRODUCT_BEC5,PRODUCT_SECTION,FLOW,"
    "STAT_PROCEDURE,SUPPL_UNIT,PERIOD,VALUE_EUR,VALUE_NAC,QUANTITY_KG,QUANTITY_SUPPL_UNIT\n"
)
HISTORICAL = (
    "DECLARANT,DECLARANT_ISO,PARTNER,PARTNER_ISO,TRADE_TYPE,PRODUCT_NC,PRODUCT_SITC,PRODUCT_cpa2002,PRODUCT_cpa2008,PRODUCT_CPA2_1,"
    "PRODUCT_BEC,PRODUCT_SECTION,FLOW,STAT_REGIME,SUPP_UNIT,PERIOD,VALUE_IN_EUROS,QUANTITY_IN_KG,SUP_QUANTITY\n"
)
SDMX = "DATAFLOW,LAST UPDATE,freq,reporter,partner,product,flow,indicators,TIME_PERIOD,OBS_VALUE,OBS_FLAG\n"


def v2(
    value: str,
    product: str = "18063100",
    partner: str = "AD",
    flow: str = "2",
    procedure: str = "1",
    period: str = "200201",
    kg: str = "2000",
) -> str:
    return f"AT,{partner},E,{product},07330,1082,1082,122,.....,04,{flow},{procedure},NO_SU,{period},{value},{value},{kg},0\n"


def test_a_month_of_cn8(tmp_path: Path, home: Path) -> None:
    ledger = ingest(home, write(tmp_path, "full_v2_200201.dat", V2 + v2("4739") + v2("5", "18063210") + v2("15", "18063290")))
    first, second, third = flows(home)
    # 4739 EUR x 0.8833 = 4185.9587; 5 x 0.8833 = 4.4165 and 15 x 0.8833 = 13.2495 are halves of a mill: to the even one
    assert [r["reported_value_usd"] for r in (first, second, third)] == [Decimal("4185.959"), Decimal("4.416"), Decimal("13.250")]
    assert (first["reporter_code"], first["partner_code"], first["flow_code"], first["valuation"]) == ("40", "20", "X", "FOB")
    assert (first["classification"], first["product_code"], first["product_level"]) == ("CN2002", "18063100", 8)
    assert (first["frequency"], first["period"]) == ("M", "2002-01")
    assert (first["currency_code"], first["usd_per_currency"]) == ("EUR", 0.8833)
    assert (first["net_weight_kg"], first["quantity"]) == (Decimal("2000.000"), None)
    assert first["is_confidential"] is False
    assert count(ledger, "in") == count(ledger, "out") == (3, 4203)


def test_procedures_stand_side_by_side_without_their_total_and_are_added_up(tmp_path: Path, home: Path) -> None:
    rows = v2("100", kg="10") + v2("20", procedure="2", kg="1") + v2("3", procedure="3", kg="") + v2("7", "18063210")
    ledger = ingest(home, write(tmp_path, "full_v2_200201.dat", V2 + rows))
    summed, alone = flows(home)
    # 88.330 + 17.666 + 2.650 (2.6499); one part has no weight, so the sum has none
    assert (summed["reported_value_usd"], summed["net_weight_kg"], summed["source_line"]) == (Decimal("108.646"), None, 2)
    assert alone["reported_value_usd"] == Decimal("6.183")
    rows_of = {line.reason: line.row_count for line in ledger}
    mills_of = {line.reason: line.value_mills for line in ledger}
    assert rows_of == {"in": 4, "out": 2, "summed": 2}
    assert mills_of == {"in": 114829, "out": 114829, "summed": 0}


def test_equal_rows_of_one_procedure_are_a_duplicate_not_a_sum(tmp_path: Path, home: Path) -> None:
    ledger = ingest(home, write(tmp_path, "full_v2_200201.dat", V2 + v2("100") + v2("100") + v2("20", procedure="2")))
    (row,) = flows(home)
    assert row["reported_value_usd"] == Decimal("105.996")
    assert {line.reason: line.row_count for line in ledger} == {"in": 3, "out": 1, "summed": 1, "duplicate": 1}


def test_hidden_products_are_flagged_and_stay_in(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, "full_v2_200201.dat", V2 + v2("4739") + v2("10", "99RRR100") + v2("10", "99SSS999")))
    assert [(r["product_code"], r["is_confidential"]) for r in flows(home)] == [
        ("18063100", False),
        ("99RRR100", True),
        ("99SSS999", True),
    ]


def test_codes_that_are_no_country_and_groups_of_countries(tmp_path: Path, home: Path) -> None:
    rows = "".join(v2("10", partner=p) for p in ("AD", "QP", "QZ", "WORLD", "EU27_2020", "EXT_EU27_2020"))
    ledger = ingest(home, write(tmp_path, "full_v2_200201.dat", V2 + rows + v2("10", partner="ZZ")))
    assert [(r["partner_code"], r["is_special"]) for r in flows(home)] == [("20", False), ("953", True), ("979", True)]
    assert sorted(r["control_kind"] for r in controls(home)) == ["margin", "margin", "world"]
    (bad,) = quarantine(home)
    assert (bad["source_line"], bad["column_name"]) == (8, "PARTNER")
    assert bad["quarantine_reason"] == "PARTNER = 'ZZ' is no area of Comext known (two letters, WORLD or a group such as EU27_2020)"
    assert {line.reason: line.row_count for line in ledger} == {"in": 7, "out": 3, "control": 3, "quarantined": 1}


def test_levels_in_one_file_leave_the_deepest_of_each_classification(tmp_path: Path, home: Path) -> None:
    rows = "".join(v2("10", product) for product in ("TOTAL", "18", "1806", "180631", "18063100"))
    ingest(home, write(tmp_path, "full_v2_200201.dat", V2 + rows))
    assert [(r["classification"], r["product_code"]) for r in flows(home)] == [("H2", "180631"), ("CN2002", "18063100")]
    assert [(r["product_code"], r["control_kind"]) for r in controls(home)] == [("TOTAL", "parent"), ("18", "parent"), ("1806", "parent")]


def test_a_month_without_its_own_rate_takes_its_years_and_none_is_quarantined(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, "full_v2_200252.dat", V2 + v2("10000", period="200252") + v2("10", period="199812")))
    (row,) = flows(home)
    assert (row["frequency"], row["period"], row["reported_value_usd"], row["usd_per_currency"]) == (
        "A",
        "2002",
        Decimal("9456.000"),
        0.9456,
    )
    (bad,) = quarantine(home)
    assert bad["quarantine_reason"] == "PERIOD = '199812' has no EUR rate: add one to [rates.EUR]"


def test_a_months_file_replaces_the_month(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, "full_v2_200201.dat", V2 + v2("100") + v2("50", "18063210")))
    ingest(home, write(tmp_path, "full_v2_200201.dat", V2 + v2("110")))
    assert [(r["product_code"], r["reported_value_usd"]) for r in flows(home)] == [("18063100", Decimal("97.163"))]


def test_the_old_generation(tmp_path: Path, home: Path) -> None:
    row = "001,FR,0003,NL,I,99RRR100,00151,0122,0143,.....,111,01,1,1,A,200101,2580,600,1\n"
    ledger = ingest(home, write(tmp_path, "full200101.dat", HISTORICAL + row))
    (found,) = flows(home)
    # 2580 EUR x 0.9383
    assert (found["reported_value_usd"], found["usd_per_currency"], found["valuation"]) == (Decimal("2420.814"), 0.9383, "CIF")
    assert (found["reporter_code"], found["partner_code"], found["flow_code"], found["period"]) == ("251", "528", "M", "2001-01")
    assert (found["net_weight_kg"], found["quantity"], found["quantity_unit_code"]) == (Decimal("600.000"), Decimal("1.000"), "A")
    assert (found["classification"], found["product_code"], found["is_confidential"]) == ("CN2001", "99RRR100", True)
    assert count(ledger, "out") == (1, 2420)


def test_the_apis_rows_become_flows_and_its_hundreds_of_kilograms_kilograms(tmp_path: Path, home: Path) -> None:
    start = "ESTAT:DS-045409(1.0),15/09/26 11:00:00,A,DE"
    rows = (
        f"{start},VN,030462,1,QUANTITY_IN_100KG,2024,90212.63,\n{start},VN,030462,1,VALUE_IN_EUROS,2024,32313884,\n"
        f"{start},WORLD,030462,1,VALUE_IN_EUROS,2024,39919520,\n{start},WORLD,030462,1,QUANTITY_IN_100KG,2024,113481.95,\n"
        f"{start},CN,030462,1,QUANTITY_IN_100KG,2024,:,c\n{start},CN,030462,1,VALUE_IN_EUROS,2024,10,\n"
    )
    ledger = ingest(home, write(tmp_path, "ds-045409.csv", SDMX + rows))
    china, vietnam = flows(home)
    # 32313884 EUR x 1.0824 = 34976548.0416
    assert (vietnam["reported_value_usd"], vietnam["net_weight_kg"]) == (Decimal("34976548.042"), Decimal("9021263.000"))
    assert (vietnam["reporter_code"], vietnam["partner_code"], vietnam["flow_code"], vietnam["period"]) == ("276", "704", "M", "2024")
    assert (vietnam["classification"], vietnam["product_level"], vietnam["source_line"]) == ("H6", 6, 2)
    assert (china["reported_value_usd"], china["net_weight_kg"], china["estimation_flag"]) == (Decimal("10.824"), None, "c")
    (world,) = controls(home)
    # 39919520 EUR x 1.0824 = 43208888.448
    assert (world["control_kind"], world["reported_value_usd"]) == ("world", Decimal("43208888.448"))
    assert {line.reason: line.row_count for line in ledger} == {"in": 3, "out": 2, "control": 1}


def test_a_flow_of_which_two_parts_contradict_each_other_goes_aside_whole(tmp_path: Path, home: Path) -> None:
    """4 EUR under another procedure are a part: published alone they would pass for the flow."""
    rows = V2 + v2("1", procedure="1") + v2("2", procedure="1") + v2("4", procedure="3") + v2("7", partner="CN")
    ingest(home, write(tmp_path, "full_v2_200201.dat", rows))
    assert [r["partner_code"] for r in flows(home)] == ["156"]
    assert sorted(int(str(r["source_line"])) for r in quarantine(home)) == [2, 3, 4]
