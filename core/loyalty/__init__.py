"""Loyalty: programmes, the ledger of points, tiers, and where every account stands.

Layers within, from the ground up: `specs` and `spec_documents` (what a programme says), `rules` (tiers, rounding,
last days), `lots` (what becomes of points), `generation` (what orders earn) and `outlooks` are rules on plain values;
`order_facts`, `ledger`, `standings` and `tier_spans` read and keep; `accruals` brings members up to date.

What pages call, all of them `(session, actor, …)`:

- Programmes: `programmes.search`, `get`, `history`, `live_on`, `save_draft`, `discard_draft`, `approve`, `go_live`,
  `close`; `spec_documents.parse` and `Spec.document` between a form and a specification.
- Taking part: `members.enrol_account`, `enrol_group`, `leave`, `enrolments`.
- Points: `postings.redeem`, `redeem_points`, `award`, `adjust`, `take_back`; `requests` and `decide` for what is beyond
  the limit.
- Tiers: `grants.grant`, `withdraw`, `search`.
- Reading: `status.of_account` (one, on any day, as known then), `status.search` (all, from the kept standings),
  `statements.entries` and `lots`; `benefits.of_account` (used and unused, value and cost).
- Sums: `sums.by_account`, `cohorts`, `migration`, `tiers_over_time`; nine KPIs named `loyalty_…`.
- The replay lab: `replay.replay` (a specification on a period), `compare` (winners and losers), `of_programme` (is the
  ledger what a replay gives), `liability`.
- The proof: `checks.differences`, as `doctor` reads it; `status.Status.balance` beside `lots_balance`.
- The daily job: `runs.begin`, `piece`, `finish`.
"""
