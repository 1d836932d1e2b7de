"""Correlation tables of the UN Statistics Division: which codes of two classifications share products. No weights."""

from __future__ import annotations

from transforms.contracts.codes import HS_EDITIONS
from transforms.contracts.layout import Field, Layout, Source

SOURCE = Source(
    "unsd",
    "United Nations Statistics Division",
    home_page="https://unstats.un.org/unsd/classifications/Econ",
    licence="UN terms of use",
    attribution="United Nations Statistics Division",
    redistribution="internal",
)

#: Fields of a correlation: "from_code", then "to_code" or, where the header names the classification, "to_" and its name.
TO = "to_"
#: Columns of a workbook without a heading hold "ex": a part of the code beside it.
MARKS = tuple((f"column_{letter}", f"mark_{letter.lower()}") for letter in "ABCDE")
#: What a heading may call a classification that an HS edition is related to.
_OTHERS = {
    "S1": ("SITC Rev. 1", "SITC1"),
    "S2": ("SITC Rev. 2", "SITC2"),
    "S3": ("SITC Rev. 3", "SITC3"),
    "S4": ("SITC Rev. 4", "SITC4"),
    "BEC4": ("BEC 4", "BEC", "BEC4", "BEC Rev. 4"),
    "BEC5": ("BEC 5", "BEC5", "BEC Rev. 5"),
}
#: Years of the consolidated table -> classification; those of before 1992 are SITC.
YEARS = {str(year): edition for edition, year in HS_EDITIONS.items()} | {"1988": "S3", "1976": "S2", "1962": "S1"}


def _hs_names(year: int) -> tuple[str, ...]:
    """How headings write an HS edition: HS 2017, HS2017, HS17, HS 17."""
    return f"HS {year}", f"HS{year}", f"HS{year % 100:02d}", f"HS {year % 100:02d}"


def _field(names: tuple[str, ...], to: str, *, required: bool = False) -> Field:
    return Field(names[0], to, "code", aliases=names[1:], required=required)


def _of_edition(edition: str, year: int) -> Layout:
    others = {name: _hs_names(y) for name, y in HS_EDITIONS.items() if y < year} | _OTHERS
    return Layout(
        f"unsd_hs{year}",
        "unsd",
        f"UN Statistics Division, HS{year} to an older edition, SITC or BEC (xlsx: the correlation sheet; or CSV)",
        fields=(
            _field(_hs_names(year), "from_code", required=True),
            *(_field(names, TO + name) for name, names in others.items()),
            Field("Relationship", "relationship", "text", required=False),
            *(Field(heading, to, "code", required=False) for heading, to in MARKS),
        ),
        encodings=("utf-8", "latin-1"),
        kind="correlation",
        constants=(("from_classification", edition),),
    )


CONSOLIDATED = Layout(
    "unsd_consolidated",
    "unsd",
    "UN Comtrade's correlations of adjacent HS editions in one table",
    fields=(
        Field("code.after", "from_code", "code"),
        Field("code.before", "to_code", "code"),
        Field("Relationship", "relationship", "text"),
        Field("adjustment", "years", "code"),
    ),
    kind="correlation",
    # Numbers that lost their leading zeros. Only the HS has one length: pairs with SITC are left out.
)


def _combined(to: str, heading: str, title: str) -> Layout:
    return Layout(
        f"wits_hs_{to.lower()}",
        "unsd",
        f"HS, editions combined, to {title} (a World Bank WITS concordance of UNSD's tables)",
        fields=(
            Field("HS - Combined  Product Code", "from_code", "code", aliases=("HS - Combined Product Code",)),
            Field("HS - Combined  Product Description", None, "ignore", aliases=("HS - Combined Product Description",), required=False),
            Field(f"{heading} Product Code", "to_code", "code"),
            Field(f"{heading} Product Description", None, "ignore", required=False),
        ),
        encodings=("utf-8", "latin-1"),
        kind="correlation",
        constants=(("from_classification", "HS"), ("to_classification", to)),
    )


LAYOUTS = (
    *(_of_edition(edition, year) for edition, year in HS_EDITIONS.items()),
    _combined("ISIC3", "ISIC Revision 3", "ISIC Rev. 3"),
    _combined("S4", "SITC Revision 4", "SITC Rev. 4"),
    CONSOLIDATED,
)
