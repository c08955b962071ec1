"""Tables of results, as HTML."""

from collections.abc import Sequence


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], best: int | None = None) -> str:
    """A table of HTML cells; the first cell of a row is its header, the row with the index `best` is bold."""
    head = "".join(f"<th scope=col>{name}</th>" for name in columns)
    body = "".join(
        f"<tr{' class=best' if number == best else ''}><th scope=row>{name}</th>"
        f"{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for number, (name, *cells) in enumerate(rows)
    )
    return f"<div class=wide><table><caption>{caption}</caption><tr>{head}</tr>{body}</table></div>"


def percent(share: float, digits: int = 1) -> str:
    """A share in percent, without the sign."""
    return f"{100 * share:.{digits}f}"


def with_interval(share: float, interval: Sequence[float], digits: int = 1) -> str:
    """A share in percent with its 95 % interval."""
    low, high = (percent(end, digits) for end in interval)
    return f"{percent(share, digits)} <small>{low} – {high}</small>"
