"""Codes of the tables in words, for a reader who hasn't the documentation at hand."""

from __future__ import annotations

#: codes.MARKS
MARKS = {
    "cif_observed": "the importer's row states its own FOB value",
    "cif_fitted": "CIF rate from the equation fitted on the year's reports",
    "cif_published": "CIF rate from CEPII's published equation",
    "cif_mean": "distance or the product's unit value isn't known: the mean CIF rate",
    "cif_constant": "one CIF rate for all flows, as [reconcile] says",
    "fob_importer": "the importer is on the dated list of those that report FOB",
    "great_circle": "the distance is a great circle between main cities, not CEPII's",
    "fob_implausible": "the row's FOB value is under half of its CIF value: not believed",
    "re_exports_above": "the exporter's re-exports are more than its report: left in it",
    "re_exports_apart": "re-exports are taken out of the exporter's report, as the importer reports by origin",
    "nes_received": "exports to areas not specified were added to the exporter's report",
    "nes_given": "part of these exports to areas not specified was moved to partners",
    "suspected_1000": "the reports differ by a factor near 1,000: one is taken whole",
    "suspected_1000000": "the reports differ by a factor near 1,000,000: one is taken whole",
    "not_positive": "one report isn't above zero: the other is taken whole",
    "copied_report": "a publisher says that it copied or built a report: no second witness",
    "weight_estimated": "a part of the net weight is estimated",
    "sigma_default": "a reporter has no quality of its own: the default stands in",
    "converted": "a report's code was converted from another edition",
    "same_code": "no correlation table at hand: the code was taken as the same",
    "equal_split": "a report's code was split equally over its successors",
    "unmapped": "a report's code has no successor and stays as it is",
    "rescaled": "the pair's products were brought to the pair's total",
}
#: codes.EVIDENCE
EVIDENCE = {
    "both": "both sides report it",
    "exporter_only": "the exporter alone reports it",
    "importer_only": "the importer alone reports it",
    "published": "CEPII's reconciled value, taken as it is",
}
#: codes.EVIDENCE of flows in a sum, after "that" or "which".
OF_A_SUM = {
    "both": "both sides report",
    "exporter_only": "the exporter alone reports",
    "importer_only": "the importer alone reports",
    "published": "CEPII reconciled",
}
#: codes.EVIDENCE_KINDS
KINDS = {
    "silent_nonreporter": "the other side reports on no partner in the period",
    "orphan": "the other side reports on partners in the period, but not this flow",
}
#: codes.METHODS
METHODS = {
    "baci": "both reports, weighed by the quality of their reporters",
    "growth_lab": "both reports, weighed by reliability, then brought to the pair's total",
    "symmetry_index": "both reports, weighed by how often mirrors agree",
    "mean": "the mean of both reports",
    "prefer_exporter": "the exporter's report where there is one",
    "prefer_importer": "the importer's report where there is one",
    "baci_published": "CEPII's BACI as published",
}
#: How methods that weigh by estimates come to the weight of the exporter's report.
FORMULAS = {
    "baci": "f(sigma_j) / (f(sigma_i) + f(sigma_j)), f(s) = exp(s^2) (exp(s^2) - 1)",
    "growth_lab": "e^r_i / (e^r_i + e^r_j)",
    "symmetry_index": "SI_i / (SI_i + SI_j)",
}
#: codes.CONVERSIONS
CONVERSIONS = {
    "fixed": "one code goes there, whole",
    "fitted": "shares fitted on reporters that changed edition",
    "same_code": "taken as the same code",
    "equal_split": "split equally, for want of data",
    "unmapped": "no successor known",
}
#: What became of a reported row.
FATES = {
    "behind": "behind the value",
    "parent": "a parent: what it holds beyond the products below it is this flow",
    "apart": "re-exports, stated apart",
    "other_edition": "in another edition: another flow of the tables",
    "not_chosen": "not chosen: another source comes first",
    "superseded": "superseded by a later file of its source",
    "other_basis": "on another basis, which is never mixed with this one",
    "other_flow": "another kind of flow",
    "moved": "moved to partners that report more, or explained by their reports: nothing of it is left",
}
#: codes.VALUE_REASONS, as far as a flow's value can leave by them.
REASONS = {
    "in": "came in",
    "out": "went on",
    "control": "totals, kept aside",
    "breakdown": "breakdowns of other rows",
    "duplicate": "the same line again",
    "quarantined": "could not be read",
    "superseded": "an older file of the source",
    "summed": "parts added to one row",
    "not_chosen": "the other report, or the other source, was taken",
    "self_trade": "an area's report on itself",
    "re_export": "re-exports",
    "other_flow": "other kinds of flow",
    "unmapped": "codes without a successor",
    "rounding": "digits beyond a thousandth of a dollar",
    "cif_removed": "freight and insurance, taken off importers' reports",
    "weighting": "difference between a report and the value",
    "nes_moved": "moved from areas not specified",
    "suppressed_residual": "parents less their children",
    "refused": "refused by a gate",
}


def marks_of(text: str | None) -> list[str]:
    """Each mark of a row in words; one that has none as it is."""
    return [MARKS.get(mark, mark) for mark in (text or "").split()]
