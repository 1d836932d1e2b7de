"""Closed code sets that every stage shares. Facts, each with its source in the comment."""

from __future__ import annotations

import re
from functools import cache

#: Comtrade's flow codes (UN Comtrade reference list "flow").
FLOWS = ("M", "X", "DX", "FM", "MIP", "MOP", "RM", "RX", "XIP", "XOP")
IMPORT, EXPORT, RE_IMPORT, RE_EXPORT = "M", "X", "RM", "RX"

FREQUENCIES = ("A", "M")
VALUATIONS = ("FOB", "CIF", "FAS", "unknown")
BASES = ("own", "baci_published")
EVIDENCE = ("both", "exporter_only", "importer_only", "published")
EVIDENCE_KINDS = ("silent_nonreporter", "orphan")
#: How a reported code became one of the target edition, from the surest to the weakest (docs/methods.md 8).
CONVERSIONS = ("fixed", "fitted", "same_code", "equal_split", "unmapped")
#: What method_marks holds: how the value of a bilateral flow came about, beyond its method (docs/methods.md 1).
MARKS = (
    "cif_observed", "cif_fitted", "cif_published", "cif_mean", "cif_constant", "fob_importer", "great_circle",
    "re_exports_apart", "nes_received", "nes_given", "suspected_1000", "suspected_1000000", "not_positive", "copied_report",
    "weight_estimated", "sigma_default", "converted", "same_code", "equal_split", "unmapped", "rescaled",
    "fob_implausible", "re_exports_above",
)  # fmt: skip
#: Where a parameter comes from: fitted on the year's reports, or published elsewhere.
PARAMETER_ORIGINS = ("fitted", "published")
#: How exports to areas not specified were moved: to partners named with less than they report, or explained by importers not named.
NES_MOVES = ("to_partner", "explained")
#: What a mirror gap compares.
GAP_BASES = ("FOB, re-exports apart, CIF rate taken off the importer",)
#: Methods that take one report whole: weight 0 or 1.
SIMPLE_METHODS = ("prefer_exporter", "prefer_importer")
#: Methods whose weights are made of the year's estimates.
ESTIMATED_METHODS = ("baci", "growth_lab", "symmetry_index")
#: Methods that can be chosen in [reconcile], the default first; a new one is added here and in transforms/core/reconciling/methods.
RECONCILE_METHODS = (*ESTIMATED_METHODS, "mean", *SIMPLE_METHODS)
#: All that stands in a row's method: the chosen one, or the value as CEPII publishes it.
METHODS = (*RECONCILE_METHODS, "baci_published")

#: Quantity units that say there is none (UN Comtrade's, Eurostat's).
NO_UNITS = ("1", "-1", "NO_SU", "-")

#: HS editions as Comtrade names them -> year in force.
HS_EDITIONS = {"H0": 1992, "H1": 1996, "H2": 2002, "H3": 2007, "H4": 2012, "H5": 2017, "H6": 2022}
#: BACI's spelling of the edition -> Comtrade's.
BACI_EDITIONS = {"HS92": "H0", "HS96": "H1", "HS02": "H2", "HS07": "H3", "HS12": "H4", "HS17": "H5", "HS22": "H6"}
SITC_EDITIONS = ("S1", "S2", "S3", "S4")
#: Editions that reports of several countries share.
CLASSIFICATIONS = (*HS_EDITIONS, *SITC_EDITIONS)
#: A national tariff of one year: CN2024 (EU), HTS2024 and SB2024 (US imports, exports), or a declared one.
#: Its codes begin with the six digits of the HS edition in force and mean another thing in another year.
NATIONAL_TARIFF = r"[A-Z]{2,3}(19|20)[0-9]{2}"
CLASSIFICATION_PATTERN = rf"^({'|'.join(CLASSIFICATIONS)}|{NATIONAL_TARIFF})$"
#: What correlation tables relate beside the editions: BEC, ISIC, and the HS with its editions combined.
CORRELATED = (*CLASSIFICATIONS, "HS", "BEC4", "BEC5", "ISIC3")
CORRELATED_PATTERN = rf"^({'|'.join(CORRELATED)})$"
#: How many codes each side of a relation has.
RELATIONSHIPS = ("1:1", "1:n", "n:1", "n:n")
#: Order in which bilateral totals take the first available classification.
CLASSIFICATION_ORDER = ("H6", "H5", "H4", "H3", "H2", "H1", "H0", "S4", "S3", "S2", "S1")
LEVEL_ORDER = (6, 5, 4, 3, 2, 1, 0, 8, 10, 7, 9)
MAXIMUM_LEVEL = 10
#: The level at which editions of the HS are related, and of which unit values and tonnes per unit are.
HS_LEVEL = 6

