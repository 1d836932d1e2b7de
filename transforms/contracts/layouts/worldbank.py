"""The World Bank's indicators: answers of its API, its CSV download, and tables of one indicator by country and year."""

from __future__ import annotations

from transforms.contracts.layout import Field, Layout, Source

SOURCE = Source(
    "worldbank",
    "World Bank, World Development Indicators",
    home_page="https://data.worldbank.org",
    licence="CC BY 4.0",
    attribution="World Bank, World Development Indicators",
    redistribution="open",
)
_MISSING = ("", "..")
_RELEASE = r"(?P<release>\d{4}-\d{2}-\d{2})"

API = Layout(
    "worldbank_api",
    "worldbank",
    "the World Bank's API, version 2, JSON",
    fields=(
        Field("indicator.id", "indicator_code", "code"),
        Field("indicator.value", "indicator_name", "text", required=False),
        Field("countryiso3code", "area_code", "code"),
        # two letters, or the three that the column before lacks
        Field("country.id", "area_letters", "code"),
        Field("country.value", "area_name", "text"),
        Field("date", "period", "code"),
        Field("value", "indicator_value", "number", missing=_MISSING, exponent=True),
        Field("lastupdated", "vintage", "code", required=False),
        *(Field(name, None, "ignore", required=False) for name in ("unit", "obs_status", "decimal")),
    ),
    kind="indicators",
)

#: The download's columns of years become rows (forms/worldbank_wide.py).
DOWNLOAD = Layout(
    "worldbank_download",
    "worldbank",
    "the World Bank's CSV download, a column a year",
    fields=(
        Field("Country Name", "area_name", "text"),
        Field("Country Code", "area_code", "code"),
        Field("Indicator Name", "indicator_name", "text"),
        Field("Indicator Code", "indicator_code", "code"),
        Field("Year", "period", "code"),
        Field("Value", "indicator_value", "number", missing=_MISSING, exponent=True),
        Field("Last Updated Date", "vintage", "code", required=False),
    ),
    kind="indicators",
    name_pattern=_RELEASE,
)

TABLE = Layout(
    "worldbank_table",
    "worldbank",
    "one indicator of the World Bank by country and year (gdp.csv), named by its file or --edition",
    fields=(
        Field("Country Name", "area_name", "text"),
        Field("Country Code", "area_code", "code"),
        Field("Year", "period", "code"),
        Field("Value", "indicator_value", "number", missing=_MISSING, exponent=True),
    ),
    kind="indicators",
    maps=(("list", (("gdp", "NY.GDP.MKTP.CD"), ("population", "SP.POP.TOTL"))),),
    name_pattern=r"(?i)(?<![a-z0-9])(?P<list>gdp|population|[A-Z]{2}\.[A-Z]{3}(?:\.[A-Z0-9]{2,4})*)(?=[._-])",
    needs=("list",),
)

LAYOUTS = (API, DOWNLOAD, TABLE)
