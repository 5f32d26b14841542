from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import auth, db, importing
from core.errors import Conflict, Invalid, NotFound
from core.models import Account, AccountCode, AuditEntry, ImportBatch, Order, OrderLine, Product
from core.vocabulary import Role
from tests import factories
from tests.core.importing.bringing import bring, counts, dry, everything, net, orders, reasons, undo

pytestmark = pytest.mark.usefixtures("store")

HEAD = "order_no,ordered_on,account,product,quantity,unit_price\n"
FIRST = (
    HEAD + "S1,2026-01-05,A,P1,10,2.50\nS1,2026-01-05,A,P2,4,5.00\nS2,2026-02-01,B,P1,2,3.00\n"
)  # 25 + 20 + 6


def all_lines():
    with db.read() as session:
        query = select(Account.code, OrderLine.order_no, OrderLine.line_no, Product.code, OrderLine.quantity)
        joined = query.join(Account, Account.id == OrderLine.account_id).join(
            Product, Product.id == OrderLine.product_id
        )
        return sorted((a, o, n, p, str(q)) for a, o, n, p, q in session.execute(joined))


def test_orders_are_booked_with_the_accounts_and_products_that_were_missing():
    outcome = orders(FIRST)

    assert counts(outcome.check) == (3, 3, 0, 0, 0)
    assert (outcome.created_accounts, outcome.created_products) == (2, 2)
    assert net() == Decimal(51)
    with db.read() as session:
        order = session.get_one(Order, (session.scalar(select(Account.id).where(Account.code == "A")), "S1"))
        assert (order.line_count, order.net_amount, order.ordered_on) == (2, Decimal(45), date(2026, 1, 5))
        assert (
            session.scalar(select(AuditEntry.label).where(AuditEntry.action == "import:apply")) == "file.csv"
        )


def test_without_the_wish_unknown_accounts_and_products_are_rejected():
    outcome = bring("orders", FIRST)

    assert outcome.batch_id is None
    assert reasons(outcome.check) == {
        "account: there is no such account among those you may book to": 3,
        "product: there is no such product": 3,
    }
    assert net() == 0


def test_the_same_file_again_is_unchanged_and_changes_nothing():
    orders(FIRST)
    before = everything()

    again = orders(FIRST)

    assert counts(again.check) == (3, 0, 0, 3, 0)
    assert again.batch_id is None
    assert everything() == before


def test_a_changed_order_is_replaced_as_a_whole():
    orders(FIRST)

    outcome = orders(HEAD + "S1,2026-01-05,A,P1,11,2.50\n")

    assert counts(outcome.check) == (1, 1, 1, 0, 0)
    assert all_lines() == [("A", "S1", 1, "P1", "11"), ("B", "S2", 1, "P1", "2")]
    assert net() == Decimal("33.50")  # 11 × 2.50 + 6


def test_lines_may_stand_anywhere_and_repeat():
    orders(HEAD + "S1,2026-01-05,A,P1,1,1\nS2,2026-01-05,A,P1,1,1\nS1,2026-01-05,A,P1,1,1\n")

    again = orders(HEAD + "S1,2026-01-05,A,P1,1,1\nS1,2026-01-05,A,P1,1,1\n")

    assert counts(again.check) == (2, 0, 0, 2, 0)
    assert net() == 3


def test_with_line_numbers_lines_are_compared_one_by_one_and_others_stay():
    head = HEAD.replace("quantity", "quantity,line_no")
    orders(head + "S1,2026-01-05,A,P1,10,10,2.50\nS1,2026-01-05,A,P2,4,20,5.00\n")

    outcome = orders(head + "S1,2026-01-05,A,P2,5,20,5.00\nS1,2026-01-05,A,P3,1,30,1.00\n")

    assert counts(outcome.check) == (2, 2, 1, 0, 0)
    assert all_lines() == [
        ("A", "S1", 10, "P1", "10"),
        ("A", "S1", 20, "P2", "5"),
        ("A", "S1", 30, "P3", "1"),
    ]


def test_a_file_with_line_numbers_does_not_double_what_came_without():
    orders(FIRST)
    head = HEAD.replace("quantity", "quantity,line_no")

    same = orders(head + "S1,2026-01-05,A,P1,10,10,2.50\nS1,2026-01-05,A,P2,4,20,5.00\n")
    other = orders(head + "S1,2026-01-05,A,P1,10,10,2.50\nS1,2026-01-05,A,P2,9,20,5.00\n")

    assert counts(same.check) == (2, 0, 0, 2, 0)
    assert counts(other.check) == (2, 2, 2, 0, 0)
    assert net() == Decimal(76)  # 25 + 45 + 6


