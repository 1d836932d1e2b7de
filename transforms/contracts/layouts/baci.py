"""CEPII's BACI: reconciled flows, one CSV a year, and its code lists. To add a layout see CONTRIBUTING.md, "a source"."""

from __future__ import annotations

from transforms.contracts.codes import BACI_EDITIONS
from transforms.contracts.layout import Field, Layout, Source

_EDITIONS = "|".join(BACI_EDITIONS)

SOURCE = Source(
    "baci",
    "CEPII, BACI",
    home_page="https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37",
    licence="Etalab 2.0",
    attribution="CEPII, BACI (Gaulier and Zignago 2010)",
    redistribution="open",
    basis="baci_published",
    replaces="release",
    release_form=r"V\d{6}[a-z]?",
    release_example="V202501",
)

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
    name_pattern=rf"BACI_(?P<edition>{_EDITIONS})_(?:Y(?P<year>\d{{4}})_)?(?P<release>V\d{{6}}[a-z]?)",
    needs=("edition", "release"),
    # Thousand USD and tonnes; q is padded text with a padded NA; k may have lost its leading zeros.
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
    name_pattern=r"(?P<release>V\d{6}[a-z]?)",
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
    name_pattern=rf"(?P<edition>{_EDITIONS})_(?P<release>V\d{{6}}[a-z]?)",
    needs=("edition",),
)

LAYOUTS = (BACI, BACI_COUNTRIES, BACI_PRODUCTS)
