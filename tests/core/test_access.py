"""Whoever may not see an account learns nothing of it: no name, no figure, not even that it exists.

Each way of reading is asked twice as Anna, before and after Ben's account has orders, targets and a history: the
two answers are the same. Dora, who directs, gets another answer, so a way of reading that reads nothing fails.
"""

import contextlib
import importlib
import inspect
import io
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import typer
from sqlalchemy.orm import Session
from typer.testing import CliRunner

import core
from core import (
    account_months,
    account_notes,
    account_story,
    accounts,
    after_invoice,
    approvals,
    attention,
    audit,
    auth,
    authority,
    battlecards,
    bridge,
    bridge_pairs,
    causes,
    classification,
    clock,
    cohort,
    commitments,
    competition_search,
    competitor_claim_records,
    competitor_claims,
    competitors,
    contests,
    creep,
    db,
    delivery,
    dependence,
    directors,
    due_lines,
    entitlements,
    exports,
    floors,
    forecast_overrides,
    forecast_scores,
    forecasts,
    health,
    health_track,
    importing,
    kpi_details,
    kpi_trends,
    kpis,
    leakage,
    lump_sums,
    movement,
    objections,
    order_drafts,
    order_entry,
    order_lines,
    orders,
    pace,
    pair_sales,
    parts,
    portfolio,
    portfolio_tiles,
    precedents,
    presences,
    price_gaps,
    priced_lines,
    product_prices,
    product_story,
    quick_notes,
    receivables,
    revenue,
    revenue_axes,
    revenue_table,
    rfm,
    rollups,
    scope_sales,
    settings,
    standings,
    target_plans,
    targets,
    teams,
    term_calendar,
    term_diffs,
    term_drafts,
    term_endings,
    term_versions,
    terms,
    threats,
    wallets,
    waterfall,
    whitespace_grid,
    whole_accounts,
)
from core.auth import OPERATOR, Actor
from core.commands import mount
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.exports import Format
from core.filters import ALL_ACCOUNTS, AccountFilter, LineFilter
from core.importing import batches
from core.kpi_registry import KPIS, OF_WHOLE_ACCOUNTS, Need
from core.kpis import By, Options
from core.loyalty import (
    account_statement,
    benefits,
    boards,
    grants,
    members,
    postings,
    replay,
    statements,
    status,
    sums,
)
from core.loyalty.specs import Spec
from core.models import (
    Account,
    AuditEntry,
    ForecastOverride,
    ForecastPoint,
    ForecastSeries,
    ForecastVersion,
    ImportBatch,
    OrderLine,
    Product,
    Receivable,
    Target,
)
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension
from core.vocabulary import (
    AttentionOutcome,
    BatchKind,
    BatchStatus,
    CauseKind,
    ClaimTopic,
    ContestOutcome,
    ForecastMethod,
    ForecastStatus,
    LumpSumKind,
    ObjectionOutcome,
    Permission,
    Role,
    Structure,
    TeamRole,
    TermKind,
    TermStatus,
    WalletBasis,
)
from pages.ui import answers
from tests import factories
from tests.conftest import on_sqlite
from tests.core.loyalty.programmes import live

YEAR = Period.of(date(2024, 1, 1), date(2024, 12, 31))
TWO_YEARS = Period.of(date(2023, 1, 15), date(2024, 12, 20))  # cut at both ends: lines and kept sums answer
BENS = "ZZBEN"  # stands in every text of Ben's

Read = Callable[[Session, Actor], Any]


def _export(session: Session, actor: Actor, kind: BatchKind) -> str:
    stream = io.BytesIO()
    exports.write(exports.prepare(session, actor, kind), stream, Format.CSV)
    return stream.getvalue().decode()


def _kpi(by: By | None) -> Read:
    # Targets are not known by what was sold.
    names = [
        name
        for name, kpi in KPIS.items()
        if by not in (By.PRODUCT, By.CATEGORY, By.COUNTRY)
        or not (OF_WHOLE_ACCOUNTS | {Need.TARGET}) & kpi.needs
    ]
    return lambda session, actor: kpis.document(
        session, YEAR, kpis.compute(session, actor, names, YEAR, Options(by))
    )


def _frozen(session: Session) -> int:
    return session.query(ForecastVersion).one().id


def _forecast(session: Session, account_id: int) -> None:
    """What a version of June 2024 says of an account, and what its manager set over it."""
    version = session.query(ForecastVersion).one_or_none()
    if version is None:
        made_at = datetime(2024, 6, 3, tzinfo=UTC)
        version = ForecastVersion(
            first_month=date(2024, 6, 1), horizon=19, status=ForecastStatus.DONE, engine="test", problem="",
            made_by="dora", made_at=made_at, heard_at=made_at,
        )  # fmt: skip
        session.add(version)
        session.flush()
    key = {"account_id": account_id, "version_id": version.id}
    tested = [[back, [account_id], [2], [3]] for back in (3, 2, 1)]
    session.add(ForecastSeries(**key, method=ForecastMethod.AVERAGE, months_known=17, back_test=tested))
    for step in range(19):
        amount = Decimal(account_id + 100)
        session.add(ForecastPoint(**key, month=add_months(version.first_month, step), mean_amount=amount))
    session.add(
        ForecastOverride(
            account_id=account_id,
            month=date(2024, 7, 1),
            number=1,
            amount=Decimal(5),
            reason="Knew it",
            recorded_at=version.made_at,
            recorded_by="dora",
        )
    )
    session.flush()


def _revenue(*dimensions: Dimension, structure: Structure = Structure.TODAY) -> Read:
    return lambda session, actor: revenue.by(session, actor, TWO_YEARS, *dimensions, structure=structure)


def _broken_down(by: Dimension) -> Read:
    return lambda session, actor: kpi_details.breakdown(session, actor, "net_revenue", YEAR, by)


def _tabled(axis: revenue_axes.Axis) -> Read:
    other = None if axis.months else revenue_axes.Axis.MONTH
    return lambda session, actor: revenue_table.table(session, actor, TWO_YEARS, axis, other)


def _delivered(dimension: Dimension) -> Read:
    return lambda session, actor: delivery.by(session, actor, TWO_YEARS, dimension)