def test_a_line_number_that_stands_twice_is_rejected():
    head = HEAD.replace("quantity", "quantity,line_no")

    outcome = orders(head + "S1,2026-01-05,A,P1,1,1,2\nS1,2026-01-05,A,P1,1,1,2\nS1,2026-01-05,A,P1,1,,2\n")

    assert counts(outcome.check) == (3, 1, 0, 0, 2)


def test_a_corrected_file_that_names_the_account_moves_the_order():
    orders(HEAD + "S1,2026-01-05,,P1,10,2.50\nS1,2026-01-05,A,P2,1,1\n", missing_account="unassigned")

    outcome = orders(
        HEAD + "S1,2026-01-05,B,P1,10,2.50\nS1,2026-01-05,A,P2,1,1\n", missing_account="unassigned"
    )

    assert counts(outcome.check) == (2, 2, 2, 0, 0)
    assert all_lines() == [("A", "S1", 2, "P2", "1"), ("B", "S1", 1, "P1", "10")]
    assert net() == 26


def test_rows_without_an_account_are_rejected_unless_they_go_to_unassigned():
    file = HEAD + "S1,2026-01-05,NULL,P1,1,1\nS2,2026-01-05,-,P1,1,1\nS3,2026-01-05,A,P1,1,1\n"

    rejected = orders(file)
    booked = orders(file, missing_account="unassigned")

    assert counts(rejected.check) == (3, 1, 0, 0, 2)
    assert counts(booked.check) == (3, 3, 0, 0, 0)
    assert [row[0] for row in all_lines()] == ["A", "UNASSIGNED", "UNASSIGNED"]


def test_an_id_that_a_spreadsheet_made_a_number_is_the_same_id():
    orders(HEAD + "536365,2026-01-05,17850,22752.0,1,1\n")

    again = orders(HEAD + "536365.0,2026-01-05,17850.0,22752,1,1\n")

    assert counts(again.check) == (1, 0, 0, 1, 0)


def test_codes_keep_their_case_and_lose_outer_blanks():
    orders(HEAD + "S1,2026-01-05, A ,p1 ,1,1\nS1,2026-01-05,A,P1,1,1\n")

    assert [(row[0], row[3]) for row in all_lines()] == [("A", "p1"), ("A", "P1")]


def test_an_order_import_never_changes_an_account_or_product_that_is_there():
    with db.write() as session:
        factories.account(session, code="A", name="Aman Sdn Bhd", country="Malaysia")
        factories.product(session, "P1", name="Rice")
    head = HEAD.replace("quantity", "quantity,account_name,product_name,country")

    orders(head + "S1,2026-01-05,A,P1,1,Other,Other,Singapore,1\n")

    with db.read() as session:
        account = session.scalar(select(Account))
        assert (account.name, account.country) == ("Aman Sdn Bhd", "Malaysia")
        assert session.scalar(select(Product.name)) == "Rice"
        assert session.scalar(select(OrderLine.country)) == "Singapore"


def test_revenue_belongs_to_the_day_of_the_invoice_or_else_of_the_order():
    head = HEAD.replace("quantity", "quantity,invoiced_on")

    orders(head + "S1,2026-01-30,A,P1,1,2026-02-02,1\nS2,2026-01-30,A,P1,1,,1\n")

    with db.read() as session:
        days = session.execute(select(OrderLine.order_no, OrderLine.booked_on, OrderLine.booked_month)).all()
    assert sorted(map(tuple, days)) == [
        ("S1", date(2026, 2, 2), date(2026, 2, 1)),
        ("S2", date(2026, 1, 30), date(2026, 1, 1)),
    ]


def test_another_currency_needs_its_rate():
    head = HEAD.replace("quantity", "quantity,currency,fx_rate")

    outcome = orders(
        head + "S1,2026-01-05,A,P1,2,USD,4.725,10\nS2,2026-01-05,A,P1,1,USD,,10\nS3,2026-01-05,A,P1,1,,,10\n"
        "S4,2026-01-05,A,P1,1,MYR,2.5,10\nS5,2026-01-05,A,P1,1,USD,0,10\nS6,2026-01-05,A,P1,1,dollars,1,10\n",
        skip_rejected=True,
        decimals="point",
    )

    assert counts(outcome.check) == (6, 2, 0, 0, 4)
    assert net() == Decimal("104.50")  # 2 × 10 × 4.725 + 10


