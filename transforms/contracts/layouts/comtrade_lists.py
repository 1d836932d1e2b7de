"""UN Comtrade's own code lists: areas, products of one edition, and the short lists (flows, modes, procedures, BEC)."""

from __future__ import annotations

from transforms.contracts.layout import Field, Layout


def _left(*names: str) -> tuple[Field, ...]:
    """Columns that are known and not read."""
    return tuple(Field(name, None, "ignore", required=False) for name in names)


AREAS = Layout(
    "comtrade_areas",
    "comtrade",
    "UN Comtrade's reporters or partners (reporter.csv, partner.csv)",
    fields=(
        Field("id", "area_code", "code"),
        Field("country", "area_name", "text"),
        Field("iso_3", "iso3", "code"),
        Field("iso_2", "iso2", "code"),
        # years as 1900.0, which stands for "always"; empty: still
        Field("entry_year", "valid_from", "code"),
        Field("exit_year", "valid_to", "code"),
        *_left("note", "group", "last_modified"),
    ),
    kind="areas",
)

AREAS_API = Layout(
    "comtrade_areas_api",
    "comtrade",
    "UN Comtrade's reporters or partners as its API gives them (Reporters.json, partnerAreas.json)",
    fields=(
        Field("PartnerCode", "area_code", "code", aliases=("reporterCode", "ReporterCode", "partnerCode")),
        Field("PartnerDesc", "area_name", "text", aliases=("reporterDesc", "ReporterDesc", "partnerDesc")),
        Field("PartnerCodeIsoAlpha2", "iso2", "code", aliases=("reporterCodeIsoAlpha2",), required=False),
        Field("PartnerCodeIsoAlpha3", "iso3", "code", aliases=("reporterCodeIsoAlpha3",), required=False),
        Field("entryEffectiveDate", "valid_from", "code"),
        Field("entryExpiredDate", "valid_to", "code", required=False),
        # the first column without a name is the row's number, as R writes it
        *_left("", "id", "text", "partnerNote", "PartnerNote", "reporterNote", "isGroup"),
    ),
    kind="areas",
)

_EDITIONS = "h[0-6]|s[1-4]"
PRODUCTS = Layout(
    "comtrade_products",
    "comtrade",
    "UN Comtrade's product codes of one edition (cmd_h0.csv to cmd_h6.csv, cmd_s1.csv to cmd_s4.csv)",
    fields=(
        Field("id", "product_code", "code"),
        Field("text", "product_description", "text"),
        Field("parent", None, "ignore"),
        Field("aggrlevel", "product_level", "code", aliases=("aggrLevel",)),
        *_left("isLeaf", "standardUnitAbbr", "last_modified", "cmdCode", "descriptionOriginal"),
    ),
    kind="products",
    name_pattern=rf"(?i)(?<![a-z0-9])(?P<edition>{_EDITIONS})(?=\.[a-z])",
    needs=("edition",),
)

#: Lists of products that are no edition of the HS or SITC stand beside the short lists; they have PRODUCTS' columns.
PRODUCT_GROUPS = Layout(
    "comtrade_bec",
    "comtrade",
    "UN Comtrade's Broad Economic Categories (cmd_b4.csv, cmd_b5.csv)",
    fields=(
        Field("id", "code", "code"),
        Field("text", "code_description", "text"),
        Field("parent", None, "ignore"),
        Field("isLeaf", None, "ignore"),
        Field("aggrlevel", None, "ignore", aliases=("aggrLevel",)),
        *_left("last_modified"),
    ),
    kind="codes",
    maps=(("list", (("b4", "bec4"), ("b5", "bec5"))),),
    name_pattern=r"(?i)(?<![a-z0-9])(?P<list>b[45])(?=\.[a-z])",
    needs=("list",),
)

CODES = Layout(
    "comtrade_codes",
    "comtrade",
    "UN Comtrade's short lists (flow.csv, customs.csv, mot.csv, mos.csv, freq.csv)",
    fields=(Field("id", "code", "code"), Field("text", "code_description", "text"), *_left("last_modified")),
    kind="codes",
    maps=(("list", tuple((name, name) for name in ("flow", "customs", "mot", "mos", "freq"))),),
    name_pattern=r"(?i)(?<![a-z0-9])(?P<list>flow|customs|mot|mos|freq)(?=\.[a-z])",
    needs=("list",),
)

QUANTITY_UNITS = Layout(
    "comtrade_quantity_units",
    "comtrade",
    "UN Comtrade's quantity units (qtyunit.csv)",
    fields=(
        Field("qtyCode", "code", "code"),
        Field("qtyAbbr", None, "ignore"),
        Field("qtyDescription", "code_description", "text"),
        *_left("last_modified"),
    ),
    kind="codes",
    constants=(("code_list", "qtyunit"),),
)

DATA_ITEMS = Layout(
    "comtrade_data_items",
    "comtrade",
    "UN Comtrade's columns and their meaning (dataitem.csv)",
    fields=(
        Field("dataItem", "code", "code"),
        Field("description", "code_description", "text"),
        *_left("isInDataAPICommodity", "isInDataAPIServices", "isInBulkFileFinal", "isInBulkFileTariffline", "last_modified"),
    ),
    kind="codes",
    constants=(("code_list", "dataitem"),),
)

HS_NOMENCLATURE = Layout(
    "hs_nomenclature",
    "comtrade",
    "HS2022 with its sections, from UN Comtrade's list (harmonized-system.csv)",
    fields=(
        Field("section", None, "ignore"),
        Field("hscode", "product_code", "code"),
        Field("description", "product_description", "text"),
        Field("parent", None, "ignore"),
        # the TOTAL row's level is 5
        Field("level", "product_level", "code"),
    ),
    kind="products",
    constants=(("classification", "H6"),),
)

LAYOUTS = (AREAS, AREAS_API, PRODUCTS, PRODUCT_GROUPS, CODES, QUANTITY_UNITS, DATA_ITEMS, HS_NOMENCLATURE)
