"""Layouts of source files, as data. To add one, add an entry here (CONTRIBUTING.md, "a source")."""

from __future__ import annotations

from dataclasses import replace

from transforms.contracts.codes import BACI_EDITIONS
from transforms.contracts.model import Field, Layout

_EDITIONS = "|".join(BACI_EDITIONS)
_LEGACY_FLOWS = (("1", "M"), ("2", "X"), ("3", "RX"), ("4", "RM"))
_NUMBER = {"exponent": True}
#: How the publishers write a release: BACI's version V202501, the day of a Comtrade file.
_BACI_RELEASE = r"V\d{6}[a-z]?"
_COMTRADE_RELEASE = r"\d{4}-\d{2}-\d{2}"

_BACI_LICENCE = {
    "licence": "Etalab 2.0",
    "attribution": "CEPII, BACI (Gaulier and Zignago 2010)",
    "redistribution": "open",
}
_COMTRADE_LICENCE = {
    "licence": "UN Comtrade terms of use",
    "attribution": "United Nations, UN Comtrade",
    "redistribution": "internal",
}

BACI = Layout(
    "baci",
    "baci",
    "CEPII BACI, one CSV a year",
    fields=(
        Field("t", "period", "code"),
        Field("i", "reporter_code", "code"),
        Field("j", "partner_code", "code"),
        Field("k", "product_code", "code"),
        Field("v", "reported_value_usd", "number", missing=("",), scale=3, exponent=True),
        Field("q", "net_weight_kg", "number", missing=("", "NA"), scale=3, exponent=True),
    ),
    coverage="complete",
    constants=(("frequency", "A"), ("flow_code", "X"), ("product_level", "6"), ("valuation", "FOB")),
    name_pattern=rf"BACI_(?P<edition>{_EDITIONS})_(?:Y(?P<year>\d{{4}})_)?V(?P<release>\d{{6}}[a-z]?)",
    needs=("edition", "release"),
    # Thousand USD and tonnes; q is padded text with a padded NA; k may have lost its leading zeros.
    release_form=_BACI_RELEASE,
    **_BACI_LICENCE,  # type: ignore[arg-type]
)

_LEGACY_COMMON = (
    Field("Classification", "classification", "code"),
    Field("Year", "year", "code"),
)
_LEGACY_IDS = (
    Field("Trade Flow Code", "flow_code", "code"),
    Field("Trade Flow", None, "ignore"),
    Field("Reporter Code", "reporter_code", "code"),
    Field("Reporter", "reporter_name", "text"),
)

