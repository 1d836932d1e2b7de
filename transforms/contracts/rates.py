"""Rates of exchange, dated: USD per unit of a currency, as decimal text. ``[rates]`` in entrepot.toml adds months.

A month's rows take the month's own average where it is known, else the average of its year.
"""

from __future__ import annotations

from collections.abc import Sequence

#: European Central Bank, euro foreign exchange reference rates, US dollar, average of the year
#: (series EXR.A.USD.EUR.SP00.A).
EUR: tuple[tuple[str, str], ...] = (
    ("1999", "1.0658"),
    ("2000", "0.9236"),
    ("2001", "0.8956"),
    ("2002", "0.9456"),
    ("2003", "1.1312"),
    ("2004", "1.2439"),
    ("2005", "1.2441"),
    ("2006", "1.2556"),
    ("2007", "1.3705"),
    ("2008", "1.4708"),
    ("2009", "1.3948"),
    ("2010", "1.3257"),
    ("2011", "1.3920"),
    ("2012", "1.2848"),
    ("2013", "1.3281"),
    ("2014", "1.3285"),
    ("2015", "1.1095"),
    ("2016", "1.1069"),
    ("2017", "1.1297"),
    ("2018", "1.1810"),
    ("2019", "1.1195"),
    ("2020", "1.1422"),
    ("2021", "1.1827"),
    ("2022", "1.0530"),
    ("2023", "1.0813"),
    ("2024", "1.0824"),
)

#: Digits of a rate after the point that are used; more are refused, so that a product is exact.
RATE_DECIMALS = 6
_UNIT = 10**6


def rate_micros(rates: Sequence[tuple[str, str]], period: str) -> int | None:
    """Millionths of a USD per unit for a period ('2023', '2023-05'); None where no rate is known.

    >>> rate_micros((("2023", "1.0813"), ("2023-05", "1.0868")), "2023-05"), rate_micros(EUR, "2024-02"), rate_micros(EUR, "1998")
    (1086800, 1082400, None)
    """
    known = dict(rates)
    text = known.get(period) or known.get(period[:4])
    if text is None:
        return None
    whole, _, decimals = text.partition(".")
    return int(whole) * _UNIT + int(decimals.ljust(RATE_DECIMALS, "0"))
