"""Who sees and changes which account, and what is kept of it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import accounts, audit, auth, classification, clock, teams
from core.accounts import AccountDraft, Member
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.filters import AccountFilter
from core.models import Account, Region
from core.vocabulary import AccountStatus, Role, TeamRole
from tests import factories

SURIA = AccountDraft(
    code="SUR", name="Pasar Raya Suria", segment="Retail", tier="A", region="North", currency="myr"
)


def _draft(detail):
    names = AccountDraft.__dataclass_fields__
    return AccountDraft(**{name: getattr(detail, name) for name in names})


def _last(session):
    return audit.search(session, OPERATOR).rows[0]


def test_a_new_account_is_filed_under_lists_that_grow_with_it(session, director):
    account_id = accounts.create(
        session, director, replace(SURIA, name="  Pasar Raya Suria ", group="Suria Group")
    )

    found = accounts.get(session, director, account_id)
    assert (found.name, found.group, found.segment, found.tier, found.region) == (
        "Pasar Raya Suria", "Suria Group", "Retail", "A", "North",
    )  # fmt: skip
    assert found.currency == "MYR"
    assert found.status is AccountStatus.ACTIVE
    assert _last(session).action == "account:create"


def test_what_is_wrong_is_said_field_by_field(session, director):
    with pytest.raises(Invalid) as refused:
        accounts.create(
            session,
            director,
            AccountDraft(" ", "", currency="RINGGIT", payment_days=-1, credit_limit=Decimal(-5)),
        )

    assert set(refused.value.fields) == {"code", "name", "currency", "payment_days", "credit_limit"}


def test_a_code_is_given_once(session, director):
    accounts.create(session, director, SURIA)

    with pytest.raises(Invalid) as refused:
        accounts.create(session, director, SURIA)

    assert "SUR" in refused.value.fields["code"]


def test_managers_and_viewers_create_no_account(session, kam, viewer):
    for actor in (kam, viewer):
        with pytest.raises(Forbidden):
            accounts.create(session, actor, SURIA)


def test_a_manager_changes_an_own_account_and_the_audit_keeps_only_what_differs(session, kam):
    row = factories.account(session, kam, "SUR", name="Suria")
    before = accounts.get(session, kam, row.id)

    accounts.update(session, kam, row.id, replace(_draft(before), payment_days=45), version=before.version)

    assert accounts.get(session, kam, row.id).payment_days == 45
    assert accounts.get(session, kam, row.id).version == before.version + 1
    assert _last(session).changes == {"payment_days": [None, 45]}


def test_saving_without_a_change_leaves_no_trace(session, kam):
    row = factories.account(session, kam, "SUR")
    detail = accounts.get(session, kam, row.id)

    accounts.update(session, kam, row.id, _draft(detail), version=detail.version)

    assert accounts.get(session, kam, row.id).version == detail.version
    assert audit.search(session, OPERATOR).rows == ()


def test_a_manager_changes_neither_code_nor_owner(session, kam, other_kam):
    row = factories.account(session, kam, "SUR")
    detail = accounts.get(session, kam, row.id)

    with pytest.raises(Invalid) as refused:
        accounts.update(
            session,
            kam,
            row.id,
            replace(_draft(detail), code="X", owner_id=other_kam.user_id),
            version=detail.version,
        )

    assert set(refused.value.fields) == {"code", "owner_id"}


def test_a_director_hands_an_account_over(session, director, kam, other_kam):
    row = factories.account(session, kam, "SUR")
    detail = accounts.get(session, director, row.id)

    accounts.update(
        session, director, row.id, replace(_draft(detail), owner_id=other_kam.user_id), version=detail.version
    )

    assert _last(session).changes == {"owner": ["anna", "ben"]}
    with pytest.raises(NotFound):
        accounts.get(session, kam, row.id)


def test_only_active_managers_and_directors_can_own(session, director, viewer):
    with pytest.raises(Invalid) as refused:
        accounts.create(session, director, replace(SURIA, owner_id=viewer.user_id))

    assert "owner_id" in refused.value.fields


def test_a_manager_cannot_add_to_the_lists(session, kam):
    row = factories.account(session, kam, "SUR")
    detail = accounts.get(session, kam, row.id)

    with pytest.raises(Invalid) as refused:
        accounts.update(session, kam, row.id, replace(_draft(detail), segment="New"), version=detail.version)

    assert "director" in refused.value.fields["segment"]


def test_whoever_saves_second_sees_what_the_first_one_saved(session, kam, director):
    row = factories.account(session, kam, "SUR", industry="Food")
    seen = accounts.get(session, kam, row.id)
    accounts.update(session, director, row.id, replace(_draft(seen), industry="Retail"), version=seen.version)

    with pytest.raises(Conflict) as refused:
        accounts.update(session, kam, row.id, replace(_draft(seen), payment_days=30), version=seen.version)

    assert refused.value.current == {"industry": "Retail", "payment_days": None}
    assert refused.value.version == seen.version + 1


def test_another_managers_account_looks_as_if_it_did_not_exist(session, kam, other_kam):
    row = factories.account(session, kam, "SUR")

    with pytest.raises(NotFound) as invisible:
        accounts.get(session, other_kam, row.id)
    with pytest.raises(NotFound) as unknown:
        accounts.get(session, other_kam, 999_999)
    with pytest.raises(NotFound):
        accounts.get_by_code(session, other_kam, "SUR")
    with pytest.raises(NotFound):
        accounts.confirm(session, other_kam, row.id)

    assert invisible.value.message == unknown.value.message
    assert accounts.search(session, other_kam) == []
    assert accounts.find(session, other_kam, [row.id]) == {}


def test_a_deputy_sees_an_account_for_as_long_as_it_lasts(session, kam, other_kam, monkeypatch):
    row = factories.account(session, kam, "SUR")
    deputy = Member(other_kam.user_id, TeamRole.DEPUTY, date(2026, 3, 1), date(2026, 4, 1))
    teams.set_team(session, kam, row.id, [deputy], version=row.version)

    seen = {}
    for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)):
        monkeypatch.setattr(clock, "today", lambda day=day: day)
        seen[day.isoformat()] = len(accounts.search(session, other_kam))

    assert seen == {"2026-02-28": 0, "2026-03-01": 1, "2026-03-31": 1, "2026-04-01": 0}
    assert accounts.get(session, kam, row.id).team[0].name == "Ben"
    assert _last(session).changes == {"team": [[], ["ben deputy 2026-03-01 – 2026-04-01"]]}


def test_nobody_stands_in_a_team_twice_at_once(session, kam, other_kam):
    row = factories.account(session, kam, "SUR")
    twice = [
        Member(other_kam.user_id, TeamRole.MEMBER, date(2026, 1, 1)),
        Member(other_kam.user_id, TeamRole.DEPUTY, date(2026, 6, 1)),
    ]

    with pytest.raises(Invalid, match="twice"):
        teams.set_team(session, kam, row.id, twice, version=row.version)


def test_a_team_is_changed_only_as_it_was_seen(session, kam, other_kam):
    row = factories.account(session, kam, "SUR")
    version = row.version
    member = Member(other_kam.user_id, TeamRole.MEMBER, date(2026, 1, 1))
    teams.set_team(session, kam, row.id, [member], version=version)

    with pytest.raises(Conflict):
        teams.set_team(session, kam, row.id, [], version=version)


def test_an_account_is_found_by_what_another_system_calls_it(session, kam):
    row = factories.account(session, kam, "SUR")
    teams.set_codes(session, kam, row.id, [("SAP", "100234"), ("POS", "S-1")], version=row.version)

    assert accounts.get_by_code(session, kam, "100234").id == row.id
    assert accounts.get(session, kam, row.id).codes == (("POS", "S-1"), ("SAP", "100234"))


def test_one_code_of_one_system_means_one_account(session, kam):
    first, second = factories.account(session, kam, "A"), factories.account(session, kam, "B")
    teams.set_codes(session, kam, first.id, [("SAP", "1")], version=first.version)

    with pytest.raises(Invalid, match="another account"):
        teams.set_codes(session, kam, second.id, [("SAP", "1")], version=second.version)


def test_a_director_of_regions_keeps_accounts_within_them(session):
    north = factories.region(session, "North")
    factories.region(session, "South")
    regional = auth.actor_for(factories.user(session, "nora", Role.DIRECTOR, regions=[north]))

    account_id = accounts.create(session, regional, SURIA)
    detail = accounts.get(session, regional, account_id)
    with pytest.raises(Invalid) as refused:
        accounts.update(
            session, regional, account_id, replace(_draft(detail), region="South"), version=detail.version
        )

    assert "region" in refused.value.fields


def test_orders_without_an_account_have_one_account_that_nobody_renames(session, director):
    first = accounts.unassigned(session, director)
    again = accounts.unassigned(session, director)

    assert first.id == again.id
    assert first.code == "UNASSIGNED"
    detail = accounts.get(session, director, first.id)
    with pytest.raises(Conflict):
        accounts.update(
            session, director, first.id, replace(_draft(detail), name="Mine"), version=detail.version
        )
    assert accounts.search(session, director) == []
    assert [row.code for row in accounts.search(session, director, with_unassigned=True)] == ["UNASSIGNED"]


def test_no_account_can_be_called_unassigned(session, director):
    with pytest.raises(Invalid) as refused:
        accounts.create(session, director, replace(SURIA, code="unassigned"))

    assert "code" in refused.value.fields


def test_accounts_are_found_by_list_and_by_text(session, director):
    accounts.create(session, director, SURIA)
    accounts.create(session, director, AccountDraft("HTL", "Hotel 100%", segment="Hotel"))
    lists = accounts.choices(session, director)
    hotel = next(key for key, name in lists.segments.items() if name == "Hotel")

    def found(wanted):
        return [row.code for row in accounts.search(session, director, wanted)]

    assert found(AccountFilter(segment_ids=frozenset({hotel}))) == ["HTL"]
    assert found(AccountFilter(region_ids=frozenset({None}))) == ["HTL"]
    assert found(AccountFilter(search="100%")) == ["HTL"]
    assert found(AccountFilter(search="%")) == ["HTL"]


def test_a_manager_is_offered_only_groups_and_owners_of_visible_accounts(session, director, kam, other_kam):
    accounts.create(session, director, replace(SURIA, group="Secret", owner_id=other_kam.user_id))
    accounts.create(session, director, AccountDraft("M", "Mine", group="Known", owner_id=kam.user_id))

    offered = accounts.choices(session, kam)

    assert list(offered.groups.values()) == ["Known"]
    assert list(offered.owners.values()) == ["Anna"]


def test_lists_have_each_name_once_whatever_its_case(session, director):
    first = classification.get_or_create_region(session, director, "North")

    assert classification.get_or_create_region(session, director, " north ").id == first.id
    assert len(list(session.scalars(select(Region)))) == 1


def test_a_new_tier_ranks_below_the_others(session, director):
    for name in ("A", "B"):
        classification.get_or_create_tier(session, director, name)

    assert list(accounts.choices(session, director).tiers.values()) == ["A", "B"]


def test_confirming_says_when_somebody_last_looked(session, kam):
    row = factories.account(session, kam, "SUR")

    accounts.confirm(session, kam, row.id)

    assert session.get(Account, row.id).confirmed_at is not None
    assert _last(session).action == "account:confirm"
