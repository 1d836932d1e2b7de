"""The estimates that a flow's value was read from: the year's pinned parameter set, and the geography of the pair."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.evidence.tables import Row, Tables
from transforms.contracts import lake as contracts


@dataclass(frozen=True)
class Parameter:
    """One line of parameter_set."""

    kind: str
    name: str
    subject: str
    unit: str | None
    value: float
    standard_error: float | None
    observations: int | None
    origin: str
    fitted_on: str


def read_parameters(tables: Tables, year: int, kinds: list[str], subjects: list[str] | None = None) -> list[Parameter]:
    """Parameters of a year by kind, of the subjects asked for or all."""
    rows = tables.select(
        contracts.PARAMETER_SET,
        """select * from t where list_contains($1, parameter_kind) and ($2 is null or list_contains($2, subject_code))
           order by parameter_kind, parameter_name, length(subject_code), subject_code, quantity_unit_code""",
        [kinds, subjects],
        year=year,
    )
    return [
        Parameter(
            r["parameter_kind"], r["parameter_name"], r["subject_code"], r["quantity_unit_code"], r["parameter_value"],
            r["standard_error"], r["observation_count"], r["parameter_origin"], r["fitted_on"],
        )
        for r in rows
    ]  # fmt: skip


def pair_geography(tables: Tables, area: str, partner: str) -> Row | None:
    """The row of pair_geography from exporter to importer; None where neither a file nor a place gives a distance."""
    rows = tables.select(contracts.PAIR_GEOGRAPHY, "select * from t where area_code = $1 and partner_code = $2", [area, partner])
    return rows[0] if rows else None
