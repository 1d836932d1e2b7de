"""Closed code sets that every stage shares. Facts, each with its source in the comment."""

from __future__ import annotations

#: Comtrade's flow codes (UN Comtrade reference list "flow").
FLOWS = ("M", "X", "DX", "FM", "MIP", "MOP", "RM", "RX", "XIP", "XOP")
IMPORT, EXPORT, RE_IMPORT, RE_EXPORT = "M", "X", "RM", "RX"

FREQUENCIES = ("A", "M")
VALUATIONS = ("FOB", "CIF", "FAS", "unknown")
BASES = ("own", "baci_published")
EVIDENCE = ("both", "exporter_only", "importer_only", "published")
EVIDENCE_KINDS = ("silent_nonreporter", "orphan")
#: Methods that take one report whole: weight 0 or 1.
SIMPLE_METHODS = ("prefer_exporter", "prefer_importer")
#: Methods that can be chosen in [reconcile]; a new one is added here and in transforms/core/methods.
RECONCILE_METHODS = SIMPLE_METHODS
#: All that stands in a row's method: the chosen one, or the value as CEPII publishes it.
METHODS = (*RECONCILE_METHODS, "baci_published")

#: HS editions as Comtrade names them -> year in force.
HS_EDITIONS = {"H0": 1992, "H1": 1996, "H2": 2002, "H3": 2007, "H4": 2012, "H5": 2017, "H6": 2022}
#: BACI's spelling of the edition -> Comtrade's.
BACI_EDITIONS = {"HS92": "H0", "HS96": "H1", "HS02": "H2", "HS07": "H3", "HS12": "H4", "HS17": "H5", "HS22": "H6"}
SITC_EDITIONS = ("S1", "S2", "S3", "S4")
CLASSIFICATIONS = (*HS_EDITIONS, *SITC_EDITIONS)
#: Order in which bilateral totals take the first available classification.
CLASSIFICATION_ORDER = ("H6", "H5", "H4", "H3", "H2", "H1", "H0", "S4", "S3", "S2", "S1")
LEVEL_ORDER = (6, 5, 4, 3, 2, 1, 0)

TOTAL = "TOTAL"
WORLD = "0"
#: Margins: their members also stand in the file. 97 (EU) and 975 (ASEAN) report as groups.
MARGIN_AREAS = frozenset({WORLD, "97", "975"})
#: Not countries, yet leaves: inside totals, outside rankings (METHODS 10). 490 is Taiwan: a country.
SPECIAL_AREAS = frozenset(
    ["899", "837", "838", "839", "697", "492", "568", "577", "290", "472", "471", "473", "129", "636", "637", "527", "879", "221", "536"]
)

CONTROL_KINDS = ("world", "margin", "parent", "breakdown")
#: Ways a row leaves ingest, and a value leaves a later stage (the ledger's declared reasons).
ROW_REASONS = ("quarantined", "control", "breakdown", "duplicate", "superseded")
VALUE_REASONS = (
    "control",
    "breakdown",
    "duplicate",
    "quarantined",
    "superseded",
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

#: First chapter of each product bucket after bucket 0. Committed, so that a row's bucket never changes under it; chosen
#: so that the four buckets hold about equal trade rows (machinery and textiles are the row-heavy ones).
PRODUCT_BUCKET_BOUNDS = ("30", "60", "84")
PRODUCT_BUCKETS = len(PRODUCT_BUCKET_BOUNDS) + 1


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
