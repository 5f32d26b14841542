"""terms: a submission keeps the measures that it was made with"""

from alembic import op
import sqlalchemy as sa


revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("terms", sa.Column("judged", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("terms", "judged")
