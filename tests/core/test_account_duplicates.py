"""Accounts that are probably one are found by their names and codes; what only looks alike is left alone."""

import pytest

from core import account_duplicates, account_mergers, merger_previews, teams
from core.account_duplicates import Alike, folded, likely_duplicates
from core.errors import Forbidden
from tests import factories


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Harbour Foods Sdn. Bhd.", "HARBOUR FOODS"),
        ("Harbour Foods (M) Sdn Bhd", "Harbour-Foods, Ltd."),
        ("Kedai Ah Hock Enterprise", "kedai ah hock"),
        ("Café Suria Pte. Ltd.", "CAFE SURIA"),
        ("Lim & Sons", "Lim and Sons Berhad"),
    ],
)
def test_the_same_name_is_known_however_it_is_written(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Harbour North", "Harbour South"), ("Bhd", ""), ("Suria 1", "Suria 2")]
)
def test_different_names_stay_different(one, other):
    assert folded(one) != folded(other)


def test_pairs_are_found_by_name_and_by_code(session, director, kam):
    a = factories.account(session, None, "A", name="Harbour Sdn Bhd")
    b = factories.account(session, None, "B", name="HARBOUR")
    c = factories.account(session, None, "C", name="Tea House")
    d = factories.account(session, None, "D", name="Kedai Teh")
    for account, source in ((c, "SAP"), (d, "CRM")):
        teams.set_codes(session, director, account.id, [(source, "4711")], version=account.version)

    found = likely_duplicates(session, director)

    assert [(one.first.code, one.second.code, one.alike) for one in found] == [
        ("A", "B", Alike.NAME), ("C", "D", Alike.CODE),
    ]  # fmt: skip
    assert [one.by for one in likely_duplicates(session, director, d.id)] == ["4711"]
    versions = merger_previews.preview(session, director, a.id, b.id).versions
    account_mergers.merge(session, director, a.id, b.id, versions=versions)
    assert [one.alike for one in likely_duplicates(session, director)] == [Alike.CODE]
    with pytest.raises(Forbidden):
        account_duplicates.likely_duplicates(session, kam)
