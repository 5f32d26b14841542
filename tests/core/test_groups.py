"""Groups: created, renamed, removed, and never told to those who see none of their accounts."""

import pytest

from core import auth, classification, groups
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import AuditEntry, Group
from core.vocabulary import Role
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


@pytest.fixture
def family(session, director, kam):
    """A group with one account, another group with one, and an account of none."""
    mine = groups.create(session, director, "SEN", "Senduduk")
    other = groups.create(session, director, "MEL", "Melur")
    a = factories.account(session, kam, "A", name="Alpha", group_id=mine)
    b = factories.account(session, kam, "B", name="Beta", group_id=other)
    c = factories.account(session, kam, "C", name="Gamma")
    return mine, other, (a, b, c)


def test_accounts_are_put_into_a_group_and_out_of_it_and_each_stands_in_the_audit(session, director, family):
    mine, other, (a, b, c) = family
    seen = {number: one.group_id for number, one in groups.placements(session, director).items()}
    assert seen == {a.id: mine, b.id: other, c.id: None}
    moves = {a.id: None, b.id: mine, c.id: mine}

    assert groups.place(session, director, moves, seen=seen) == 3
    assert [one.group_id for one in (a, b, c)] == [None, mine, mine]
    entries = session.query(AuditEntry).order_by(AuditEntry.id.desc()).limit(3)
    assert {entry.account_id: entry.changes["group"] for entry in entries} == {
        a.id: ["Senduduk", None],
        b.id: ["Melur", "Senduduk"],
        c.id: [None, "Senduduk"],
    }
    # The way back is the same with both exchanged.
    groups.place(session, director, seen, seen=moves)
    assert [one.group_id for one in (a, b, c)] == [mine, other, None]


def test_an_account_that_somebody_moved_meanwhile_is_named(session, director, family):
    mine, other, (_a, _b, c) = family
    groups.place(session, director, {c.id: other}, seen={c.id: None})

    with pytest.raises(Conflict) as refused:
        groups.place(session, director, {c.id: mine}, seen={c.id: None})
    assert refused.value.current == {"accounts": "Gamma: Melur"}
    # Both wanted the same: nothing to decide.
    assert groups.place(session, director, {c.id: other}, seen={c.id: None}) == 0


def test_nobody_moves_accounts_that_they_do_not_see(session, director, kam, family):
    mine, _other, (_a, _b, c) = family
    north = factories.region(session, "North")
    north_director = auth.actor_for(factories.user(session, "nora", Role.DIRECTOR, regions=[north]))
    assert groups.placements(session, north_director) == {}
    with pytest.raises(NotFound):
        groups.place(session, north_director, {c.id: mine}, seen={c.id: None})
    with pytest.raises(NotFound):
        groups.place(session, director, {c.id: 10**6}, seen={c.id: None})
    with pytest.raises(Forbidden):
        groups.place(session, kam, {c.id: mine}, seen={c.id: None})
    with pytest.raises(Forbidden):
        groups.placements(session, kam)
    assert c.group_id is None
