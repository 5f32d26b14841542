"""Views that somebody named: their own, and those that others offer."""

import pytest

from core import saved_views
from core.errors import Conflict, Invalid, NotFound
from core.models import AuditEntry

CHOICES = {"rows": "product", "owner": ["Anna", "Ben"]}


def test_a_view_is_kept_with_what_was_chosen(session, kam):
    saved_views.save(session, kam, "revenue", "  Mine  ", CHOICES)

    (view,) = saved_views.search(session, kam, "revenue")
    assert (view.name, view.choices, view.is_shared, view.is_own) == ("Mine", CHOICES, False, True)
    assert saved_views.search(session, kam, "portfolio") == []
    assert session.query(AuditEntry).one().action == "view:create"


def test_others_see_it_once_it_is_shared_and_never_before(session, kam, other_kam):
    number = saved_views.save(session, kam, "revenue", "Mine", CHOICES)
    assert saved_views.search(session, other_kam, "revenue") == []

    version = saved_views.share(session, kam, number, True, version=1)
    (view,) = saved_views.search(session, other_kam, "revenue")
    assert (view.name, view.is_own, view.author) == ("Mine", False, "Anna")
    saved_views.share(session, kam, number, False, version=version)
    assert saved_views.search(session, other_kam, "revenue") == []


def test_nobody_changes_anothers_view(session, kam, other_kam):
    number = saved_views.save(session, kam, "revenue", "Mine", CHOICES, is_shared=True)

    with pytest.raises(NotFound):
        saved_views.remove(session, other_kam, number, version=1)
    with pytest.raises(NotFound):
        saved_views.share(session, other_kam, number, False, version=1)


def test_a_name_is_taken_once_a_person(session, kam, other_kam):
    saved_views.save(session, kam, "revenue", "Mine", CHOICES)
    saved_views.save(session, other_kam, "revenue", "Mine", CHOICES)

    with pytest.raises(Invalid) as refused:
        saved_views.save(session, kam, "revenue", "Mine", {})
    assert list(refused.value.fields) == ["name"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_view_needs_a_name_of_fair_length(session, kam, name):
    with pytest.raises(Invalid) as refused:
        saved_views.save(session, kam, "revenue", name, CHOICES)
    assert list(refused.value.fields) == ["name"]


def test_a_view_is_removed_and_an_old_version_is_refused(session, kam):
    number = saved_views.save(session, kam, "revenue", "Mine", CHOICES)
    version = saved_views.share(session, kam, number, True, version=1)

    with pytest.raises(Conflict):
        saved_views.remove(session, kam, number, version=1)
    saved_views.remove(session, kam, number, version=version)
    assert saved_views.search(session, kam, "revenue") == []
