"""Tables only, one file a domain."""

from core.models.accounts import Account, AccountCode, Group, Region, Segment, TeamMember, Tier
from core.models.audit import AuditEntry, AuditHead
from core.models.base import Base, Money, Quantity, Rate
from core.models.imports import ImportBatch, ImportChange, ImportMapping, ImportReject
from core.models.orders import Order, OrderLine, ReplacedLine
from core.models.products import Category, ListPrice, PackSize, Product, Unit, UnitCost
from core.models.rollups import (
    AccountMonth,
    AccountRhythm,
    AccountYear,
    Measures,
    ProductMonth,
    RevenueCell,
    TotalMonth,
)
from core.models.settings import Setting
from core.models.targets import Target
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

__all__ = [
    "Account",
    "AccountCode",
    "AccountMonth",
    "AccountRhythm",
    "AccountYear",
    "AuditEntry",
    "AuditHead",
    "Base",
    "Category",
    "Group",
    "ImportBatch",
    "ImportChange",
    "ImportMapping",
    "ImportReject",
    "ListPrice",
    "Measures",
    "Money",
    "Order",
    "OrderLine",
    "PackSize",
    "Product",
    "ProductMonth",
    "Quantity",
    "Rate",
    "Region",
    "ReplacedLine",
    "RevenueCell",
    "Segment",
    "Setting",
    "SignInAttempt",
    "SignInTicket",
    "Submission",
    "Target",
    "TeamMember",
    "Tier",
    "TotalMonth",
    "Unit",
    "UnitCost",
    "User",
    "UserGrant",
    "UserRegion",
    "UserRole",
    "WebSession",
]
