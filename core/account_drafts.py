"""What somebody decides about an account, and which rules it has to keep."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from babel.numbers import is_currency

from core.language import _
from core.money import round_money
from core.vocabulary import AccountStatus


@dataclass(frozen=True)
class AccountDraft:
    """What is decided about an account; lists are named, not numbered, so that new names can be given."""

    code: str
    name: str
    group: str | None = None
    segment: str | None = None
    tier: str | None = None
    region: str | None = None
    industry: str | None = None
    country: str | None = None
    owner_id: int | None = None
    status: AccountStatus = AccountStatus.ACTIVE
    since_on: date | None = None
    currency: str | None = None
    payment_days: int | None = None
    credit_limit: Decimal | None = None

    def tidy(self) -> AccountDraft:
        """The same without outer blanks, with None for what was left empty."""
        values = asdict(self)
        for name, value in values.items():
            if isinstance(value, str) and name != "status":
                values[name] = value.strip() or None
        values["code"], values["name"] = values["code"] or "", values["name"] or ""
        values["currency"] = values["currency"].upper() if values["currency"] else None
        return AccountDraft(**values)

    def problems(self) -> dict[str, str]:
        """What breaks a rule, by field."""
        found = {}
        if not self.code:
            found["code"] = _("Give the account a code.")
        elif len(self.code) > 64:
            found["code"] = _("A code has at most 64 characters.")
        if not self.name:
            found["name"] = _("Give the account a name.")
        if self.currency and not is_currency(self.currency):
            found["currency"] = _("Give a currency by its three letters, such as MYR.")
        if self.payment_days is not None and not 0 <= self.payment_days <= 3650:
            found["payment_days"] = _("Days to pay are a number from 0 to 3650.")
        if self.credit_limit is not None and self.credit_limit < 0:
            found["credit_limit"] = _("A credit limit is zero or more.")
        elif self.credit_limit is not None and self.credit_limit != round_money(self.credit_limit):
            found["credit_limit"] = _("An amount has at most four decimals.")
        return found