def test_every_kind_of_bad_cell_is_named():
    outcome = orders(
        HEAD
        + "S1,soon,A,P1,1,1\n,2026-01-05,A,P1,1,1\nS3,2026-01-05,A,,1,1\nS4,2026-01-05,A,P1,many,1\n"
        + "S5,2026-01-05,A,P1,1,\nS6,2026-01-05,A,P1,1,1,surplus\nS7,2026-01-05,A,5.36E+05,1,1\n"
        + "S8,2026-01-05,#N/A,P1,1,1\n"
    )

    assert counts(outcome.check) == (8, 0, 0, 0, 8)
    assert reasons(outcome.check) == {
        "ordered_on: this is not a date": 1,
        "order_no: a value is needed here": 1,
        "product: a value is needed here": 1,
        "quantity: this is not a number": 1,
        "a price is needed: unit_price, list_price with discount_rate, or net_amount": 1,
        "the row has more cells than the header": 1,
        "product: Excel has shortened this number and lost digits: format the column as text and save again": 1,
        "account: the cell holds an Excel error": 1,
    }
    first = outcome.check.refused_rows[0]
    assert (first.line, first.cells[1], first.problems[0].field) == (2, "soon", "ordered_on")


def test_a_rejected_row_stops_everything_unless_it_may_be_skipped():
    file = FIRST + "S3,2026-01-05,A,P1,x,1\n"

    stopped, skipped = orders(file), orders(file, skip_rejected=True)

    assert stopped.batch_id is None
    assert counts(stopped.check) == (4, 3, 0, 0, 1)
    assert counts(skipped.check) == (4, 3, 0, 0, 1)
    assert net() == 51
    with db.read() as session:
        detail = importing.get(session, auth.OPERATOR, skipped.batch_id)
        assert detail.refused_rows[0].cells[4] == "x"


def test_skipping_a_row_of_an_order_that_is_there_does_not_lose_its_line():
    orders(FIRST)

    outcome = orders(FIRST.replace("P2,4,", "P2,four,"), skip_rejected=True)

    assert counts(outcome.check) == (3, 0, 0, 2, 1)
    assert net() == 51


def test_undo_leaves_every_figure_as_before_and_the_file_applies_again():
    orders(FIRST)
    before = everything()
    second = orders(
        HEAD + "S1,2026-01-06,A,P1,3,9.00\nS3,2026-03-01,C,P9,1,7.00\nS2,2026-02-01,B,P1,2,3.00\n"
    )
    assert counts(second.check) == (3, 2, 1, 1, 0)
    assert net() == Decimal(40)  # 27 + 7 + 6

    undo(second.batch_id)

    assert everything() == before
    again = orders(HEAD + "S1,2026-01-06,A,P1,3,9.00\nS3,2026-03-01,C,P9,1,7.00\n")
    assert counts(again.check) == (2, 2, 1, 0, 0)


def test_undoing_the_only_import_leaves_an_empty_store():
    batch = orders(FIRST).batch_id

    undo(batch)

    assert all(rows == [] for rows in everything().values())
    assert counts(orders(FIRST).check) == (3, 3, 0, 0, 0)


def test_an_import_that_another_builds_on_is_not_undone():
    first = orders(FIRST).batch_id
    second = orders(HEAD + "S1,2026-01-05,A,P1,1,1\n").batch_id

    with pytest.raises(Conflict, match=f"Import {second} changed order S1"):
        undo(first)
    undo(second)
    undo(first)

    assert net() == 0
    with pytest.raises(Conflict, match="undone already"):
        undo(first)


def test_an_account_that_is_used_meanwhile_stays_when_its_import_is_undone():
    first = orders(FIRST).batch_id
    orders(HEAD + "S9,2026-01-05,A,P1,1,1\n")

    undo(first)

    assert all_lines() == [("A", "S9", 1, "P1", "1")]
    with db.read() as session:
        assert session.scalars(select(Account.code)).all() == ["A"]


def test_overlapping_files_give_the_same_figures_in_either_order():
    older = HEAD + "S1,2026-01-05,A,P1,10,2.50\nS2,2026-02-01,B,P1,2,3.00\n"
    newer = HEAD + "S2,2026-02-01,B,P1,2,3.00\nS3,2026-02-03,B,P2,1,4.00\n"

    orders(older)
    orders(newer)
    forward = list(all_lines())
    with db.read() as session:
        batches = session.scalars(select(ImportBatch.id).order_by(ImportBatch.id.desc())).all()
    for batch in batches:
        undo(batch)
    orders(newer)
    orders(older)

    assert all_lines() == forward
    assert net() == 35


def test_ambiguous_cells_are_asked_for_and_nothing_is_applied():
    outcome = orders(HEAD + 'S1,03/04/2026,A,P1,"1,234",2\n')

    assert [question.about for question in outcome.check.questions] == ["decimal", "date_order"]
    assert outcome.batch_id is None
    answered = orders(HEAD + 'S1,03/04/2026,A,P1,"1,234",2\n', date_order="day", decimals="point")
    assert answered.batch_id
    assert net() == 2468


