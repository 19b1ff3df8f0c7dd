"""Amounts in words: kept in 元, told in 万元."""

from decimal import Decimal


def in_wan(amount: Decimal | int | None) -> str:
    """An amount in 元 as 万元, without needless digits; empty where there is none.

    >>> in_wan(125000), in_wan(Decimal("0.01")), in_wan(0), in_wan(None)
    ('12.5 万元', '0.000001 万元', '0 万元', '')
    """
    return "" if amount is None else f"{Decimal(amount) / 10_000:,.6f}".rstrip("0").rstrip(".") + " 万元"