# Every way of reading what hangs on accounts. `module.function`, and after a blank which question it is asked.
READERS: dict[str, Read] = {
    "receivables.overdue_by_account": receivables.overdue_by_account,
    "accounts.names": accounts.names,
    "attention_items.items": attention.items,
    "attention.today": attention.today,
    **{f"revenue_table.table {axis}": _tabled(axis) for axis in revenue_axes.Axis},
    "bridge.between": lambda session, actor: bridge.between(session, actor, YEAR, YEAR.shifted(-12)),
    "bridge.board": lambda session, actor: bridge.board(session, actor, YEAR, YEAR.shifted(-12)),
    "bridge.by_account": lambda session, actor: bridge.by_account(session, actor, YEAR, YEAR.shifted(-12)),
    "bridge.by_product": lambda session, actor: bridge.by_product(session, actor, YEAR, YEAR.shifted(-12)),
    "bridge_pairs.search": lambda session, actor: bridge_pairs.search(
        session, actor, YEAR, YEAR.shifted(-12)
    ),
    "cause_records.search": causes.search,
    "account_notes.search": account_notes.search,
    "battlecards.card": lambda session, actor: [
        battlecards.card(session, actor, one.id) for one in competitors.search(session, actor)
    ],
    "competitor_claims.search": competitor_claims.search,
    "competitor_claims.search by text": lambda session, actor: competitor_claims.search(
        session, actor, competitor_claims.ClaimFilter(text=BENS)
    ),
    "competition_search.everything": lambda session, actor: competition_search.everything(
        session, actor, BENS
    ),
    "contests.search": contests.search,
    "objections.search": objections.search,
    "presences.search": presences.search,
    "price_gaps.gaps": lambda session, actor: price_gaps.gaps(
        session, actor, competitor_claims.search(session, actor)
    ),
    "quick_notes.words": lambda session, actor: quick_notes.words(session, actor).accounts,
    "quick_notes.preview": lambda session, actor: (
        quick_notes.preview(session, actor, f"@{BENS} RIVAL -3%").account
    ),
    "price_gaps.search": price_gaps.search,
    "scope_sales.of": lambda session, actor: scope_sales.of(
        session, actor, YEAR, [scope_sales.Scope(None, 1, None), scope_sales.Scope(None, None, None)]
    ),
    "threats.board": threats.board,
    "whitespace_grid.grid": whitespace_grid.grid,
    "causes.explained": lambda session, actor: causes.explained(session, actor, YEAR, YEAR.shifted(-12)),
    "wallets.share_of_wallet": lambda session, actor: wallets.share_of_wallet(session, actor, clock.today()),
    "accounts.search": lambda session, actor: accounts.search(session, actor, with_unassigned=True),
    "accounts.find": lambda session, actor: accounts.find(session, actor, list(range(100))),
    "audit.choices": audit.choices,
    "audit.search": audit.search,
    "audit.search by text": lambda session, actor: audit.search(session, actor, text=BENS),
    "classification.choices": classification.choices,
    "cohort.table": lambda session, actor: cohort.table(session, actor, TWO_YEARS),
    "cohort.table by year": lambda session, actor: cohort.table(session, actor, TWO_YEARS, cohort.Grain.YEAR),
    "cohort._months": lambda session, actor: cohort._months(session, actor, date(2025, 1, 1), ALL_ACCOUNTS),
    "due_lines.undelivered": due_lines.undelivered,
    "revenue_axes.names": lambda session, actor: revenue_axes.names(
        session, actor, revenue_axes.Axis.ACCOUNT
    ),
    "creep.by_account": lambda session, actor: creep.by_account(session, actor, YEAR),
    "creep.by_product": lambda session, actor: creep.by_product(session, actor, YEAR),
    "dependence.of": lambda session, actor: dependence.of(session, actor, YEAR),
    "dependence.of groups": lambda session, actor: dependence.of(session, actor, YEAR, by_group=True),
    "movement.between": lambda session, actor: movement.between(session, actor, YEAR),
    "pace.of": lambda session, actor: pace.of(session, actor, YEAR),
    "whole_accounts.scores": lambda session, actor: whole_accounts.scores(
        session, actor, TWO_YEARS, ALL_ACCOUNTS, Dimension.OWNER
    ),
    "whole_accounts.moved": lambda session, actor: whole_accounts.moved(
        session, actor, YEAR, YEAR.shifted(-12), ALL_ACCOUNTS, Dimension.OWNER
    ),
    "whole_accounts.points": lambda session, actor: whole_accounts.points(
        session, actor, YEAR, ALL_ACCOUNTS, Dimension.OWNER
    ),
    "whole_accounts.purses": lambda session, actor: whole_accounts.purses(
        session, actor, YEAR, ALL_ACCOUNTS, Dimension.OWNER
    ),
    "rfm.board": lambda session, actor: rfm.board(session, actor, TWO_YEARS),
    "waterfall.of": lambda session, actor: waterfall.of(session, actor, YEAR),
    "priced_lines.of": lambda session, actor: priced_lines.of(session, actor, YEAR),
    "priced_lines.count": lambda session, actor: priced_lines.count(session, actor, YEAR),
    "leakage.by_account": lambda session, actor: leakage.by_account(session, actor, YEAR),
    "after_invoice.given": lambda session, actor: after_invoice.given(session, actor, YEAR),
    "loyalty.boards.liabilities": boards.liabilities,
    "loyalty.members.enrolments": members.enrolments,
    "loyalty.postings.requests": postings.requests,
    "loyalty.sums.by_account": lambda session, actor: sums.by_account(session, actor, YEAR),
    "loyalty.sums.cohorts": lambda session, actor: sums.cohorts(session, actor, YEAR),
    "loyalty.sums.migration": lambda session, actor: sums.migration(session, actor, YEAR),
    "loyalty.sums.tiers_over_time": lambda session, actor: sums.tiers_over_time(session, actor, YEAR),
    "loyalty.replay.replay_all": lambda session, actor: replay.replay_all(session, actor, (Spec(),), YEAR),
    "loyalty.replay.replay": lambda session, actor: replay.replay(session, actor, Spec(), YEAR),
    "loyalty.status.search": status.search,
    "exports.prepare loyalty": lambda session, actor: _export(session, actor, BatchKind.LOYALTY),
    "lump_sums.search": lump_sums.search,
    "lump_sums.accrual": lambda session, actor: lump_sums.accrual(session, actor, YEAR),
    "term_calendar.overview": term_calendar.overview,
    "order_lines.orders_by_account": lambda session, actor: order_lines.orders_by_account(
        session, actor, YEAR
    ),
    "revenue.nets": lambda session, actor: revenue.nets(session, actor, YEAR),
    "account_months.nets": lambda session, actor: account_months.nets(session, actor, YEAR),
    "targets.net_table": lambda session, actor: targets.net_table(session, actor, YEAR),
    "health.outcomes": lambda session, actor: sorted(health.outcomes(session, actor, [date(2024, 12, 31)])),
    "delivery.by": lambda session, actor: delivery.by(session, actor, TWO_YEARS),
    **{f"delivery.by {dimension}": _delivered(dimension) for dimension in Dimension},
    "delivery.totals": lambda session, actor: delivery.totals(session, actor, YEAR),
    "due_lines.late_by_account": due_lines.late_by_account,
    "due_lines.late_lines": due_lines.late_lines,
    "due_lines.misses": lambda session, actor: due_lines.misses(session, actor, TWO_YEARS),
    "due_lines.open_lines": due_lines.open_lines,
    "exports.prepare accounts": lambda session, actor: _export(session, actor, BatchKind.ACCOUNTS),
    "exports.prepare orders": lambda session, actor: _export(session, actor, BatchKind.ORDERS),
    "exports.prepare targets": lambda session, actor: _export(session, actor, BatchKind.TARGETS),
    "health.at": lambda session, actor: health.at(session, actor, [date(2024, 12, 31)]),
    "health.overview": lambda session, actor: health.overview(session, actor, day=date(2024, 12, 31)),
    "health.scores": lambda session, actor: health.scores(session, actor, day=date(2024, 12, 31)),
    "forecast_scores.frozen": forecast_scores.frozen,
    "forecast_scores._said": lambda session, actor: forecast_scores._said(session, actor, ALL_ACCOUNTS),
    "forecasts._said": lambda session, actor: forecasts._said(
        session, actor, forecasts.version(session, OPERATOR), YEAR, date(2024, 6, 1), ALL_ACCOUNTS
    ),
    "forecasts.back_test": lambda session, actor: forecasts.back_test(session, actor, _frozen(session)),
    "forecasts.outlook": lambda session, actor: forecasts.outlook(
        session, actor, YEAR.shifted(12), version_id=_frozen(session), as_then=True
    ),
    "forecasts.overrides_in_force": forecasts.overrides_in_force,
    "exports.prepare terms": lambda session, actor: _export(session, actor, BatchKind.TERMS),
    "exports.prepare lump sums": lambda session, actor: _export(session, actor, BatchKind.LUMP_SUMS),
    "terms.search": terms.search,
    "approvals.waiting": approvals.waiting,
    "approvals.drafts": approvals.drafts,
    "approvals.decided": approvals.decided,
    "term_endings.ending": lambda session, actor: term_endings.ending(session, actor, 365),
    "precedents.of": lambda session, actor: precedents.of(session, actor, _wanted(987_654_321)),
    "importing.batches.search": batches.search,
    "kpis.compute": _kpi(None),
    **{f"kpis.compute by {by}": _kpi(by) for by in By},
    "order_lines.search": lambda session, actor: order_lines.search(session, actor, TWO_YEARS),
    "order_lines.search returns": lambda session, actor: order_lines.search(
        session, actor, YEAR, sold=LineFilter(returned=True)
    ),
    "order_lines.order_counts": lambda session, actor: order_lines.order_counts(session, actor, YEAR),
    # Products themselves are everybody's to know.
    "product_story.standings": lambda session, actor: [
        row
        for row in product_story.standings(session, actor, YEAR, day=date(2024, 12, 31))
        if row.now.lines or row.year_ago.lines
    ],
    "product_story.story": lambda session, actor: product_story.story(
        session, actor, 1, YEAR, day=date(2024, 12, 31)
    ),
    "target_plans.plan": lambda session, actor: target_plans.plan(session, actor, date(2024, 1, 1)),
    "orders.recent": lambda session, actor: orders.recent(session, actor, TWO_YEARS),
    "orders.detail": lambda session, actor: orders.detail(session, actor, "SHARED"),
    "portfolio.as_of": portfolio.as_of,
    "portfolio_tiles.overview": lambda session, actor: portfolio_tiles.overview(
        session, actor, YEAR, day=date(2024, 12, 31)
    ),
    "portfolio.board": lambda session, actor: portfolio.board(session, actor, YEAR, day=date(2024, 12, 31)),
    "portfolio.choices": portfolio.choices,
    "standings._known": lambda session, actor: standings._known(session, actor, ALL_ACCOUNTS),
    "standings._series": lambda session, actor: standings._series(
        session, actor, date(2024, 12, 31), ALL_ACCOUNTS, Structure.TODAY
    ),
    "standings.search": lambda session, actor: standings.search(session, actor, YEAR, day=date(2024, 12, 31)),
    "pair_sales.pairs": lambda session, actor: pair_sales.pairs(session, actor, YEAR, YEAR.shifted(-12)),
    "bridge._moved": lambda session, actor: bridge._moved(
        session, actor, YEAR, YEAR.shifted(-12), ALL_ACCOUNTS
    ),
    "pace._due": lambda session, actor: pace._due(
        session, actor, date(2024, 12, 31), ALL_ACCOUNTS, structure=Structure.TODAY
    ),
    "kpi_trends._by_account": lambda session, actor: kpi_trends._by_account(
        session, actor, TWO_YEARS, ALL_ACCOUNTS, Structure.TODAY
    ),
    "directors.overview": lambda session, actor: directors.overview(
        session, actor, YEAR, day=date(2024, 12, 31)
    ),
    "directors.overview then": lambda session, actor: directors.overview(
        session, actor, YEAR, day=date(2024, 12, 31), structure=Structure.THEN
    ),
    "kpi_details.detail": lambda session, actor: kpi_details.detail(session, actor, "net_revenue", YEAR),
    **{f"kpi_details.breakdown {by}": _broken_down(by) for by in kpi_details.dimensions("net_revenue")},
    "kpi_details.trend": lambda session, actor: kpi_details.trend(
        session, actor, "net_revenue", date(2024, 12, 31)
    ),
    "kpi_trends.by_month": lambda session, actor: kpi_trends.by_month(session, actor, ["net_revenue"], YEAR),
    **{
        f"revenue.by {dimension} then": _revenue(dimension, structure=Structure.THEN)
        for dimension in Dimension
    },
    "revenue.by": _revenue(),
    **{f"revenue.by {dimension}": _revenue(dimension) for dimension in Dimension},
    "revenue.by product and country": _revenue(Dimension.PRODUCT, Dimension.COUNTRY),
    "revenue.of_accounts": lambda session, actor: revenue.of_accounts(session, actor, YEAR),
    "revenue.by_account": lambda session, actor: revenue.by_account(session, actor, YEAR),
    "revenue.by_category": lambda session, actor: revenue.by_category(session, actor, YEAR),
    "revenue.by_country": lambda session, actor: revenue.by_country(session, actor, YEAR),
    "revenue.by_month": lambda session, actor: revenue.by_month(session, actor, YEAR),
    "revenue.by_product": lambda session, actor: revenue.by_product(session, actor, YEAR),
    "revenue.totals": lambda session, actor: revenue.totals(session, actor, YEAR),
    "revenue.totals of returns": lambda session, actor: revenue.totals(
        session, actor, YEAR, sold=LineFilter(returned=True)
    ),
    "targets.attainment": lambda session, actor: targets.attainment(session, actor, YEAR),
    "targets.by": lambda session, actor: targets.by(session, actor, YEAR, Dimension.ACCOUNT, Dimension.MONTH),
    "targets.by_account": lambda session, actor: targets.by_account(session, actor, YEAR),
    "targets.by_month": lambda session, actor: targets.by_month(session, actor, YEAR),
    "targets.totals": lambda session, actor: targets.totals(session, actor, YEAR),
}

