"""Eurostat's Comext: the monthly bulk files of both generations, and SDMX-CSV from its API."""

from __future__ import annotations

from transforms.contracts.layout import Field, Layout, Source

SOURCE = Source(
    "comext",
    "Eurostat, Comext",
    home_page="https://ec.europa.eu/eurostat/web/international-trade-in-goods/database",
    licence="Eurostat copyright notice (reuse with acknowledgement)",
    attribution="Eurostat, Comext",
    redistribution="open",
)
_FLOWS = (("flow_code", (("1", "M"), ("2", "X"))),)
#: Arrivals and imports are valued CIF, dispatches and exports FOB, at the reporter's border, in EUR.
_COMMON = {
    "source": "comext",
    "maps": _FLOWS,
    "area_system": "iso2",
    "edition_rule": "cn",
    "currency": "EUR",
}
#: A month's file holds the month whole, so it replaces it. Statistical procedures (normal, inward and outward
#: processing) and trade types stand beside one another without a total: their rows are added up.
_SUMMED = ("customs_code", "trade_type_code")
#: The file's month, as full_v2_202304.dat or full202304.dat; the day of extraction is Eurostat's release.
_NAME = r"(?P<release>\d{4}-\d{2}-\d{2})"

COMEXT_V2 = Layout(
    "comext_v2",
    title="Eurostat's Comext bulk file (full_v2), CN8 by month",
    fields=(
        Field("REPORTER", "reporter_code", "code"),
        Field("PARTNER", "partner_code", "code"),
        Field("TRADE_TYPE", "trade_type_code", "code"),
        Field("PRODUCT_NC", "product_code", "code"),
        *(Field(f"PRODUCT_{n}", None, "ignore", required=False) for n in ("SITC", "CPA21", "CPA22", "BEC", "BEC5", "SECTION")),
        Field("FLOW", "flow_code", "code"),
        Field("STAT_PROCEDURE", "customs_code", "code"),
        Field("SUPPL_UNIT", "quantity_unit_code", "code", required=False),
        Field("PERIOD", "period", "code"),
        Field("VALUE_EUR", "reported_value_usd", "number", aliases=("VALUE_IN_EUROS",), missing=("", ":"), exponent=True),
        Field("VALUE_NAC", None, "ignore", required=False),
        Field("QUANTITY_KG", "net_weight_kg", "number", aliases=("QUANTITY_IN_KG",), missing=("", ":"), exponent=True),
        Field("QUANTITY_SUPPL_UNIT", "quantity", "number", aliases=("SUP_QUANTITY",), missing=("", ":"), exponent=True),
    ),
    coverage="complete",
    summed_roles=_SUMMED,
    name_pattern=_NAME,
    **_COMMON,  # type: ignore[arg-type]
)

COMEXT_HISTORICAL = Layout(
    "comext_historical",
    title="Eurostat's Comext bulk file of before 2022 (full), CN8 by month",
    fields=(
        # the numbers of the old geonomenclature; the columns beside them say the same as ISO codes
        Field("DECLARANT", None, "ignore", required=False),
        Field("DECLARANT_ISO", "reporter_code", "code"),
        Field("PARTNER", None, "ignore", required=False),
        Field("PARTNER_ISO", "partner_code", "code"),
        Field("TRADE_TYPE", "trade_type_code", "code"),
        Field("PRODUCT_NC", "product_code", "code"),
        *(
            Field(f"PRODUCT_{n}", None, "ignore", aliases=(f"PRODUCT_{n.lower()}",), required=False)
            for n in ("SITC", "CPA2002", "CPA2008", "CPA2_1", "BEC", "SECTION")
        ),
        Field("FLOW", "flow_code", "code"),
        Field("STAT_REGIME", "customs_code", "code"),
        Field("SUPP_UNIT", "quantity_unit_code", "code", required=False),
        Field("PERIOD", "period", "code"),
        Field("VALUE_IN_EUROS", "reported_value_usd", "number", missing=("", ":"), exponent=True),
        Field("QUANTITY_IN_KG", "net_weight_kg", "number", missing=("", ":"), exponent=True),
        Field("SUP_QUANTITY", "quantity", "number", missing=("", ":"), exponent=True),
    ),
    coverage="complete",
    summed_roles=_SUMMED,
    name_pattern=_NAME,
    **_COMMON,  # type: ignore[arg-type]
)

COMEXT_SDMX = Layout(
    "comext_sdmx",
    title="Eurostat's API, SDMX-CSV of a DS- dataset (a row an indicator; read as a row a flow)",
    fields=(
        Field("DATAFLOW", None, "ignore", aliases=("STRUCTURE",)),
        Field("LAST UPDATE", None, "ignore", required=False),
        Field("freq", "frequency", "code"),
        Field("reporter", "reporter_code", "code"),
        Field("partner", "partner_code", "code"),
        Field("product", "product_code", "code"),
        Field("flow", "flow_code", "code"),
        Field("TIME_PERIOD", "period", "code"),
        Field("VALUE_IN_EUROS", "reported_value_usd", "number", missing=("", ":"), exponent=True),
        Field("QUANTITY_IN_KG", None, "ignore", required=False),
        # hundreds of kilograms in the API, kilograms in the bulk files
        Field("QUANTITY_IN_100KG", "net_weight_kg", "number", missing=("", ":"), exponent=True, scale=2),
        Field("SUPPLEMENTARY_QUANTITY", "quantity", "number", missing=("", ":"), exponent=True),
        Field("OBS_FLAG", "estimation_flag", "code", required=False),
        Field("CONF_STATUS", None, "ignore", required=False),
    ),
    **_COMMON,  # type: ignore[arg-type]
)

LAYOUTS = (COMEXT_V2, COMEXT_HISTORICAL, COMEXT_SDMX)
