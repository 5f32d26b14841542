"""The glossary says of each KPI what the registry says."""

from core.kpi_registry import KPIS
from tests import glossary


def test_the_glossary_is_written_from_the_registry():
    text = glossary.PAGE.read_text(encoding="utf-8")

    assert text == glossary.page(text), "Run `make glossary`."
    assert all(f"`{name}` · " in text for name in KPIS)