Ask = Callable[[Session, Actor, Any], Any]

# What is asked for one account, by its id or code: a stranger's and one that is not there answer alike.
OF_ONE: dict[str, Ask] = {
    "account_story.price_paid": lambda session, actor, key: account_story.price_paid(
        session, actor, key.id, 1, YEAR
    ),
    "account_story.products": lambda session, actor, key: account_story.products(
        session, actor, key.id, YEAR
    ),
    "receivables.latest": lambda session, actor, key: receivables.latest(session, actor, key.id),
    "receivables.history": lambda session, actor, key: receivables.history(session, actor, key.id),
    "account_story.story": lambda session, actor, key: account_story.story(session, actor, key.id, YEAR),
    "account_story.tiles": lambda session, actor, key: account_story.tiles(session, actor, key.id, YEAR, []),
    "forecast_overrides.history": lambda session, actor, key: forecast_overrides.history(
        session, actor, key.id
    ),
    "forecast_overrides.set_over": lambda session, actor, key: forecast_overrides.set_over(
        session, actor, key.id, first_of_month(clock.today()), Decimal(1), "Mine"
    ),
    "forecast_overrides.withdraw": lambda session, actor, key: forecast_overrides.withdraw(
        session, actor, key.id, date(2024, 7, 1), 1
    ),
    "forecast_scores.said_of": lambda session, actor, key: forecast_scores.said_of(session, actor, key.id),
    "cause_records.record": lambda session, actor, key: causes.record(
        session, actor, key.id, causes.CauseDraft(CauseKind.DELISTING, date(2024, 2, 2))
    ),
    "cause_records.update": lambda session, actor, key: causes.update(
        session, actor, key.cause_id, causes.CauseDraft(CauseKind.DELISTING, date(2024, 2, 2)), version=1
    ),
    "cause_records.withdraw": lambda session, actor, key: causes.withdraw(
        session, actor, key.cause_id, version=1
    ),
    "cause_records.restore": lambda session, actor, key: causes.restore(
        session, actor, key.cause_id, version=1
    ),
    "competitor_claim_records.record": lambda session, actor, key: competitor_claim_records.record(
        session, actor, _claim(session, key.id)
    ),
    "presences.record": lambda session, actor, key: presences.record(
        session, actor, key.id, presences.PresenceDraft(_rival(session))
    ),
    "objections.record": lambda session, actor, key: objections.record(
        session, actor, key.id, objections.ObjectionDraft("Too dear", raised_on=date(2024, 2, 2))
    ),
    "contests.record": lambda session, actor, key: contests.record(
        session, actor, key.id, _contest(session, "Shelf")
    ),
    "account_notes.record": lambda session, actor, key: account_notes.record(session, actor, key.id, "Note"),
    "account_notes.withdraw": lambda session, actor, key: account_notes.withdraw(
        session, actor, key.note_id, version=1
    ),
    "account_notes.restore": lambda session, actor, key: account_notes.restore(
        session, actor, key.note_id, version=1
    ),
    "wallet_records.record": lambda session, actor, key: wallets.record(
        session, actor, key.id, _wallet(key.code), seen=None
    ),
    "wallet_records.withdraw": lambda session, actor, key: wallets.withdraw(session, actor, key.wallet_id),
    "accounts.access": lambda session, actor, key: accounts.access(session, actor, key.id),
    "accounts.confirm": lambda session, actor, key: accounts.confirm(session, actor, key.id),
    "accounts.get": lambda session, actor, key: accounts.get(session, actor, key.id),
    "accounts.get_by_code": lambda session, actor, key: accounts.get_by_code(session, actor, key.code),
    "accounts.get_by_code of another system": lambda session, actor, key: accounts.get_by_code(
        session, actor, f"SAP-{key.code}"
    ),
    "accounts.update": lambda session, actor, key: accounts.update(
        session, actor, key.id, accounts.AccountDraft(code=key.code, name="Mine now"), version=1
    ),
    "commitments.of_account": lambda session, actor, key: commitments.of_account(session, actor, key.id),
    "leakage.of_account": lambda session, actor, key: leakage.of_account(session, actor, key.id, YEAR),
    "loyalty.benefits.of_account": lambda session, actor, key: benefits.of_account(session, actor, key.id),
    "loyalty.account_statement.of_account": lambda session, actor, key: account_statement.of_account(
        session, actor, key.id, YEAR
    ),
    "loyalty.grants.search": lambda session, actor, key: grants.search(session, actor, key.id),
    "loyalty.postings.adjust": lambda session, actor, key: postings.adjust(
        session, actor, key.id, Decimal(5), "x", key="x"
    ),
    "loyalty.postings.redeem_points": lambda session, actor, key: postings.redeem_points(
        session, actor, key.id, Decimal(5), "x", key="x"
    ),
    "loyalty.statements.entries": lambda session, actor, key: statements.entries(session, actor, key.id),
    "loyalty.statements.lots": lambda session, actor, key: statements.lots(session, actor, key.id),
    "loyalty.status.of_account": lambda session, actor, key: status.of_account(session, actor, key.id),
    "lump_sums.agree": lambda session, actor, key: lump_sums.agree(session, actor, key.id, _lump_sum("Mine")),
    "term_diffs.between": lambda session, actor, key: term_diffs.between(
        session, actor, key.id, term_diffs.Moment(YEAR.start), term_diffs.Moment(YEAR.last_day)
    ),
    "entitlements.answer": lambda session, actor, key: entitlements.answer(
        session,
        actor,
        key.id,
        session.query(Product).filter_by(code="TEA").one().id,
        Decimal(1),
        date(2024, 2, 2),
    ),
    "entitlements.of_line": lambda session, actor, key: entitlements.of_line(
        session, actor, key.id, "SHARED", 2
    ),
    "entitlements.price": lambda session, actor, key: entitlements.price(
        session, actor, key.code, "TEA", Decimal(1), date(2024, 2, 2)
    ),
    "approvals.outcome_of": lambda session, actor, key: approvals.outcome_of(session, actor, _wanted(key.id)),
    "approvals.ask": lambda session, actor, key: approvals.ask(session, actor, _wanted(key.id)),
    "terms.for_account": lambda session, actor, key: terms.for_account(session, actor, key.id),
    "terms.search of an account": lambda session, actor, key: terms.search(session, actor, account_id=key.id),
    "order_entry.get": lambda session, actor, key: order_entry.get(session, actor, key.id, "SHARED"),
    "exports.prepare": lambda session, actor, key: exports.prepare(
        session, actor, BatchKind.ORDERS, account_code=key.code
    ),
    "health.of_account": lambda session, actor, key: health.of_account(session, actor, key.id),
    "importing.batches.get": lambda session, actor, key: batches.get(session, actor, key.batch_id),
    "importing.batches.undo": lambda session, actor, key: batches.undo(session, actor, key.batch_id),
    "kpis.compute": lambda session, actor, key: kpis.compute(
        session, actor, ["lines"], YEAR, Options(account_code=key.code)
    ),
    "orders.by_account": lambda session, actor, key: orders.by_account(session, actor, key.id),
    "orders.detail": lambda session, actor, key: orders.detail(session, actor, f"{key.code}-1"),
    "orders.detail of an account": lambda session, actor, key: orders.detail(
        session, actor, "SHARED", account_id=key.id
    ),
    "targets.set_many": lambda session, actor, key: targets.set_many(
        session, actor, key.id, {date(2024, 1, 1): None}
    ),
    "teams.set_codes": lambda session, actor, key: teams.set_codes(session, actor, key.id, [], version=1),
    "teams.set_team": lambda session, actor, key: teams.set_team(session, actor, key.id, [], version=1),
}

