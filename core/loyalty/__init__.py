"""Loyalty: programmes, the ledger of points, tiers, and where every account stands."""
