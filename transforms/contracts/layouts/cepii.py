"""CEPII's GeoDist: distances and borders of pairs of countries, as Stata file or as CSV."""

from __future__ import annotations

from transforms.contracts.layout import Field, Layout, Source

SOURCE = Source(
    "cepii",
    "CEPII, GeoDist",
    home_page="https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=6",
    licence="Etalab 2.0",
    attribution="Mayer, T. and Zignago, S. (2011), Notes on CEPII's distances measures, CEPII Working Paper 2011-25",
    redistribution="open",
)
#: Stata writes a point for what is missing, R writes NA.
_MISSING = ("", ".", "NA")

GEODIST = Layout(
    "cepii_geodist",
    "cepii",
    "CEPII GeoDist, pairs of countries (dist_cepii: Stata, or the same columns as CSV)",
    fields=(
        Field("iso_o", "area_letters", "code", aliases=("exporter",)),
        Field("iso_d", "partner_letters", "code", aliases=("importer",)),
        Field("contig", "is_contiguous", "code", missing=_MISSING),
        Field("dist", "main_city_km", "number", missing=_MISSING, exponent=True),
        Field("distw", "weighted_km", "number", missing=_MISSING, exponent=True),
        # asked for so that a gravity data set with a distance among its columns isn't taken for this
        *(Field(name, None, "ignore") for name in ("distcap", "distwces")),
        *(
            Field(name, None, "ignore", required=False)
            for name in ("comlang_off", "comlang_ethno", "colony", "comcol", "curcol", "col45", "smctry")
        ),
    ),
    encodings=("utf-8", "latin-1"),
    kind="distances",
)

LAYOUTS = (GEODIST,)