# Functions for somebody that hang on no account, or whose own tests say who may call them.
ELSEWHERE = {
    # What an import tells of a stranger's account is asked below, through `importing.check`.
    **{
        f"importing.{module}": {"plan", "undo"}
        for module in (
            "account_rows", "order_plan", "product_rows", "target_rows", "receivable_rows", "term_rows",
            "lump_sum_rows", "floor_rows", "claim_rows", "loyalty_rows",
        )
    },
    "importing.records": {"account_ids"},
    "importing.comparison": {"compare"},
    "importing.lookups": {"accounts"},
    "importing.mapping": {"suggest", "remember"},
    # Competitors themselves are everybody's to know who may read of them.
    "competitors": {"search", "get", "access", "create", "update", "remove"},
    # A stranger and who shares no confidences find none, as their own tests say.
    "competitor_claims": {"get", "history"},
    "competitor_claim_records": {
        "change", "confirm", "refute", "withdraw", "revert", "access", "checked", "problems_of",
    },
    "claim_attachments": {"search", "content", "attach", "detach"},
    "account_entries": {"record", "update", "withdraw", "restore"},
    "presences": {"update", "withdraw", "restore"},
    "objections": {"update", "withdraw", "restore"},
    "contests": {"update", "withdraw", "restore"},
    "quick_notes": {"keep", "undo"},
    "battlecards": {"record_print"},
    # Every account is carried on, whoever starts it; what that tells is read by the functions above.
    "forecast_runs": {"start", "known", "note", "finish", "write", "fail", "latest"},
    "forecasts": {"versions", "version", "company_series"},
    "importing.orders": {"check"},
    "importing.run": {"check"},
    "account_duplicates": {"likely_duplicates"},
    "account_mergers": {"merge", "undo", "list_mergers", "refuse_undo_of_import"},
    "merged_lines": {"move", "move_back", "changed", "renumbered"},
    "merged_records": {"move", "move_back", "changed", "in_both_targets", "clashing_receivables"},
    "term_versions": {"record", "record_many", "undo", "move_on", "put_in_force"},
    "terms": {"require_scope", "label"},
    "entitlements": {"prices", "what_if"},  # asked through `entitlements.price`, and by its own tests
    # What is decided about one submission, as its own tests ask it of a stranger.
    "approvals": {"submit", "withdraw", "decide", "detail"},
    "term_effects": {"of"},
    "discount_kinds": {"explained"},  # asked through `waterfall.of`, and by its own tests
    # Limits and floors hang on no account; who may see and change them is in the tests of approvals.
    "authority": {"search", "in_force", "record", "judged", "require", "require_amount", "refused"},
    # Programmes hang on no account; groups, requests and enrolments of others are absent, as their own tests say.
    "loyalty.programmes": {
        "search", "get", "history", "live_on", "save_draft", "discard_draft", "approve", "go_live", "close",
    },
    # These need a programme in force: their own tests ask them of a stranger.
    "loyalty.boards": {"expiring", "reaches"},
    "loyalty.cancellations": {"cancel"},
    "loyalty.grants": {"grant", "withdraw"},
    "loyalty.lab": {"ask", "sensitivity"},
    "loyalty.members": {"enrol_account", "enrol_group", "leave", "follow_groups", "sees_whole"},
    "loyalty.postings": {"award", "book", "decide", "redeem", "take_back"},
    "loyalty.replay": {"of_programme", "kept_lines"},
    # The daily job is run by who sees every account.
    "loyalty.runs": {"begin", "piece", "finish", "run_all"},
    "loyalty.accruals": {"bring_up_to_date", "settle"},
    "loyalty.ledger": {"append"},
    # A stranger finds none of them, as their own tests say.
    "lump_sums": {"change", "note", "restore", "withdraw"},
    "term_calendar": {"due_after_end", "history"},
    "term_edits": {
        "change", "draft_from", "expire", "extend", "grant", "grant_many", "reshape", "take_back", "undo",
    },
    "merged_lump_sums": {"move", "move_back", "changed"},
    "merged_loyalty": {"move", "move_back", "changed"},
    # Read for those who ask through `entitlements` and `health`.
    "price_sources": {"places", "list_prices"},
    "health_breadth": {"of"},
    # The server's own work, for who maintains the store.
    "health_renewal": {"days", "keep", "read", "read_all"},
    "health_standings": {"first_difference", "keep", "unkept"},
    "floors": {"search", "record", "end", "book", "standing", "put_back"},
    "merged_terms": {"move", "move_back", "changed", "staying"},
    "merged_wallets": {"move", "move_back", "changed", "staying"},
    "merger_previews": {"preview", "pair", "holding"},
    "auth": {"require"},
    "accounts": {"create", "remove", "unassigned"},
    "attention": {"decide", "withdraw"},
    # A stranger's account answers with nothing, as their own tests say.
    "wallets": {"of_account", "latest", "record_export"},
    "bridge": {"record_export"},
    "parts": {"ask"},  # asks whatever function it is given
    "delivery": {"record_export"},
    # Its cases need years of orders: its own test asks it as Anna, as Ben and as Dora.
    "health_track": {"record", "quarters"},
    "groups": {"search", "create", "update", "remove", "place", "placements"},
    "revenue_table": {"record_export"},
    "target_plans": {"put_back", "save"},
    "order_entry": {"next_number", "enter", "change", "remove"},
    "saved_views": {"search", "save", "remove", "share"},
    "audit": {"record"},
    "classification": {"get_or_create_region", "get_or_create_segment", "get_or_create_tier", "get_or_create_group"},
    "credentials": {"reset_code", "set_password", "change_password", "confirm"},
    "doctor": {"examine"},
    "exports": {"record"},
    "figure_exports": {"record"},
    "portfolio": {"record_export"},
    "kpi_details": {"record_export"},
    "reports": {"record_export"},
    "kpis": {"by_dimension"},
    "structures": {"moved", "change_at"},
    "product_prices": {
        "set_list_price", "set_cost", "set_list_prices", "set_costs", "list_price_on", "cost_on", "price_history",
        "cost_history", "list_prices_on", "publish",
    },
    "products": {
        "search", "find", "get", "get_by_code", "access", "categories", "create", "update", "remove", "set_packs",
        "get_or_create_category", "get_or_create_unit", "units",
    },
    "restoration": {"restore"},
    # Another's account, or a round that was announced to none of one's own, is absent, as their own tests say.
    "price_lists": {"of_account"},
    "price_rounds": {"search", "detail"},
    "price_round_records": {"announce", "answer", "withdraw", "restore", "reached"},
    "term_findings": {"lint"},
    "term_usage": {"of_orders", "never_used"},
    "sessions": {"search", "end"},
    "settings": {"update"},
    "users": {
        "search", "get", "regions", "create", "update", "deactivate", "reactivate", "choose_language", "named",
    },
}  # fmt: skip


