"""What stood before a change comes back as a change of its own, by those who may make it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from core import accounts, audit, auth, products, restoration
from core.accounts import AccountDraft
from core.errors import Conflict, NotFound
from core.models import AuditEntry
from core.products import ProductDraft
from core.vocabulary import AccountStatus, Role
from tests import factories

BEFORE = AccountDraft(
    code="A1",
    name="Old Name",
    segment="Retail chain",
    since_on=date(2019, 5, 1),
    credit_limit=Decimal("250000.5000"),
    payment_days=30,
)


@pytest.fixture
def changed(session, director):
    """An account whose every field was changed, and the number of the entry that says so."""
    account_id = accounts.create(session, director, BEFORE)
    version = accounts.get(session, director, account_id).version
    owner = factories.user(session, "omar", Role.MANAGER)
    after = replace(
        BEFORE,
        name="New Name",
        segment="Hotel",
        since_on=None,
        credit_limit=None,
        payment_days=90,
        status=AccountStatus.LOST,
        owner_id=owner.id,
    )
    accounts.update(session, director, account_id, after, version=version)
    return account_id, audit.search(session, director, action="account:update").rows[0].id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Old Name"),
        ("segment", "Retail chain"),
        ("since_on", date(2019, 5, 1)),
        ("credit_limit", Decimal("250000.5")),
        ("payment_days", 30),
        ("status", AccountStatus.ACTIVE),
        ("owner", None),
    ],
)
def test_a_field_of_an_account_stands_as_before_and_the_rest_stays(session, director, changed, field, value):
    account_id, entry_id = changed
    was = accounts.get(session, director, account_id)

    restoration.restore(session, director, entry_id, field)

    now = accounts.get(session, director, account_id)
    assert getattr(now, field) == value
    assert now.payment_days == (30 if field == "payment_days" else was.payment_days)
    assert set(audit.search(session, director, action="account:update").rows[0].changes or ()) == {field}


def test_what_stands_there_already_is_not_changed_again(session, director, changed):
    _account_id, entry_id = changed
    restoration.restore(session, director, entry_id, "name")

    with pytest.raises(Conflict):
        restoration.restore(session, director, entry_id, "name")


def test_a_products_former_name_comes_back(session, director):
    product_id = products.create(session, director, ProductDraft("P1", "Old Name"))
    version = products.get(session, director, product_id).version
    products.update(session, director, product_id, ProductDraft("P1", "New Name"), version=version)
    entry_id = audit.search(session, director, action="product:update").rows[0].id

    restoration.restore(session, director, entry_id, "name")

    assert products.get(session, director, product_id).name == "Old Name"


def test_who_may_not_see_the_account_learns_of_no_change(session, kam, viewer, changed):
    _account_id, entry_id = changed
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))

    for actor in (kam, admin):
        with pytest.raises(NotFound):
            restoration.restore(session, actor, entry_id, "name")

    assert session.get(AuditEntry, entry_id) is not None
    assert not restoration.can_restore(viewer, "account:update")


@pytest.mark.parametrize(
    ("entry", "field"), [(0, "name"), (999, "name"), (-1, "name"), (None, "no_such_field")]
)
def test_what_was_never_recorded_cannot_come_back(session, director, changed, entry, field):
    with pytest.raises(NotFound):
        restoration.restore(session, director, changed[1] if entry is None else entry, field)


def test_only_accounts_and_products_are_restored(session, director, changed):
    created = audit.search(session, director, action="account:create").rows[0].id

    with pytest.raises(NotFound):
        restoration.restore(session, director, created, "name")
