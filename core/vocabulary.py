"""Every enumeration of the domain; values are what the store and the command line show."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody is here; a user has one or more."""

    MANAGER = "manager"
    DIRECTOR = "director"
    ADMIN = "admin"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What may be done, as `resource:action`, in alphabetical order."""

    ACCOUNT_CREATE = "account:create"
    ACCOUNT_MERGE = "account:merge"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    AUDIT_READ = "audit:read"
    AUTHORITY_WRITE = "authority:write"
    BATCH_READ = "batch:read"
    COMPETITOR_READ = "competitor:read"
    COMPETITOR_WRITE = "competitor:write"
    COST_READ = "cost:read"
    DATA_EXPORT = "data:export"
    DATA_IMPORT = "data:import"
    FLOOR_WRITE = "floor:write"
    FORECAST_OVERRIDE = "forecast:override"
    FORECAST_RUN = "forecast:run"
    LOYALTY_APPROVE = "loyalty:approve"
    LOYALTY_DESIGN = "loyalty:design"
    LOYALTY_READ = "loyalty:read"
    LOYALTY_WRITE = "loyalty:write"
    ORDER_WRITE = "order:write"
    PRODUCT_READ = "product:read"
    PRODUCT_WRITE = "product:write"
    REVENUE_READ = "revenue:read"
    SETTING_WRITE = "setting:write"
    STORE_MAINTAIN = "store:maintain"
    TARGET_WRITE = "target:write"
    TERM_APPROVE = "term:approve"
    TERM_READ = "term:read"
    TERM_WRITE = "term:write"
    USER_WRITE = "user:write"


class Structure(StrEnum):
    """Whose figures are an account's: its owner, segment, group, region and tier of today, or of each month."""

    TODAY = "today"
    THEN = "then"


class AccountStatus(StrEnum):
    """Where the business relation stands."""

    ACTIVE = "active"
    DORMANT = "dormant"
    LOST = "lost"


class TeamRole(StrEnum):
    """Why somebody other than the owner works on an account."""

    MEMBER = "member"
    DEPUTY = "deputy"


class BatchKind(StrEnum):
    """What a file brings."""

    ORDERS = "orders"
    ACCOUNTS = "accounts"
    PRODUCTS = "products"
    TARGETS = "targets"
    RECEIVABLES = "receivables"
    TERMS = "terms"
    LUMP_SUMS = "lump_sums"
    FLOORS = "floors"
    COMPETITOR_CLAIMS = "competitor_claims"
    LOYALTY = "loyalty"


class BatchStatus(StrEnum):
    """How far an import has come."""

    APPLYING = "applying"
    APPLIED = "applied"
    UNDONE = "undone"
    FAILED = "failed"


class OtifBasis(StrEnum):
    """Which day a delivery is due on."""

    REQUESTED = "requested"
    FIRST_PROMISED = "first_promised"
    LAST_PROMISED = "last_promised"


class OtifLevel(StrEnum):
    """What “on time in full” counts."""

    ORDER = "order"
    LINE = "line"


class ForecastStatus(StrEnum):
    """How far the making of a forecast version has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ForecastMethod(StrEnum):
    """How a series was carried on; the yardstick is the same month of the year before."""

    SEASONAL_NAIVE = "seasonal_naive"
    AVERAGE = "average"
    SMOOTHING = "smoothing"
    THETA = "theta"
    NOTHING = "nothing"


class TermKind(StrEnum):
    """What a term grants: a net price or a share taken off on the invoice, or what is given after it."""

    SPECIAL_PRICE = "special_price"
    DISCOUNT = "discount"
    QUANTITY_TIER = "quantity_tier"
    PROMOTION = "promotion"
    VOLUME_TIER = "volume_tier"  # a share of what is bought in a period, from a volume on
    PROMPT_PAYMENT = "prompt_payment"  # a share for paying within some days
    FREIGHT = "freight"  # carriage that we bear, money a base unit
    PAYMENT_TERMS = "payment_terms"  # days until an invoice is due; makes no price

    @property
    def is_after_invoice(self) -> bool:
        """Whether it leaves the invoice as it is: it counts between net and pocket price, or not at all."""
        return self in _AFTER_INVOICE

    @property
    def is_money(self) -> bool:
        """Whether its value is money a base unit."""
        return self in (TermKind.SPECIAL_PRICE, TermKind.FREIGHT)

    @property
    def is_share(self) -> bool:
        """Whether its value is a share; the days of payment terms are neither a share nor money."""
        return not self.is_money and self is not TermKind.PAYMENT_TERMS


_AFTER_INVOICE = frozenset(
    (TermKind.VOLUME_TIER, TermKind.PROMPT_PAYMENT, TermKind.FREIGHT, TermKind.PAYMENT_TERMS)
)


class TermStatus(StrEnum):
    """How far a term has come; only approved ones make prices."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