class Key:
    """What somebody could ask for an account by."""

    def __init__(
        self, account_id: int, code: str, batch_id: int, cause_id: int, wallet_id: int, note_id: int
    ) -> None:
        self.id, self.code, self.batch_id = account_id, code, batch_id
        self.cause_id, self.wallet_id, self.note_id = cause_id, wallet_id, note_id


ABSENT = Key(987_654_321, "NOWHERE", 987_654_321, 987_654_321, 987_654_321, 987_654_321)


@pytest.fixture
def annas(session: Session, kam: Actor, other_kam: Actor, director: Actor) -> Account:
    """Anna's account with orders over two years, one of them returned, and a target."""
    classification.get_or_create_segment(session, director, "Retail")
    classification.get_or_create_tier(session, director, "A")
    factories.region(session, "South")
    north = factories.region(session, "North")
    harbour = factories.account(session, kam, "HARBOUR", country="Malaysia", region_id=north.id)
    tea = factories.product(session, "TEA", category="Drinks")
    factories.line(
        session, harbour, tea, date(2023, 1, 20), quantity="20", unit_cost="6", promised_on=date(2024, 1, 5)
    )
    factories.line(
        session,
        harbour,
        tea,
        date(2024, 2, 2),
        quantity="10",
        net_price="9",
        unit_cost="6",
        order_no="SHARED",
    )
    factories.line(session, harbour, tea, date(2024, 3, 3), quantity="-2", net_price="9", unit_cost="6")
    targets.set_many(session, director, harbour.id, {date(2024, 1, 1): (Decimal(500), Decimal(120))})
    competitors.create(session, OPERATOR, competitors.CompetitorDraft("RIVAL"))
    session.add(_debt(harbour.id, "H-1"))
    _forecast(session, harbour.id)
    rollups.rebuild(session)
    return harbour


def _wanted(account_id: int, **more: Any) -> term_drafts.TermDraft:
    return term_drafts.TermDraft(
        term_drafts.Scope(account_id=account_id), TermKind.DISCOUNT, Decimal("0.05"), date(2024, 5, 5), **more
    )


def _wallet(said_by: str) -> wallets.WalletDraft:
    return wallets.WalletDraft(
        WalletBasis.DECLARED, date(2024, 2, 2), amount=Decimal(7777), said_by=said_by, source="Talk"
    )


def _debt(account_id: int, invoice_no: str) -> Receivable:
    day = date(2024, 3, 31)
    return Receivable(
        account_id=account_id,
        as_of=day,
        invoice_no=invoice_no,
        due_on=date(2024, 3, 1),
        amount=Decimal(90),
        open_amount=Decimal(90),
    )


