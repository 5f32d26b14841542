"""receivables in plain decimals, for spreadsheets and reporting tools"""

from alembic import op


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE VIEW v_receivables AS
        SELECT r.account_id, a.code AS account_code, a.name AS account, r.as_of, r.invoice_no, r.due_on,
               r.amount / 10000.0 AS amount, r.open_amount / 10000.0 AS open_amount
        FROM receivables r JOIN accounts a ON a.id = r.account_id"""
    )


def downgrade() -> None:
    op.execute("DROP VIEW v_receivables")
