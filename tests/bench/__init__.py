"""Measurements, never tests: they print figures and judge nothing."""