TOTAL = "TOTAL"
WORLD = "0"
#: A publisher's group of countries that has no code of its own here.
GROUP_AREA = "995"
#: Margins: their members also stand in the file. 97 (EU) and 975 (ASEAN) report as groups; 930-994 are Eurostat's EU aggregates.
MARGIN_AREAS = frozenset({WORLD, "97", "975", GROUP_AREA, *map(str, range(930, 945)), *map(str, range(980, 995))})
#: Not countries, yet leaves: inside totals, outside rankings (docs/methods.md 10). 490 is Taiwan: a country.
_SPECIAL_UN = "899 837 838 839 697 492 568 577 290 472 471 473 129 636 637 527 879 221 536"
#: QQ to QZ, and parts of customs territories.
_SPECIAL_EUROSTAT = "950 951 952 953 958 959 960 961 962 963 965 977 978 979"
SPECIAL_AREAS = frozenset(f"{_SPECIAL_UN} {_SPECIAL_EUROSTAT}".split())
#: All codes that are no country.
NO_COUNTRIES = SPECIAL_AREAS | MARGIN_AREAS
#: Areas, not specified: the one special area that trade is moved out of (docs/methods.md 1.1.2).
NES = "899"

#: Kinds of groups of areas (dim_area_group).
AREA_GROUP_KINDS = ("reporting_union", "regional", "trade_agreement", "forum", "producers")
CONTROL_KINDS = ("world", "margin", "parent", "breakdown")
#: Ways a row leaves ingest, and a value leaves a later stage (the ledger's declared reasons).
ROW_REASONS = ("quarantined", "control", "breakdown", "duplicate", "superseded", "summed")
VALUE_REASONS = (
    "control",
    "breakdown",
    "duplicate",
    "quarantined",
    "superseded",
    "summed",
    "not_chosen",
    "self_trade",
    "re_export",
    "other_flow",
    "unmapped",
    "rounding",
    "cif_removed",
    "weighting",
    "nes_moved",
    "suppressed_residual",
    "refused",
)
LEDGER_STAGES = ("ingest", "harmonise", "reconcile", "aggregate")


def is_classification(text: str) -> bool:
    """True for H0-H6, S1-S4 and a national tariff with its year.

    >>> [is_classification(t) for t in ("H6", "S4", "CN2024", "HS", "EB10", "cn2024")]
    [True, True, True, False, False, False]
    """
    return re.fullmatch(CLASSIFICATION_PATTERN, text) is not None


def hs_edition_of(year: int) -> str:
    """The HS edition in force in a year, on which national tariffs of that year are built.

    >>> [hs_edition_of(y) for y in (1988, 2001, 2002, 2021, 2022)]
    ['H0', 'H1', 'H2', 'H5', 'H6']
    """
    return max((since, name) for name, since in HS_EDITIONS.items() if since <= max(year, HS_EDITIONS["H0"]))[1]


def is_sitc(classification: str) -> bool:
    """SITC codes keep their odd lengths; those of the HS and of tariffs built on it are even."""
    return classification in SITC_EDITIONS


@cache
def is_confidential(product_code: str) -> bool:
    """True for codes under which publishers put trade whose product they hide: nines, and letters inside a code.

    >>> [is_confidential(c) for c in ("99RRR100", "9999AA", "999999", "99", "990100", "870380", "TOTAL", "27XXXX")]
    [True, True, True, True, False, False, False, False]
    """
    if product_code == TOTAL or product_code.endswith("X"):
        return False
    return not product_code.isdigit() or set(product_code) == {"9"}


#: First chapter of each product bucket after bucket 0. Committed, so that a row's bucket never changes under it; chosen
#: so that the four buckets hold about equal trade rows (machinery and textiles are the row-heavy ones).
PRODUCT_BUCKET_BOUNDS = ("30", "60", "84")
PRODUCT_BUCKETS = len(PRODUCT_BUCKET_BOUNDS) + 1


@cache
def product_bucket(product_code: str) -> int:
    """Bucket 0..3 of a product by its first two characters; TOTAL, XX and unknown go to 0.

    Buckets follow chapter ranges: 00-29, 30-59, 60-83, 84-99.

    >>> [product_bucket(c) for c in ("010121", "520100", "720000", "870380", "TOTAL")]
    [0, 1, 2, 3, 0]
    """
    chapter = product_code[:2]
    if not chapter.isdigit():
        return 0
    return sum(int(chapter) >= int(bound) for bound in PRODUCT_BUCKET_BOUNDS)
