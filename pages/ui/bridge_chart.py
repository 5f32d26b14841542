"""The revenue bridge as a waterfall: it starts at zero and ends at the change."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import accumulate
from typing import Any

import plotly.graph_objects as go

from core.bridge import Bridge
from core.language import _
from pages.ui import charts, formats


def waterfall(found: Bridge, names: Mapping[str, str], *, currency: str) -> go.Figure:
    """Each step where the one before it ended, gains and losses told apart, the change from zero at the end."""
    colours = charts.palette()
    steps = [(names[step], amount) for step, amount in found.parts.items() if amount]
    reach = max((abs(amount) for _name, amount in [*steps, ("", found.change)]), default=Decimal(0))
    divisor, unit = formats.step(reach)
    ends = [float(level / divisor) for level in accumulate(amount for _name, amount in steps)]
    bases, heights = [0.0, *ends][: len(ends)], [float(amount / divisor) for _name, amount in steps]
    tints = [colours.good if amount > 0 else colours.bad for _name, amount in steps]
    labels = [name for name, _amount in steps] + [_("Change")]
    amounts = [amount for _name, amount in steps] + [found.change]
    bars = go.Bar(
        x=list(range(len(labels))), y=[*heights, float(found.change / divisor)], base=[*bases, 0.0],
        text=[formats.compact(amount, None, signed=True) for amount in amounts], textposition="outside",
        cliponaxis=False, textfont={"size": 12, "color": colours.text},
        marker={"color": [*tints, colours.main]},
        customdata=[f"{label}: {formats.money(amount, currency, signed=True)}"
                    for label, amount in zip(labels, amounts, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    points = [0.0, *ends]
    room = 0.12 * ((max(points) - min(points)) or 1.0)
    return go.Figure(
        data=[bars],
        layout={
            "template": charts.template(colours),
            "height": charts.HEIGHT + 30,
            "separators": ".,",
            "showlegend": False,
            "shapes": _threads(ends, colours.past),
            "xaxis": {"tickvals": list(range(len(labels))), "ticktext": labels, "autotickangles": [0, -45]},
            "yaxis": {
                **charts.unit_ticks(unit),
                "range": [min(points) - room, max(points) + room],
                "zeroline": True,
                "zerolinecolor": colours.quiet,
            },
        },
    )


def _threads(ends: list[float], colour: str) -> list[dict[str, Any]]:
    """Thin lines from where a step ends to where the next begins."""
    line = {"color": colour, "width": 1}
    return [
        {"type": "line", "x0": place + 0.325, "x1": place + 0.675, "y0": end, "y1": end, "line": line}
        for place, end in enumerate(ends)
    ]
