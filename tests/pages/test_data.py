"""Data & import: a file's whole way through the page, who may go it, and what is said when it cannot."""

from datetime import date

import pytest
from sqlalchemy import select

from core import auth, db, demo, importing
from core.auth import OPERATOR
from core.models import Account, ImportBatch, OrderLine, User
from core.vocabulary import BatchKind, Role
from tests import factories

PAGE = "management/data.py"
HEADER = b"InvoiceNo,InvoiceDate,CustomerID,StockCode,Quantity,UnitPrice\n"
ORDERS = HEADER + b"S1,2026-01-05,A1,P1,2,10\nS2,2026-01-06,A1,P1,1,12.50\n"
ACCOUNTS = b"code,name\nA1,Pasar Raya Suria\n"


@pytest.fixture
def trade(session, kam, other_kam, director):
    """Account A1 of Anna and product P1 are there."""
    factories.account(session, kam, "A1")
    factories.product(session, "P1")
    session.commit()


def _button(page, label):
    return next(button for button in page.button if button.label.startswith(label))


def _bring(page, content, name="orders.csv"):
    page.file_uploader[0].upload(name, content).run()
    assert not page.exception
    return page


def _checked(page):
    _button(page, "Check the file").click().run()
    assert not page.exception
    return {metric.label: metric.value for metric in page.metric}


def _thing_is_the_product(page):
    nonce = page.session_state["import_in_hand"].nonce
    edits = {"edited_rows": {3: {"field": "Product *"}}, "added_rows": [], "deleted_rows": []}
    page.session_state[f"columns-{nonce}-orders/None"] = edits
    page.run()


def _lines():
    with db.read() as session:
        return list(session.scalars(select(OrderLine).order_by(OrderLine.order_no)))