COMTRADE_LEGACY = Layout(
    "comtrade_legacy",
    "comtrade",
    "UN Comtrade's download of before 2023, 35 columns",
    fields=(
        *_LEGACY_COMMON,
        Field("Period", "period", "code"),
        Field("Period Desc.", None, "ignore"),
        Field("Aggregate Level", "product_level", "code"),
        Field("Is Leaf Code", None, "ignore"),
        *_LEGACY_IDS,
        Field("Reporter ISO", None, "ignore"),
        Field("Partner Code", "partner_code", "code"),
        Field("Partner", "partner_name", "text"),
        Field("Partner ISO", None, "ignore"),
        Field("2nd Partner Code", "second_partner_code", "code"),
        Field("2nd Partner", None, "ignore"),
        Field("2nd Partner ISO", None, "ignore"),
        Field("Customs Proc. Code", "customs_code", "code"),
        Field("Customs", None, "ignore"),
        Field("Mode of Transport Code", "mode_of_transport_code", "code"),
        Field("Mode of Transport", None, "ignore"),
        Field("Commodity Code", "product_code", "code"),
        Field("Commodity", "product_description", "text"),
        Field("Qty Unit Code", "quantity_unit_code", "code"),
        Field("Qty Unit", None, "ignore"),
        Field("Qty", "quantity", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("Alt Qty Unit Code", None, "ignore"),
        Field("Alt Qty Unit", None, "ignore"),
        Field("Alt Qty", None, "ignore"),
        Field("Netweight (kg)", "net_weight_kg", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("Gross weight (kg)", "gross_weight_kg", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("Trade Value (US$)", "reported_value_usd", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("CIF Trade Value (US$)", "value_cif_usd", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("FOB Trade Value (US$)", "value_fob_usd", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("Flag", "estimation_flag", "code"),
    ),
    encodings=("utf-8", "latin-1"),
    flow_map=_LEGACY_FLOWS,
    aggregate_roles=(
        ("second_partner_code", ("", "0")),
        ("customs_code", ("", "C00")),
        ("mode_of_transport_code", ("", "0")),
    ),
    # A query's download: partial. Quantity 0 with unit 1 (No Quantity) means missing.
    release_form=_COMTRADE_RELEASE,
    **_COMTRADE_LICENCE,  # type: ignore[arg-type]
)

COMTRADE_LEGACY_CUT = Layout(
    "comtrade_legacy_cut",
    "comtrade",
    "UN Comtrade's download of before 2023, cut to 12 columns",
    fields=(
        *_LEGACY_COMMON,
        *_LEGACY_IDS,
        Field("Partner Code", "partner_code", "code"),
        Field("Partner", "partner_name", "text"),
        Field("Commodity Code", "product_code", "code"),
        Field("Commodity", "product_description", "text"),
        Field("Trade Value (US$)", "reported_value_usd", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("Flag", "estimation_flag", "code"),
    ),
    encodings=("utf-8", "latin-1"),
    flow_map=_LEGACY_FLOWS,
    # No level column: the level is the length of the code, an odd length having lost a zero.
    release_form=_COMTRADE_RELEASE,
    **_COMTRADE_LICENCE,  # type: ignore[arg-type]
)

COMTRADE_BULK = Layout(
    "comtrade_bulk",
    "comtrade",
    "UN Comtrade's bulk file, tab-separated, gzip",
    fields=(
        Field("datasetCode", None, "ignore", aliases=("dataset_code",), required=False),
        Field("typeCode", "type_code", "code", aliases=("type_code",)),
        Field("freqCode", "frequency", "code", aliases=("freq_code",)),
        Field("refPeriodId", None, "ignore", aliases=("ref_period_id",), required=False),
        Field("refYear", "year", "code", aliases=("ref_year",)),
        Field("refMonth", None, "ignore", aliases=("ref_month",)),
        Field("period", "period", "code"),
        Field("reporterCode", "reporter_code", "code", aliases=("reporter_code",)),
        Field("flowCode", "flow_code", "code", aliases=("flow_code",)),
        Field("partnerCode", "partner_code", "code", aliases=("partner_code",)),
        Field("partner2Code", "second_partner_code", "code", aliases=("partner2code",)),
        Field("classificationSearchCode", None, "ignore", aliases=("classification_search_code",), required=False),
        Field("classificationCode", "classification", "code", aliases=("classification_code",)),
        Field("isOriginalClassification", None, "ignore", aliases=("is_original_classification",), required=False),
        Field("cmdCode", "product_code", "code", aliases=("cmd_code",)),
        Field("customsCode", "customs_code", "code", aliases=("customs_code",)),
        Field("mosCode", "mode_of_supply_code", "code", aliases=("mos_code",)),
        Field("motCode", "mode_of_transport_code", "code", aliases=("mot_code",)),
        Field("qtyUnitCode", "quantity_unit_code", "code", aliases=("qty_unit_code",)),
        Field("qty", "quantity", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("isQtyEstimated", "is_quantity_estimated", "flag", aliases=("is_qty_estimated",)),
        Field("altQtyUnitCode", None, "ignore", aliases=("alt_qty_unit_code",), required=False),
        Field("altQty", None, "ignore", aliases=("alt_qty",), required=False),
        Field("isAltQtyEstimated", None, "ignore", aliases=("is_alt_qty_estimated",), required=False),
        Field("netWgt", "net_weight_kg", "number", aliases=("net_wgt",), **_NUMBER),  # type: ignore[arg-type]
        Field("isNetWgtEstimated", "is_net_weight_estimated", "flag", aliases=("is_net_wgt_estimated",)),
        Field("grossWgt", "gross_weight_kg", "number", aliases=("gross_wgt",), **_NUMBER),  # type: ignore[arg-type]
        Field("isGrossWgtEstimated", None, "ignore", aliases=("is_gross_wgt_estimated",), required=False),
        Field("cifvalue", "value_cif_usd", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("fobvalue", "value_fob_usd", "number", **_NUMBER),  # type: ignore[arg-type]
        Field("primaryValue", "reported_value_usd", "number", aliases=("primary_value",), **_NUMBER),  # type: ignore[arg-type]
        Field("legacyEstimationFlag", "estimation_flag", "code", aliases=("legacy_estimation_flag",)),
        Field("isReported", "is_reported", "flag", aliases=("is_reported",)),
        Field("isAggregate", None, "ignore", aliases=("is_aggregate",)),
    ),
    delimiter="\t",
    coverage="complete",
    aggregate_roles=(
        ("second_partner_code", ("", "0")),
        ("customs_code", ("", "C00")),
        ("mode_of_transport_code", ("", "0")),
        ("mode_of_supply_code", ("", "0", "-1")),
    ),
    name_pattern=r"(?P<release>\d{4}-\d{2}-\d{2})",
    # typeCode C only: services are refused. isReported false: a copy, not a report.
    release_form=_COMTRADE_RELEASE,
    **_COMTRADE_LICENCE,  # type: ignore[arg-type]
)

#: The same columns as clients of the API save them: with commas, a query's answer.
COMTRADE_BULK_CSV = replace(
    COMTRADE_BULK,
    name="comtrade_bulk_csv",
    title="UN Comtrade's bulk columns, comma-separated",
    delimiter=",",
    coverage="partial",
    name_pattern=None,
)

BACI_COUNTRIES = Layout(
    "baci_countries",
    "baci",
    "CEPII BACI's country codes",
    fields=(
        Field("country_code", "area_code", "code"),
        Field("country_name_abbreviation", None, "ignore", required=False),
        Field("country_name_full", "area_name", "text", aliases=("country_name",)),
        Field("iso_2digit_alpha", "iso2", "code", aliases=("country_iso2",)),
        Field("iso_3digit_alpha", "iso3", "code", aliases=("country_iso3",)),
    ),
    encodings=("utf-8", "latin-1"),
    kind="areas",
    name_pattern=r"V(?P<release>\d{6}[a-z]?)",
    release_form=_BACI_RELEASE,
    **_BACI_LICENCE,  # type: ignore[arg-type]
)
BACI_PRODUCTS = Layout(
    "baci_products",
    "baci",
    "CEPII BACI's product codes of one HS edition",
    fields=(
        Field("code", "product_code", "code"),
        Field("description", "product_description", "text"),
        Field("bec", None, "ignore", required=False),
    ),
    encodings=("utf-8", "latin-1"),
    kind="products",
    constants=(("product_level", "6"),),
    name_pattern=rf"(?P<edition>{_EDITIONS})_V(?P<release>\d{{6}}[a-z]?)",
    needs=("edition",),
    release_form=_BACI_RELEASE,
    **_BACI_LICENCE,  # type: ignore[arg-type]
)

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (BACI, COMTRADE_LEGACY, COMTRADE_LEGACY_CUT, COMTRADE_BULK, COMTRADE_BULK_CSV, BACI_COUNTRIES, BACI_PRODUCTS)
}
#: Tables that one source's layouts feed, in the order in which sources are preferred for one flow.
SOURCES = ("comtrade", "baci")
