"""Tables only, one file a domain."""

from core.models.accounts import Account, AccountCode, Group, Region, Segment, TeamMember, Tier
from core.models.attention import AttentionDecision
from core.models.audit import AuditEntry, AuditHead
from core.models.base import Base, Money, Quantity, Rate
from core.models.causes import Cause
from core.models.competitors import (
    AccountNote,
    ClaimAttachment,
    Competitor,
    CompetitorClaim,
    CompetitorPresence,
    CompetitorProduct,
    CompetitorSegment,
    Contest,
    Objection,
    SearchText,
)
from core.models.delivery import (
    DeliveryAccountDay,
    DeliveryAccountMonth,
    DeliveryCell,
    DeliveryProductDay,
    DeliveryProductMonth,
)
from core.models.forecasts import (
    ForecastOverride,
    ForecastPoint,
    ForecastSeries,
    ForecastSum,
    ForecastVersion,
)
from core.models.health import HealthMark, HealthStanding
from core.models.imports import ImportBatch, ImportChange, ImportMapping, ImportReject
from core.models.lump_sums import LumpSum, LumpSumEntry
from core.models.mergers import AccountMerger, MergedLine
from core.models.order_sums import BookedDay, BookedMonth, OrderDay
from core.models.orders import Order, OrderLine, ReplacedLine
from core.models.price_rounds import PriceRound, PriceRoundAccount, PriceRoundPrice
from core.models.products import Category, ListPrice, PackSize, Product, Unit, UnitCost
from core.models.receivables import Receivable
from core.models.rollups import (
    AccountCountry,
    AccountDay,
    AccountMonth,
    AccountRhythm,
    AccountYear,
    ForeignMonth,
    ForeignYear,
    Measures,
    PackedForeignMonth,
    PackedForeignYear,
    PackedMonth,
    PackedYear,
    PairYear,
    ProductDay,
    ProductMonth,
    RevenueCell,
    TotalMonth,
)
from core.models.settings import Setting
from core.models.structures import AccountStructure
from core.models.targets import Target
from core.models.terms import AuthorityLimit, FloorPrice, Term, TermDecision
from core.models.users import (
    SignInAttempt,
    SignInTicket,
    Submission,
    User,
    UserGrant,
    UserRegion,
    UserRole,
    WebSession,
)
from core.models.views import SavedView
from core.models.wallets import Wallet

__all__ = [
    "Account",
    "AccountCode",
    "AccountCountry",
    "AccountDay",
    "AccountMerger",
    "AccountMonth",
    "AccountNote",
    "AccountRhythm",
    "AccountStructure",
    "AccountYear",
    "AttentionDecision",
    "AuditEntry",
    "AuditHead",
    "AuthorityLimit",
    "Base",
    "BookedDay",
    "BookedMonth",
    "Category",
    "Cause",
    "ClaimAttachment",
    "Competitor",
    "CompetitorClaim",
    "CompetitorPresence",
    "CompetitorProduct",
    "CompetitorSegment",
    "Contest",
    "DeliveryAccountDay",
    "DeliveryAccountMonth",
    "DeliveryCell",
    "DeliveryProductDay",
    "DeliveryProductMonth",
    "FloorPrice",
    "ForecastOverride",
    "ForecastPoint",
    "ForecastSeries",
    "ForecastSum",
    "ForecastVersion",
    "ForeignMonth",
    "ForeignYear",
    "Group",
    "HealthMark",
    "HealthStanding",
    "ImportBatch",
    "ImportChange",
    "ImportMapping",
    "ImportReject",
    "ListPrice",
    "LumpSum",
    "LumpSumEntry",
    "Measures",
    "MergedLine",
    "Money",
    "Objection",
    "Order",
    "OrderDay",
    "OrderLine",
    "PackSize",
    "PackedForeignMonth",
    "PackedForeignYear",
    "PackedMonth",
    "PackedYear",
    "PairYear",
    "PriceRound",
    "PriceRoundAccount",
    "PriceRoundPrice",
    "Product",
    "ProductDay",
    "ProductMonth",
    "Quantity",
    "Rate",
    "Receivable",
    "Region",
    "ReplacedLine",
    "RevenueCell",
    "SavedView",
    "SearchText",
    "Segment",
    "Setting",
    "SignInAttempt",
    "SignInTicket",
    "Submission",
    "Target",
    "TeamMember",
    "Term",
    "TermDecision",
    "Tier",
    "TotalMonth",
    "Unit",
    "UnitCost",
    "User",
    "UserGrant",
    "UserRegion",
    "UserRole",
    "Wallet",
    "WebSession",
]