class TierBasis(StrEnum):
    """What the `min_quantity` of a term counts: the units of one order line, or all that is bought in its period."""

    LINE = "line"
    PERIOD_QUANTITY = "period_quantity"
    PERIOD_REVENUE = "period_revenue"


class TierPeriod(StrEnum):
    """The calendar period whose volume decides about a volume tier."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class TierMode(StrEnum):
    """Whether the tier that was reached counts for everything bought in the period, or each for its own slice."""

    ALL_UNITS = "all_units"
    MARGINAL = "marginal"


class LumpSumKind(StrEnum):
    """What an account is given money for."""

    LISTING_FEE = "listing_fee"
    DISPLAY = "display"
    LEAFLET = "leaflet"
    MARKETING = "marketing"
    OTHER = "other"


class LumpSumStep(StrEnum):
    """What happens to a lump sum after it was agreed."""

    PROOF = "proof"
    SETTLED = "settled"


class DecisionOutcome(StrEnum):
    """How a submission of a term ended; granted: within the authority of who asked."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    GRANTED = "granted"


class RoundAnswer(StrEnum):
    """What an account said to a price increase."""

    ANNOUNCED = "announced"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NEGOTIATED = "negotiated"


class TermDate(StrEnum):
    """Which day of an order line decides whether a term holds."""

    ORDER = "order"
    DELIVERY = "delivery"
    INVOICE = "invoice"


class AttentionOutcome(StrEnum):
    """What somebody decided about a reason for attention."""

    DONE = "done"
    SNOOZED = "snoozed"


class CauseKind(StrEnum):
    """Why an account's revenue moved."""

    TERM_CHANGE = "term_change"
    PRICE_CHANGE = "price_change"
    LOST_CONTACT = "lost_contact"
    COMPETITOR_CLAIM = "competitor_claim"
    DELIVERY_FAILURE = "delivery_failure"
    ONE_OFF_ORDER = "one_off_order"
    NEW_LISTING = "new_listing"
    DELISTING = "delisting"
    SEASONAL_SHIFT = "seasonal_shift"
    STOCK_BUILD_UP = "stock_build_up"
    OWN_BUSINESS = "own_business"
    DATA_CORRECTION = "data_correction"
    OTHER = "other"


class WalletBasis(StrEnum):
    """How an account's whole spend was estimated."""

    DECLARED = "declared"
    MODELLED = "modelled"
    ALLOCATED = "allocated"


class ClaimTopic(StrEnum):
    """What a competitor claim is about; each topic has a half-life of its own."""

    PRICE = "price"
    TERMS = "terms"
    PRODUCT = "product"
    PEOPLE = "people"
    LOGISTICS = "logistics"
    FINANCE = "finance"
    LEGAL = "legal"
    GOAL = "goal"


class Swot(StrEnum):
    """What a claim says of the competitor: its strength or weakness; or for us: an opportunity or threat."""

    STRENGTH = "strength"
    WEAKNESS = "weakness"
    OPPORTUNITY = "opportunity"
    THREAT = "threat"


class SourceKind(StrEnum):
    """Where a claim comes from. What comes from the competitor itself is refused: competition law."""

    BUYER = "buyer"
    USER = "user"  # somebody else at the account
    OWN_STAFF = "own_staff"
    DISTRIBUTOR = "distributor"
    MARKET = "market"  # a shelf, a catalogue, a public tender
    PRESS = "press"
    EVENT = "event"
    OTHER = "other"
    COMPETITOR = "competitor"


class Reliability(StrEnum):
    """How reliable a source is, by the Admiralty grades."""

    A = "A"  # completely
    B = "B"  # usually
    C = "C"  # fairly
    D = "D"  # not usually
    E = "E"  # unreliable
    F = "F"  # cannot be judged


class ObjectionKind(StrEnum):
    """What an objection is about."""

    PRICE = "price"
    TERMS = "terms"
    QUALITY = "quality"
    DELIVERY = "delivery"
    RANGE = "range"
    SERVICE = "service"
    RELATION = "relation"
    OTHER = "other"


class ObjectionOutcome(StrEnum):
    """How an objection ended."""

    WON = "won"
    LOST = "lost"
    OPEN = "open"


class ContestOutcome(StrEnum):
    """How a contested deal or category ended for us."""

    WON = "won"
    LOST = "lost"


class ContestReason(StrEnum):
    """Why a contest was won or lost."""

    PRICE = "price"
    TERMS = "terms"
    QUALITY = "quality"
    DELIVERY = "delivery"
    RANGE = "range"
    SERVICE = "service"
    RELATION = "relation"
    BRAND = "brand"
    OTHER = "other"


class AttemptOutcome(StrEnum):
    """How a sign-in attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    THROTTLED = "throttled"
