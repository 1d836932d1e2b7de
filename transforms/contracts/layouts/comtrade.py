"""UN Comtrade: the download of before 2023, and version 1's web download, API answers and bulk files."""

from __future__ import annotations

import re

from transforms.contracts.layout import Field, Layout, Source

_LEGACY_FLOWS = (("1", "M"), ("2", "X"), ("3", "RX"), ("4", "RM"))
_NUMBER = {"exponent": True}

SOURCE = Source(
    "comtrade",
    "United Nations, UN Comtrade",
    home_page="https://comtradeplus.un.org",
    licence="UN Comtrade terms of use",
    attribution="United Nations, UN Comtrade",
    redistribution="internal",
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
    maps=(("flow_code", _LEGACY_FLOWS),),
    aggregate_roles=(
        ("second_partner_code", ("", "0")),
        ("customs_code", ("", "C00")),
        ("mode_of_transport_code", ("", "0")),
    ),
    # A query's download: partial. Quantity 0 with unit 1 (No Quantity) means missing.
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
    maps=(("flow_code", _LEGACY_FLOWS),),
    # No level column: the level is the length of the code, an odd length having lost a zero.
)


def _aliases(name: str) -> tuple[str, ...]:
    """The names that packages of R and Python make of an API's name: partner2Code -> partner2_code, partner2code."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return tuple(dict.fromkeys(a for a in (snake, re.sub(r"(\d)_", r"\1", snake)) if a != name))


def _read(name: str, to: str, kind: str = "code") -> Field:
    return Field(name, to, kind, aliases=_aliases(name), exponent=kind == "number")  # type: ignore[arg-type]


def _left(name: str, *, required: bool = False) -> Field:
    """A column that is known and not read."""
    return Field(name, None, "ignore", aliases=_aliases(name), required=required)


#: Columns of every form of version 1, in their order; the web download and the API have texts beside the codes.
_V1 = (
    _read("typeCode", "type_code"),
    _read("freqCode", "frequency"),
    _left("refPeriodId"),
    _read("refYear", "year"),
    _left("refMonth", required=True),
    _read("period", "period"),
    _read("reporterCode", "reporter_code"),
    _read("flowCode", "flow_code"),
    _read("partnerCode", "partner_code"),
    _read("partner2Code", "second_partner_code"),
    _left("classificationSearchCode"),
    _read("classificationCode", "classification"),
    _left("isOriginalClassification"),
    _read("cmdCode", "product_code"),
    _read("customsCode", "customs_code"),
    _read("mosCode", "mode_of_supply_code"),
    _read("motCode", "mode_of_transport_code"),
    _read("qtyUnitCode", "quantity_unit_code"),
    _read("qty", "quantity", "number"),
    _read("isQtyEstimated", "is_quantity_estimated", "flag"),
    _left("altQtyUnitCode"),
    _left("altQty"),
    _left("isAltQtyEstimated"),
    _read("netWgt", "net_weight_kg", "number"),
    _read("isNetWgtEstimated", "is_net_weight_estimated", "flag"),
    _read("grossWgt", "gross_weight_kg", "number"),
    _left("isGrossWgtEstimated"),
    _read("cifvalue", "value_cif_usd", "number"),
    _read("fobvalue", "value_fob_usd", "number"),
    _read("primaryValue", "reported_value_usd", "number"),
    _read("legacyEstimationFlag", "estimation_flag"),
    _read("isReported", "is_reported", "flag"),
    _left("isAggregate", required=True),
)
#: The aggregate of a flow; every other value is a breakdown of it.
_AGGREGATES = (
    ("second_partner_code", ("", "0")),
    ("customs_code", ("", "C00")),
    ("mode_of_transport_code", ("", "0")),
    ("mode_of_supply_code", ("", "0", "-1")),
)

COMTRADE_BULK = Layout(
    "comtrade_bulk",
    "comtrade",
    "UN Comtrade's bulk file, tab-separated, gzip",
    fields=(_left("datasetCode"), *_V1),
    delimiter="\t",
    coverage="complete",
    aggregate_roles=_AGGREGATES,
    name_pattern=r"(?P<release>\d{4}-\d{2}-\d{2})",
    # typeCode C only: services are refused. isReported false: a copy, not a report.
)

#: The same columns as clients of the API save them: with commas, a query's answer.
COMTRADE_BULK_CSV = Layout(
    "comtrade_bulk_csv",
    "comtrade",
    "UN Comtrade's bulk columns, comma-separated",
    fields=COMTRADE_BULK.fields,
    aggregate_roles=_AGGREGATES,
)

COMTRADE_V1 = Layout(
    "comtrade_v1",
    "comtrade",
    "UN Comtrade's web download or API answer (CSV or JSON), 47 columns",
    fields=(
        *_V1,
        _left("reporterISO"),
        Field("reporterDesc", "reporter_name", "text", aliases=_aliases("reporterDesc")),
        _left("flowDesc"),
        _left("partnerISO"),
        Field("partnerDesc", "partner_name", "text", aliases=_aliases("partnerDesc")),
        _left("partner2ISO"),
        _left("partner2Desc"),
        Field("cmdDesc", "product_description", "text", aliases=_aliases("cmdDesc")),
        _read("aggrLevel", "product_level"),
        _left("isLeaf"),
        _left("customsDesc"),
        _left("motDesc"),
        _left("qtyUnitAbbr"),
        _left("altQtyUnitAbbr"),
    ),
    encodings=("utf-8", "latin-1"),
    has_trailing_field=True,
    aggregate_roles=_AGGREGATES,
    # A query's answer: partial. The web download ends every row in a comma that its header lacks.
)

LAYOUTS = (COMTRADE_LEGACY, COMTRADE_LEGACY_CUT, COMTRADE_BULK, COMTRADE_BULK_CSV, COMTRADE_V1)