@pytest.fixture
def add_bens(
    session: Session, annas: Account, kam: Actor, other_kam: Actor, director: Actor
) -> Callable[..., Key]:
    """Ben's account with as much: lines on the same order number, a group, codes, a team, targets, an import."""

    def added(into: Session | None = None) -> Key:
        store = into or session
        tea = store.query(Product).filter_by(code="TEA").one()
        own = factories.product(store, "RICE", category="Food")
        draft = accounts.AccountDraft(
            code=BENS, name=f"{BENS} Hill", group=f"{BENS} Group", segment="Retail", tier="A", region="South",
            industry=f"{BENS} Trade", country=f"{BENS} Land", owner_id=other_kam.user_id,
        )  # fmt: skip
        account_id = accounts.create(store, OPERATOR, draft)
        hill = store.get(Account, account_id)
        teams.set_codes(store, OPERATOR, account_id, [("SAP", f"SAP-{BENS}")], version=hill.version)
        member = accounts.Member(director.user_id, TeamRole.MEMBER, date(2024, 1, 1), None)
        teams.set_team(store, OPERATOR, account_id, [member], version=hill.version)
        accounts.update(
            store, other_kam, account_id, replace(draft, industry=f"{BENS} New"), version=hill.version
        )
        batch = ImportBatch(
            kind=BatchKind.ORDERS, status=BatchStatus.APPLIED, file_name=f"{BENS}.csv", sha256="0" * 64,
            actor=other_kam.username, user_id=other_kam.user_id, started_at=clock.now(), applied_at=clock.now(),
        )  # fmt: skip
        store.add(batch)
        store.flush()
        line, due = factories.line, {"promised_on": date(2024, 3, 9)}
        line(store, hill, tea, date(2023, 1, 21), quantity="7", unit_cost="5", order_no=f"{BENS}-0", **due)
        line(
            store,
            hill,
            tea,
            date(2024, 2, 2),
            quantity="400",
            unit_cost="5",
            order_no="SHARED",
            line_no=2,
            **due,
        )
        line(store, hill, own, date(2024, 11, 1), quantity="31", unit_cost="5", order_no=f"{BENS}-1", **due)
        line(
            store,
            hill,
            own,
            date(2024, 11, 9),
            quantity="-3",
            unit_cost="5",
            order_no=f"{BENS}-1",
            line_no=2,
        )
        targets.set_many(store, OPERATOR, account_id, {date(2024, 1, 1): (Decimal(777), Decimal(77))})
        granted = term_drafts.TermDraft(
            term_drafts.Scope(account_id=account_id), TermKind.DISCOUNT, Decimal("0.0777"), date(2024, 1, 1),
            status=TermStatus.APPROVED, reason=f"{BENS} asked",
        )  # fmt: skip
        term_versions.record(store, OPERATOR, granted)
        soon = clock.today() + timedelta(days=9)
        ending = replace(granted, kind=TermKind.QUANTITY_TIER, min_quantity=Decimal(9), valid_to=soon)
        term_versions.record(store, OPERATOR, ending)
        for day in (date(2024, 5, 5), date(2024, 6, 6)):
            asked = approvals.ask(
                store, other_kam, replace(_wanted(account_id, reason=f"{BENS} asks"), valid_from=day)
            )
        approvals.decide(
            store, director, asked.number, version=asked.version, approve=False, reason=f"{BENS} not"
        )
        prompt = replace(granted, kind=TermKind.PROMPT_PAYMENT, days=10)
        term_versions.record(store, OPERATOR, prompt)
        lump_sums.agree(store, OPERATOR, account_id, _lump_sum(f"{BENS} display"))
        postings.adjust(store, OPERATOR, account_id, Decimal(77), f"{BENS} gift", key=BENS)
        postings.adjust(store, other_kam, account_id, Decimal(7777), f"{BENS} asks", key=f"{BENS} asks")
        tiers = {"tiers": {"steps": [{"name": "Silver", "threshold": "100"}]}}
        programme = live(store, date(2023, 1, 1), tiers)
        members.enrol_account(store, OPERATOR, account_id, programme, date(2023, 1, 1))
        store.add(_debt(account_id, f"{BENS}-R"))
        _forecast(store, account_id)
        rollups.rebuild(store)
        store.flush()
        why = causes.CauseDraft(
            CauseKind.DELISTING, date(2024, 2, 2), amount=Decimal(77), note=f"{BENS} said"
        )
        cause_id = causes.record(store, OPERATOR, account_id, why)
        spent = wallets.record(store, OPERATOR, account_id, _wallet(BENS), seen=None)
        competitor_claim_records.record(store, OPERATOR, _claim(store, account_id))
        there = presences.PresenceDraft(_rival(store), own.category_id, contact=f"{BENS} buyer")
        presences.record(store, OPERATOR, account_id, there)
        against = objections.ObjectionDraft(
            f"{BENS} says no", "We asked", outcome=ObjectionOutcome.WON, raised_on=date(2024, 2, 2),
            competitor_id=_rival(store),
        )  # fmt: skip
        objections.record(store, OPERATOR, account_id, against)
        contests.record(store, OPERATOR, account_id, _contest(store, f"{BENS} shelf"))
        note_id = account_notes.record(store, OPERATOR, account_id, f"{BENS} note")
        return Key(account_id, BENS, batch.id, cause_id, spent.id, note_id)

    return added


def _rival(store: Session) -> int:
    """The competitor that everybody knows of."""
    return next(one.id for one in competitors.search(store, OPERATOR) if one.name == "RIVAL")


def _claim(store: Session, account_id: int) -> competitor_claims.ClaimDraft:
    return competitor_claims.ClaimDraft(
        _rival(store), f"{BENS} pays less", ClaimTopic.PRICE, account_id=account_id, price_gap=Decimal("-0.0777"),
        observed_on=clock.today(),
    )  # fmt: skip


def _contest(store: Session, title: str) -> contests.ContestDraft:
    return contests.ContestDraft(
        _rival(store), title, ContestOutcome.LOST, date(2024, 2, 2), amount=Decimal(777)
    )


def _lump_sum(reason: str) -> lump_sums.LumpSumDraft:
    return lump_sums.LumpSumDraft(
        LumpSumKind.DISPLAY, Decimal(777), date(2024, 2, 1), date(2024, 3, 31), reason
    )


@pytest.fixture
def regional(session: Session) -> Actor:
    """Rita, who directs the north, where Anna's account is and Ben's is not."""
    north = factories.region(session, "North")
    grants = [Permission.COST_READ]
    return auth.actor_for(factories.user(session, "rita", Role.DIRECTOR, grants=grants, regions=[north]))


def _written(answer: Any) -> str:
    """An answer in full, down to the last field."""
    if isinstance(answer, dict):
        return repr(
            sorted(repr(item) for item in answer.items())
        )  # the order of sums is the database's affair
    return repr(answer)


_FORBIDDEN = "(may not ask)"


def _answers(session: Session, actor: Actor) -> dict[str, str]:
    session.expire_all()
    answers = {}
    for name, read in READERS.items():
        try:
            answers[name] = _written(read(session, actor))
        except Forbidden:
            answers[name] = _FORBIDDEN
    return answers


def _changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_an_account_of_somebody_else_changes_no_answer(session, annas, add_bens, kam, regional, director):
    before = {actor: _answers(session, actor) for actor in (kam, regional, director)}
    add_bens()
    after = {actor: _answers(session, actor) for actor in (kam, regional, director)}

    assert _changed(before[kam], after[kam]) == set()
    # Who may create accounts is offered every group, so that none is made twice: its name, and nothing else.
    assert _changed(before[regional], after[regional]) == {"classification.choices"}
    told = {name for actor in (kam, regional) for name, answer in after[actor].items() if BENS in answer}
    assert told == {"classification.choices"}
    assert _FORBIDDEN not in {*after[kam].values(), *after[regional].values(), *after[director].values()}
    # Each way of reading reads something that Ben's account is part of: the director's answer differs.
    assert READERS.keys() - _changed(before[director], after[director]) == set()


