"""The glossary's section of KPIs, written from the registry.

`make glossary` runs this module: it puts every KPI with its question, formula, unit, parts of the fraction, grain,
period and source between two marks in docs/glossary.md. A test keeps the page up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core import kpi_registry
from core.kpi_registry import KPIS, Explained

PAGE = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"
BEGIN, END = "<!-- KPIs: written by `make glossary` from the registry -->", "<!-- KPIs: end -->"


def section() -> str:
    """Every KPI, a paragraph each, in the order of the registry."""
    return "\n\n".join(_paragraph(kpi_registry.explained(name)) for name in KPIS)


def _paragraph(kpi: Explained) -> str:
    fraction = f"{kpi.numerator} ÷ {kpi.denominator}" if kpi.denominator else kpi.numerator
    lines = [
        f"### {kpi.label}",
        "",
        f"`{kpi.name}` · {kpi.question}",
        "",
        f"- **Formula**: {kpi.formula}.",
        f"- **Unit**: {kpi.unit}; {kpi.direction}.",
        f"- **Of**: {fraction}; counted by {kpi.grain}, read from {kpi.rows_of}.",
        f"- **Period**: {kpi.period_rule}.",
        f"- **Source**: {kpi.source}.",
    ]
    return "\n".join([*lines, "- Only for who may see cost."] if kpi.needs_cost else lines)


def page(text: str) -> str:
    """The glossary's text with the section as the registry says it now."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{section()}\n\n{END}{after}"


def main() -> int:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{len(KPIS)} KPIs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