def test_a_code_of_another_system_finds_its_account_after_the_accounts_own_codes():
    with db.write() as session:
        ours = factories.account(session, code="A")
        twin = factories.account(session, code="B")
        factories.product(session, "P1")
        session.add_all(
            [
                AccountCode(source="erp", code="10001", account_id=ours.id),
                AccountCode(source="web", code="W1", account_id=ours.id),
                AccountCode(source="shop", code="W1", account_id=twin.id),
                AccountCode(source="erp", code="B", account_id=ours.id),
            ]
        )
    file = HEAD + "S1,2026-01-05,10001,P1,1,1\nS2,2026-01-05,W1,P1,1,1\nS3,2026-01-05,B,P1,1,1\n"

    open_source = dry("orders", file)
    web = bring("orders", file, source="web", skip_rejected=True)

    assert counts(open_source) == (3, 2, 0, 0, 1)
    assert counts(web.check) == (3, 2, 0, 0, 1)
    assert [(row[0], row[1]) for row in all_lines()] == [("A", "S2"), ("B", "S3")]


def test_a_manager_books_to_own_accounts_only_and_learns_nothing_of_others():
    with db.write() as session:
        anna = auth.actor_for(factories.user(session, "anna", Role.MANAGER))
        ben = auth.actor_for(factories.user(session, "ben", Role.MANAGER))
        factories.account(session, anna, "A")
        factories.account(session, ben, "B")
        factories.product(session, "P1")
    bring("orders", HEAD + "S1,2026-01-05,B,P1,5,1\nS2,2026-01-05,A,P1,1,1\n")

    check = bring(
        "orders",
        HEAD
        + "S1,2026-01-05,A,P1,1,1\nS2,2026-01-05,A,P1,2,1\nS3,2026-01-05,B,P1,1,1\nS4,2026-01-05,X,P1,1,1\n"
        "S5,2026-01-05,,P1,1,1\nS6,2026-01-05,A,P2,1,1\n",
        actor=anna,
        skip_rejected=True,
        create_missing=True,
        missing_account="unassigned",
    ).check

    assert counts(check) == (6, 1, 1, 0, 5)
    assert reasons(check) == {
        "order_no: this order number cannot be used here: ask a director to import the order": 1,
        "account: there is no such account among those you may book to": 2,
        "account: a value is needed here": 1,
        "product: there is no such product": 1,
    }
    assert [row[1] + row[4] for row in all_lines()] == ["S22", "S15"]
    with db.read() as session:
        first, second = session.scalars(select(ImportBatch.id).order_by(ImportBatch.id)).all()
        assert [row.id for row in importing.search(session, anna)] == [second]
    with pytest.raises(NotFound):
        undo(first, anna)
    with pytest.raises(NotFound):
        undo(second, ben)
    undo(second, anna)
    assert [row[1] + row[4] for row in all_lines()] == ["S21", "S15"]


def test_a_viewer_imports_nothing():
    with db.write() as session:
        vera = auth.actor_for(factories.user(session, "vera", Role.VIEWER))

    with pytest.raises(auth.Forbidden):
        bring("orders", FIRST, actor=vera)


def test_a_header_that_the_file_lacks_is_refused_with_those_it_has():
    with pytest.raises(Invalid, match=r"no column “Price” for unit_price.*order_no, ordered_on"):
        bring("orders", FIRST, columns={"unit_price": "Price"})


def test_a_required_column_that_nobody_named_is_refused_with_a_hint():
    with pytest.raises(Invalid, match=r'No column is matched to order_no.*--column order_no="InvoiceNo"'):
        bring("orders", FIRST.replace("order_no", "InvoiceNo"))


def test_a_dry_run_changes_nothing():
    check = dry("orders", FIRST, create_missing=True)

    assert counts(check) == (3, 3, 0, 0, 0)
    assert all(rows == [] for rows in everything().values())


def test_a_file_without_rows_brings_nothing():
    assert counts(orders(HEAD).check) == (0, 0, 0, 0, 0)
    assert counts(bring("accounts", "code\n").check) == (0, 0, 0, 0, 0)


def test_the_ringgit_is_known_by_its_own_sign():
    head = HEAD.replace("quantity", "quantity,currency")

    assert counts(orders(head + "S1,2026-01-05,A,P1,2,RM,RM 1.50\n").check) == (1, 1, 0, 0, 0)
    assert net() == 3


def test_the_account_without_a_name_is_found_by_its_code_even_before_it_exists():
    outcome = orders(
        HEAD + "S1,2026-01-05,UNASSIGNED,P1,2,1.50\nS2,2026-01-05,,P1,1,1\n", missing_account="unassigned"
    )

    assert counts(outcome.check) == (2, 2, 0, 0, 0)
    with db.read() as session:
        account = session.scalars(select(Account)).one()
        assert (account.code, account.is_unassigned) == ("UNASSIGNED", True)
