"""Groups: created, renamed, removed, and never told to those who see none of their accounts."""

import pytest

from core import classification, groups
from core.errors import Conflict, Forbidden, Invalid
from core.models import AuditEntry, Group
from tests import factories


def test_a_group_is_created_renamed_and_removed(session, director):
    number = groups.create(session, director, " SEN ", " Senduduk ")
    version = groups.update(session, director, number, code="SEN", name="Senduduk Group", version=1)
    assert [(row.code, row.name, row.accounts) for row in groups.search(session, director)] == [
        ("SEN", "Senduduk Group", 0)
    ]
    groups.remove(session, director, number, version=version)
    assert groups.search(session, director) == []
    actions = [row.action for row in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert actions == ["group:create", "group:update", "group:remove"]


def test_two_who_rename_a_group_see_both_names(session, director):
    number = groups.create(session, director, "SEN", "Senduduk")
    groups.update(session, director, number, code="SEN", name="Theirs", version=1)

    with pytest.raises(Conflict) as refused:
        groups.update(session, director, number, code="SEN", name="Mine", version=1)
    assert (refused.value.current, refused.value.version) == ({"name": "Theirs"}, 2)


@pytest.mark.parametrize(
    ("code", "name", "field"),
    [("", "x", "code"), ("x" * 65, "x", "code"), ("x", " ", "name"), ("OLD", "x", "code")],
)
def test_what_breaks_a_rule_is_named(session, director, code, name, field):
    groups.create(session, director, "OLD", "Old")
    with pytest.raises(Invalid) as refused:
        groups.create(session, director, code, name)
    assert list(refused.value.fields) == [field]


def test_a_group_with_accounts_stays(session, director, kam):
    group = classification.get_or_create_group(session, director, "Senduduk")
    factories.account(session, kam, "A", group_id=group.id)

    with pytest.raises(Conflict, match="Accounts belong"):
        groups.remove(session, director, group.id, version=1)
    assert groups.search(session, director)[0].accounts == 1


def test_only_directors_change_groups_and_others_see_those_of_their_accounts(
    session, director, kam, other_kam
):
    group = classification.get_or_create_group(session, director, "Senduduk")
    factories.account(session, other_kam, "B", group_id=group.id)

    with pytest.raises(Forbidden):
        groups.create(session, kam, "X", "X")
    assert groups.search(session, kam) == []
    assert [row.name for row in groups.search(session, other_kam)] == ["Senduduk"]
    assert session.query(Group).count() == 1