@on_sqlite
@pytest.mark.parametrize("name", OF_ONE)
def test_an_account_of_somebody_else_and_one_that_is_not_there_answer_alike(
    session, annas, add_bens, kam, director, name
):
    bens = add_bens()
    answers = []
    for key in (bens, ABSENT):
        with pytest.raises(NotFound) as refused:
            OF_ONE[name](session, kam, key)
        answers.append(refused.value.message.replace(key.code, "CODE"))

    assert answers[0] == answers[1]
    with contextlib.suppress(Conflict, Invalid):  # for who sees it, another refusal may follow
        OF_ONE[name](session, OPERATOR, bens)


@on_sqlite
def test_cost_changes_no_answer_of_who_may_not_see_it(session, annas, kam, viewer, director):
    before = {actor: _answers(session, actor) for actor in (kam, viewer, director)}
    for line in session.query(OrderLine):
        line.unit_cost, line.cost_amount = Decimal("3.21"), line.quantity * Decimal("3.21")
    session.query(Target).one().margin_amount = Decimal("454.5")
    rollups.rebuild(session)
    session.flush()
    after = {actor: _answers(session, actor) for actor in (kam, viewer, director)}

    assert _changed(before[kam], after[kam]) == set()
    assert _changed(before[viewer], after[viewer]) == set()
    of_cost = {
        "exports.prepare orders", "exports.prepare targets", "kpis.compute", "order_lines.search", "orders.detail",
        "portfolio.board", "revenue.by", "revenue.totals", "targets.by", "targets.totals",
    }  # fmt: skip
    assert of_cost <= _changed(before[director], after[director])
    for name in ("exports.prepare orders", "exports.prepare targets", "kpis.compute", "audit.search"):
        told = ("unit_cost", "base_cost_amount", "'margin'", "'margin_rate'", ",margin", "2024-01 margin")
        assert not [word for word in told if word in after[kam][name]]
        assert [word for word in told if word in after[director][name]]


def test_an_administrator_reads_no_account_at_all(session, annas, add_bens):
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))
    add_bens()

    for name, read in READERS.items():
        if not name.startswith("audit."):
            with pytest.raises(Forbidden):
                read(session, admin)
    seen = audit.search(session, admin).rows
    assert [row.changes for row in seen if row.entity in ("account", "target")] != []
    assert {row.changes is None for row in seen if row.entity in ("account", "target")} == {True}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (
            BatchKind.ORDERS,
            "order_no,ordered_on,account,product,quantity,unit_price\nN1,2024-05-05,{code},TEA,1,10\n",
        ),
        (BatchKind.TARGETS, "account,month,net_revenue\n{code},2024-05,100\n"),
    ],
)
def test_a_file_with_an_account_of_somebody_else_is_refused_like_an_unknown_one(
    session, annas, add_bens, kam, director, kind, content
):
    add_bens()

    def refused(actor: Actor, code: str) -> Any:
        upload = importing.receive(io.BytesIO(content.format(code=code).encode()), "file.csv")
        columns = importing.suggest(session, actor, kind, upload)
        checked = importing.check(session, actor, kind, upload, importing.Options(columns=columns))
        rows = repr((checked.reasons, checked.warnings, checked.questions, checked.refused_rows))
        return checked.accepted, checked.rejected, rows.replace(code, "CODE")

    assert refused(kam, BENS) == refused(kam, ABSENT.code)
    assert refused(kam, BENS)[:2] == (0, 1)
    assert refused(director, BENS)[:2] == (1, 0)


def _run(*arguments: str) -> str:
    app = typer.Typer(pretty_exceptions_enable=False)
    mount(app)
    result = CliRunner().invoke(app, list(arguments))
    return f"{result.stdout}\n{result.exception}"


@on_sqlite
def test_the_command_line_tells_no_more_as_somebody_than_the_pages_do(
    session, annas, add_bens, kam, director
):
    dates = ("--from", "2024-01-01", "--to", "2024-12-31")
    commands = [
        *(
            ("kpi", "net_revenue", "orders", "margin", *dates, "--by", by, "--json")
            for by in ("account", "month")
        ),
        ("kpi", "accounts", "top_share", *dates),
        *(("export", kind) for kind in ("accounts", "orders", "targets")),
    ]
    session.commit()
    before = {command: (_run(*command, "--as", "anna"), _run(*command)) for command in commands}
    with db.write() as writing:
        add_bens(writing)
    after = {command: (_run(*command, "--as", "anna"), _run(*command)) for command in commands}

    assert [command for command in commands if before[command][0] != after[command][0]] == []
    assert [command for command in commands if before[command][1] == after[command][1]] == []
    assert not [answer for answer, _all in after.values() if BENS in answer or '"margin"' in answer]
    for ask in (("kpi", "lines", *dates, "--account"), ("export", "orders", "--account")):
        answers = {_run(*ask, code, "--as", "anna").replace(code, "CODE") for code in (BENS, ABSENT.code)}
        assert len(answers) == 1
        assert "There is no account CODE." in answers.pop()
        assert "There is no account" not in _run(*ask, BENS)
    assert "user:write" in _run("user", "list", "--as", "anna")


def test_every_function_that_is_asked_by_somebody_is_looked_at_here():
    """Whoever adds a function says here what it may tell, or which tests of its own say so."""
    known = {name.split(" ")[0] for name in (*READERS, *OF_ONE)}
    known |= {f"{module}.{name}" for module, names in ELSEWHERE.items() for name in names}

    assert set(_asked_by_somebody()) - known == set()


def _asked_by_somebody() -> Iterator[str]:
    for found in pkgutil.walk_packages(core.__path__, "core."):
        name = found.name.removeprefix("core.")
        if name.split(".")[0] in ("models", "commands", "demo", "__main__"):
            continue
        for function in vars(importlib.import_module(found.name)).values():
            if not inspect.isfunction(function) or function.__module__ != found.name:
                continue
            asks = list(inspect.signature(function).parameters)[:2] == ["session", "actor"]
            if asks and not function.__name__.startswith("_"):
                yield f"{name}.{function.__name__}"


def _changes(session: Session, account_id: int) -> Iterator[object]:
    """One change of each entity that some answers are said to be untouched by."""
    granted = replace(_wanted(account_id), status=TermStatus.APPROVED, reason="tender")
    yield term_versions.record(session, OPERATOR, granted)
    floor = floors.FloorDraft(date(2024, 1, 1), product_id=1, price=Decimal(5), reason="rule")
    yield floors.record(session, OPERATOR, floor)
    limit = authority.LimitDraft(Role.MANAGER, date(2024, 1, 1), Decimal("0.1"), None, None, "rule")
    yield authority.record(session, OPERATOR, limit, version=None)
    yield lump_sums.agree(session, OPERATOR, account_id, _lump_sum("display"))
    yield causes.record(
        session, OPERATOR, account_id, causes.CauseDraft(CauseKind.DELISTING, date(2024, 2, 2))
    )
    soon = clock.today() + timedelta(days=9)
    there = presences.PresenceDraft(_rival(session), share=Decimal("0.5"), contract_ends_on=soon)
    yield presences.record(session, OPERATOR, account_id, there)
    yield wallets.record(session, OPERATOR, account_id, _wallet("buyer"), seen=None)
    yield account_notes.record(session, OPERATOR, account_id, "a call")
    yield competitors.create(session, OPERATOR, competitors.CompetitorDraft("ANOTHER"))
    yield competitor_claim_records.record(session, OPERATOR, _claim(session, account_id))
    yield postings.adjust(session, OPERATOR, account_id, Decimal(40), "gift", key="a")
    yield targets.set_many(session, OPERATOR, account_id, {date(2024, 2, 1): (Decimal(650), None)})
    month = first_of_month(clock.today())
    yield forecast_overrides.set_over(session, OPERATOR, account_id, month, Decimal(1), "Mine")
    yield product_prices.set_list_price(session, OPERATOR, 1, date(2024, 1, 1), Decimal(11))
    bought = (order_drafts.LineDraft("TEA", Decimal(3), net_price=Decimal(9)),)
    order = order_drafts.OrderDraft("BY-HAND", date(2024, 6, 4), bought, promised_on=date(2024, 6, 5))
    yield order_entry.enter(session, OPERATOR, account_id, order)
    item = next(iter(attention.items(session, OPERATOR)))
    yield attention.decide(session, OPERATOR, item, AttentionOutcome.DONE)


