"""[rates.XXX] of entrepot.toml: USD per unit of a currency, dated.

[rates.XAF]
"2023" = "0.001648"
"2023-07" = "0.0016862"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from transforms.contracts.rates import RATE_DECIMALS
from transforms.declared.checks import DeclarationError, as_table

_CURRENCY = re.compile(r"[A-Z]{3}")
_PERIOD = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")
_RATE = re.compile(rf"[0-9]{{1,4}}(\.[0-9]{{1,{RATE_DECIMALS}}})?")

Rates = tuple[tuple[str, str], ...]


def declared_rates(config: Path, said: object, known: Mapping[str, Rates]) -> dict[str, Rates]:
    """``known`` and what [rates] adds to it or says otherwise. DeclarationError for what is no rate."""
    found = dict(known)
    for currency, values in as_table(f"{config} [rates]", said).items():
        where = f"{config} [rates.{currency}]"
        if not _CURRENCY.fullmatch(currency):
            raise DeclarationError(f"{where}: {currency!r} is no currency: write its three letters of ISO 4217, as [rates.EUR]")
        if currency == "USD":
            raise DeclarationError(f"{where}: values are in USD as they are; leave the section out")
        pairs = dict(found.get(currency, ()))
        for period, rate in as_table(where, values).items():
            pairs[_period(where, period)] = _rate(where, period, rate)
        found[currency] = tuple(sorted(pairs.items()))
    return found


def _period(where: str, period: str) -> str:
    if not _PERIOD.fullmatch(period):
        raise DeclarationError(f'{where}: {period!r} is no period: write a year, "2025", or a month, "2025-07"')
    return period


def _rate(where: str, period: str, rate: object) -> str:
    what = "should be USD for one unit of the currency, in quotes"
    if not isinstance(rate, str):
        raise DeclarationError(f'{where}: "{period}" = {rate!r} {what}: write "{period}" = "{rate}"')
    if not _RATE.fullmatch(rate) or not rate.strip("0."):
        raise DeclarationError(
            f'{where}: "{period}" = {rate!r} {what}: digits with a point, above 0, at most {RATE_DECIMALS} decimals, as "0.001648"'
        )
    return rate
