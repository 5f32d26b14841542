"""The program starts with Streamlit's protections on, and with the theme that was drawn for it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from streamlit import config as streamlit_config

ROOT = Path(__file__).resolve().parents[1]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
COLOUR = re.compile(r"#[0-9a-f]{6}")

PROTECTIVE = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["localhost", "127.0.0.1"],
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.enableXsrfProtection": True,
    "server.xsrfCookieSameSite": "strict",
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.maxUploadSize": 100,
    "server.maxMessageSize": 50,
    "server.disconnectedSessionTTL": 60,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "viewer",
    "browser.gatherUsageStats": False,
    "runner.magicEnabled": False,
}


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"theme": {"light": {"textColor": …}}}` as `{"theme.light.textColor": …}`."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_reckoned_as_wcag_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize(("key", "value"), PROTECTIVE.items())
def test_a_protection_is_set(key, value):
    assert flat(CONFIG)[key] == value


def test_streamlit_knows_every_key_that_is_set():
    assert set(flat(CONFIG)) - set(streamlit_config.get_config_options()) == set()


def test_no_secret_stands_in_the_configuration():
    assert [key for key in flat(CONFIG) if "secret" in key.lower()] == []


def test_nothing_is_fetched_from_outside():
    assert [value for value in flat(CONFIG).values() if "://" in str(value)] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colour_scales_have_the_ten_colours_that_streamlit_asks_for(theme):
    for scale in ("chartSequentialColors", "chartDivergingColors"):
        colours = CONFIG["theme"][theme][scale]
        assert len(colours) == len(set(colours)) == 10
        assert all(COLOUR.fullmatch(colour) for colour in colours)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_can_be_read(theme):
    colours = CONFIG["theme"][theme]
    for ground in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        for ink in ("textColor", "primaryColor", "linkColor", "greenColor", "redColor"):
            assert contrast(colours[ink], ground) >= 4.5, (ink, ground)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_marks_of_a_chart_stand_out_from_their_ground(theme):
    colours = CONFIG["theme"][theme]
    faint = [c for c in colours["chartCategoricalColors"] if contrast(c, colours["backgroundColor"]) < 2.4]
    assert faint == []


def test_the_dark_theme_has_every_colour_that_the_light_one_has():
    light, dark = (set(flat(CONFIG["theme"][theme])) for theme in ("light", "dark"))

    assert light == dark


def test_the_logo_is_drawn_for_both_themes_and_fetches_nothing():
    for name in ("logo-light.svg", "logo-dark.svg"):
        drawing = (ROOT / "data/assets" / name).read_text(encoding="utf-8")
        links = drawing.replace("http://www.w3.org/2000/svg", "")
        assert "://" not in links
        assert "<script" not in drawing
    assert (ROOT / "data/assets/favicon.png").read_bytes().startswith(b"\x89PNG")
