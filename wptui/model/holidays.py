"""Public holidays by country, from the `holidays` library, which is imported for who has set one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=256)
def of_year(code: str, year: int) -> Mapping[date, str]:
    """The public holidays of a country (`TR`) or a part of it (`DE-BY`) in `year`, with their names there.

    Raises ValueError where none are known for `code`.
    """
    from holidays import country_holidays

    country, _dash, part = code.partition("-")
    try:
        return dict(country_holidays(country, subdiv=part or None, years=year, expand=False))
    except NotImplementedError as error:
        raise ValueError(code) from error