@on_sqlite
def test_what_is_said_to_leave_an_answer_as_it_was_leaves_it(session, annas, director):
    """A wrong word in `audit.unmoved_by` would show people old figures."""
    marked = {
        f"{one.__module__.removeprefix('core.')}.{one.__qualname__}": left
        for one, left in audit._unmoved.items()
    }
    reads = READERS | {
        "account_story.story": lambda session, actor: account_story.story(session, actor, annas.id, YEAR),
        "health.of_account": lambda session, actor: health.of_account(
            session, actor, annas.id, day=date(2024, 12, 31)
        ),
        "health_track.record": lambda session, actor: health_track.record(
            session, actor, day=date(2025, 6, 30)
        ),
        "health_track._cases": lambda session, actor: health_track._cases(
            session, actor, (date(2024, 12, 31),), ALL_ACCOUNTS
        ),
    }
    # What little is known of the account has a band.
    targets.set_many(session, OPERATOR, annas.id, {date(2024, 12, 1): (Decimal(650), None)})
    settings.update(session, OPERATOR, {"health_least_coverage": Decimal(0)})
    assert reads["health_track._cases"](session, director)
    asked = {name: marked[name.split()[0]] for name in reads if name.split()[0] in marked}
    assert {name.split()[0] for name in asked} == marked.keys()

    def answer() -> dict[str, str]:
        session.expire_all()
        return {name: _written(reads[name](session, director)) for name in asked}

    before, seen = answer(), {entry.id for entry in session.query(AuditEntry)}
    changed: set[str] = set()
    for _change in _changes(session, annas.id):
        session.flush()
        new = [entry for entry in session.query(AuditEntry) if entry.id not in seen]
        seen |= {entry.id for entry in new}
        after, entities = answer(), {entry.entity for entry in new}
        assert entities
        wrong = {name for name, left in asked.items() if entities <= left and before[name] != after[name]}
        assert wrong == set(), entities
        before, changed = after, changed | entities
    assert set().union(*asked.values()) - changed == {"receivable", "view"}


def _in_order(found: revenue_table.Table) -> Any:
    """In which order a table's cells were added up is no part of it."""
    cells = (sorted(map(repr, one.items())) for one in (found.cells, found.row_totals, found.column_totals))
    return found.rows, found.columns, found.total, *cells


@on_sqlite
def test_an_answer_joined_account_by_account_is_what_asking_for_all_gives(session, annas, add_bens, director):
    """Of an answer that stands account by account only the accounts that a change touched are asked for again."""
    add_bens()
    # What little is known of the accounts has a band.
    settings.update(session, OPERATOR, {"health_least_coverage": Decimal(0)})
    answers.forget()
    joined = {
        "attention_items.items": lambda ask: ask(attention.items),
        "bridge.board": lambda ask: ask(bridge.board, YEAR, YEAR.shifted(-12)),
        "bridge.by_product": lambda ask: ask(bridge.by_product, YEAR, YEAR.shifted(-12)),
        "forecasts.outlook": lambda ask: ask(forecasts.outlook, YEAR),
        "forecast_scores.frozen": lambda ask: ask(forecast_scores.frozen),
        "kpi_trends.by_month": lambda ask: ask(kpi_trends.by_month, ("net_revenue", "top_share"), YEAR),
        "cohort.table": lambda ask: ask(cohort.table, TWO_YEARS, cohort.Grain.QUARTER),
        "creep.by_account": lambda ask: ask(creep.by_account, YEAR),
        "movement.between": lambda ask: ask(movement.between, YEAR),
        "loyalty.sums.by_account": lambda ask: tuple(ask(sums.by_account, YEAR)),
        "revenue_table.table": lambda ask: _in_order(
            ask(revenue_table.table, YEAR, revenue_axes.Axis.ACCOUNT, revenue_axes.Axis.MONTH)
        ),
        "pace.of": lambda ask: ask(pace.of, YEAR),
        "whitespace_grid.grid": lambda ask: ask(whitespace_grid.grid, day=date(2024, 12, 31)),
        "portfolio.board": lambda ask: ask(portfolio.board, YEAR, day=date(2024, 12, 31)),
        "directors.overview": lambda ask: ask(directors.overview, YEAR, day=date(2024, 12, 31)),
        "health.at": lambda ask: sorted(ask(health.at, (date(2024, 8, 31),))[date(2024, 8, 31)].items()),
        "health.overview": lambda ask: ask(health.overview, day=date(2024, 8, 31)),
        "health.scores": lambda ask: sorted(ask(health.scores, day=date(2024, 8, 31)).scores.items()),
        "health_track.record": lambda ask: ask(health_track.record, day=date(2025, 6, 30)),
    }

    def written(answer: Any) -> Any:
        return sorted(map(repr, answer)) if isinstance(answer, tuple) else repr(answer)

    def asked() -> dict[str, Any]:
        session.expire_all()
        return {name: written(ask(answers.asker(session, director))) for name, ask in joined.items()}

    def anew() -> dict[str, Any]:
        session.expire_all()
        return {
            name: written(ask(lambda function, *given, **named: function(session, director, *given, **named)))
            for name, ask in joined.items()
        }

    first = asked()
    assert first == anew()
    found = [(asked(), anew()) for _change in _changes(session, annas.id)]
    assert [[name for name in joined if kept[name] != fresh[name]] for kept, fresh in found] == [[]] * len(
        found
    )
    assert {
        name for name in joined if any(kept[name] != first[name] for kept, _fresh in found)
    } == joined.keys()
    touched = audit.touched_since(session, audit.State(1, session.get(AuditEntry, 1).hash))
    assert touched is None  # accounts were made, prices changed


@on_sqlite
def test_an_answer_about_some_accounts_is_kept_while_others_change(session, annas, add_bens, director):
    add_bens()
    answers.forget()
    bens = session.query(Account).filter_by(code=BENS).one()
    only = AccountFilter(account_ids=frozenset({bens.id}))
    alone = {function for function in parts._joins if parts.join_of(function) is None}
    reads: dict[Callable[..., Any], tuple[Any, ...]] = {
        waterfall.of: (YEAR, None, only),
        creep.by_product: (YEAR, None, only),
        rfm.board: (YEAR, only),
        delivery.totals: (YEAR, only),
        delivery.undelivered: (only,),
        delivery.by: (YEAR, Dimension.MONTH),
    }
    assert reads.keys() == alone

    def asked(ask: Callable[..., Any]) -> list[str]:
        named: dict[Callable[..., Any], dict[str, Any]] = {delivery.by: {"accounts": only}}
        return [repr(ask(one, *given, **named.get(one, {}))) for one, given in reads.items()]

    before = asked(answers.asker(session, director))
    for _change in _changes(session, annas.id):
        session.expire_all()
        kept = asked(answers.asker(session, director))
        assert kept == asked(lambda function, *given, **named: function(session, director, *given, **named))
        assert kept == before