def test_a_file_is_brought_checked_applied_and_undone(store, trade, open_page, director):
    page = _bring(open_page(PAGE, director), ORDERS)
    figures = _checked(page)
    assert (figures["Rows read"], figures["Accepted"], figures["Refused"]) == ("2", "2", "0")
    assert _lines() == []  # a dry run leaves nothing behind

    _button(page, "Apply 2 rows").click().run()

    assert not page.exception
    assert "2 rows applied from orders.csv" in page.success[0].value.replace("\\", "")
    assert [str(line.net_amount) for line in _lines()] == ["20", "12.5"]

    _button(page, "Import another file").click().run()
    page.session_state["batches"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()
    _button(page, "Undo import").click().run()

    assert not page.exception
    assert _lines() == []
    with db.read() as session:
        assert importing.search(session, OPERATOR)[0].undone_at is not None


def test_the_same_file_again_changes_nothing(store, trade, open_page, director):
    page = _bring(open_page(PAGE, director), ORDERS)
    _checked(page)
    _button(page, "Apply").click().run()

    again = _bring(open_page(PAGE, director), ORDERS)

    assert _checked(again)["Unchanged"] == "2"
    assert "nothing to apply" in again.info[-1].value or any(
        "nothing to apply" in i.value for i in again.info
    )


def test_refused_rows_say_why_cell_by_cell_and_hold_the_rest_back(store, trade, open_page, director):
    page = _bring(open_page(PAGE, director), ORDERS + b"S3,2026-01-07,A1,P1,many,5\n")

    figures = _checked(page)

    assert (figures["Accepted"], figures["Refused"]) == ("2", "1")
    said = [str(value) for table in page.dataframe for value in table.value.to_numpy().ravel()]
    assert any("Quantity: this is not a number" in text for text in said)
    assert {button.proto.label for button in page.get("download_button")} >= {
        "Refused rows as CSV",
        "Refused rows as XLSX",
    }
    assert _button(page, "Apply").disabled
    page.checkbox[0].check().run()
    _button(page, "Apply 2 rows").click().run()
    assert len(_lines()) == 2


def test_a_file_may_have_columns_named_as_ours(store, trade, open_page, director):
    header = HEADER.replace(b"UnitPrice", b"UnitPrice,Line,What is wrong")
    page = _bring(open_page(PAGE, director), header + b"S1,2026-01-07,A1,P1,many,5,7,nothing\n")

    assert _checked(page)["Refused"] == "1"  # the table of refused rows stands there


def test_dates_that_can_be_read_both_ways_are_asked_for(store, trade, open_page, director):
    content = HEADER + b"S1,03/04/2026,A1,P1,2,10\n"
    page = _bring(open_page(PAGE, director), content)
    _checked(page)
    assert not any(button.label.startswith("Apply") for button in page.button)

    _button(page, "Day first").click().run()
    _button(page, "Apply 1 row").click().run()

    assert _lines()[0].ordered_on == date(2026, 4, 3)


def test_a_column_that_is_missing_is_asked_for(store, trade, open_page, director):
    page = _bring(open_page(PAGE, director), ORDERS.replace(b"StockCode", b"Thing"))

    assert "Product" in page.warning[0].value
    _thing_is_the_product(page)

    assert _checked(page)["Accepted"] == "2"


def test_how_columns_were_matched_is_remembered_for_the_same_header(store, trade, open_page, director):
    content = ORDERS.replace(b"StockCode", b"Thing")
    page = _bring(open_page(PAGE, director), content)
    _thing_is_the_product(page)
    _checked(page)
    _button(page, "Apply").click().run()

    again = _bring(open_page(PAGE, director), content)

    assert not again.warning
    assert _checked(again)["Unchanged"] == "2"


def test_a_file_that_is_no_table_is_refused_with_a_sentence(store, trade, open_page, director):
    page = _bring(open_page(PAGE, director), b"%PDF-1.7 not a table", "orders.csv")

    assert "PDF" in page.error[0].value
    assert not page.exception


def test_a_manager_imports_for_own_accounts_only(store, session, trade, open_page, kam, other_kam):
    theirs = _bring(open_page(PAGE, other_kam), ORDERS)
    assert _checked(theirs)["Refused"] == "2"

    mine = _bring(open_page(PAGE, kam), ORDERS)
    assert _checked(mine)["Accepted"] == "2"
    _button(mine, "Apply").click().run()
    assert len(_lines()) == 2


def test_a_manager_sees_own_imports_and_a_director_of_everything_all(
    store, trade, open_page, kam, other_kam, director
):
    page = _bring(open_page(PAGE, kam), ORDERS)
    _checked(page)
    _button(page, "Apply").click().run()

    assert "Nothing was imported yet" in open_page(PAGE, other_kam).info[-1].value
    for actor in (kam, director):
        table = open_page(PAGE, actor).dataframe[0].value
        assert list(table["File"]) == ["orders.csv"]
        assert list(table["By"]) == ["anna"]


def test_a_viewer_does_not_get_in(store, session, open_page, viewer):
    session.commit()

    page = open_page(PAGE, viewer)

    assert page.title[0].value == "No access"
    assert not page.file_uploader


def test_a_director_brings_accounts(store, session, open_page, director):
    session.commit()
    page = open_page(PAGE, director)
    page.session_state["kind"] = BatchKind.ACCOUNTS
    page.run()
    _bring(page, ACCOUNTS, "accounts.csv")

    assert _checked(page)["Accepted"] == "1"
    _button(page, "Apply").click().run()

    with db.read() as stored:
        assert stored.scalar(select(Account.name).where(Account.code == "A1")) == "Pasar Raya Suria"


def test_while_the_demo_is_loaded_its_removal_is_offered_first(store, open_page):
    with db.write() as session:
        demo.load(session, OPERATOR, accounts=5, lines=200, seed=1)
        boss = factories.user(session, "boss", Role.ADMIN, Role.DIRECTOR)
        actor = auth.actor_for(boss)

    page = open_page(PAGE, actor)

    assert "demo company" in page.info[0].value
    _button(page, "Remove the demo company for good").click().run()
    assert not page.exception
    with db.read() as session:
        assert not demo.is_loaded(session)
        assert list(session.scalars(select(User.username))) == ["boss"]
        assert session.scalar(select(ImportBatch.id)) is None
