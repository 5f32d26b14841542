"""Utama's rules and store: everything that knows what a key account is, and nothing that draws."""
