"""A curve of any length in about so many points, with the smallest and the largest of every stretch among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Axis = Literal["step", "time", "epoch"]
COLUMNS: dict[Axis, int] = {"step": 0, "time": 1, "epoch": 2}
VALUE = 3


def curve(
    rows: Floats, axis: Axis, points: int, *, start: float | None, end: float | None, origin: float
) -> dict[str, Any]:
    """x and y of the rows [n, 4] from `start` to `end` on an axis, thinned out to about `points`.

    Points whose place on the axis is unknown are left out. `origin` is where time begins, in seconds since 1970.
    """
    import numpy as np

    x = np.ascontiguousarray(rows[:, COLUMNS[axis]])
    y = rows[:, VALUE]
    if axis == "time":
        x = x - origin
    if not np.all(x[1:] >= x[:-1]):  # NaN included
        known = np.flatnonzero(np.isfinite(x))
        order = known[np.argsort(x[known], kind="stable")]
        x, y = x[order], y[order]
    first = 0 if start is None else int(np.searchsorted(x, start, side="left"))
    last = len(x) if end is None else int(np.searchsorted(x, end, side="right"))
    x, y = x[first:last], np.ascontiguousarray(y[first:last])
    kept = thinned(y, points)
    shown_x, shown_y = (x, y) if kept is None else (x[kept], y[kept])
    finite = np.isfinite(shown_y)
    return {
        "axis": axis,
        "x": shown_x.tolist(),
        "y": shown_y.tolist()
        if finite.all()
        else [v if ok else None for v, ok in zip(shown_y.tolist(), finite, strict=True)],
        "total": len(x),
        "sampled": kept is not None,
    }


def thinned(y: Floats, points: int) -> NDArray[np.intp] | None:
    """The places of about `points` values of `y`, in order; None where all are to be kept.

    Of each stretch the smallest and the largest finite value stay, and one that is not finite if it has any; of the
    whole, the first and the last.
    """
    import numpy as np

    if len(y) <= points:
        return None
    stretch = -(-len(y) // max(1, (points - 2) // 2))
    whole = len(y) // stretch * stretch
    finite = np.isfinite(y)
    kept = [np.array([0, len(y) - 1])]
    for begin, end, width in ((0, whole, stretch), (whole, len(y), len(y) - whole)):
        if begin == end:
            continue
        base = np.arange(begin, end, width)
        part, good = y[begin:end].reshape(-1, width), finite[begin:end].reshape(-1, width)
        any_good = good.any(axis=1)
        kept.append((base + np.where(good, part, np.inf).argmin(axis=1))[any_good])
        kept.append((base + np.where(good, part, -np.inf).argmax(axis=1))[any_good])
        kept.append((base + good.argmin(axis=1))[~good.all(axis=1)])
    return np.unique(np.concatenate(kept))
