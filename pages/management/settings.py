"""Settings: what the company decided for everybody, each with what it does beside it."""

import streamlit as st
from babel.dates import get_month_names

from core import db, language, settings
from core.language import LANGUAGES, _
from core.vocabulary import Permission
from pages.ui import forms, gate, settings_parts

actor = gate.require(Permission.SETTING_WRITE)

with db.read() as session:
    current = settings.get(session)

st.title(_("Settings"))
st.caption(_("They hold for everybody; each change is in the audit."))

months = {
    number: name.capitalize() for number, name in get_month_names("wide", locale=language.current()).items()
}

with forms.form("settings") as form:
    seen = form.keep("seen", current)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Company"))
        company = form.text("company", _("Name"), current.company, help=_("Shown on reports and exports."))
        currency = form.text(
            "base_currency",
            _("Base currency"),
            current.base_currency,
            max_chars=3,
            help=_("Every figure is in this currency. It can change only while there are no orders."),
        )
        first_month = form.choice(
            "fiscal_year_month",
            _("First month of the fiscal year"),
            months,
            current.fiscal_year_month,
            help=_("“YTD” and yearly targets count from its first day."),
        )
        spoken = form.choices(
            "languages",
            _("Languages"),
            LANGUAGES,
            current.languages,
            help=_("What people may choose from in their profile."),
        )
    with right:
        st.subheader(_("Attention"))
        amber = form.decimal(
            "rhythm_amber",
            _("Rhythm: amber from"),
            current.rhythm_amber,
            places=2,
            help=_("Days since the last order ÷ the account's own median days between orders."),
        )
        red = form.decimal(
            "rhythm_red",
            _("Rhythm: red from"),
            current.rhythm_red,
            places=2,
            help=_("From here the account counts as having broken its rhythm."),
        )
        fall = form.decimal(
            "fall_share",
            _("Fall against last year"),
            current.fall_share,
            places=4,
            help=_("A share: 0.2 asks for attention where revenue fell by more than a fifth."),
        )
    of_delivery = settings_parts.otif(form, current)
    submitted = form.submit(_("Save settings"))

if submitted:
    changes = {
        "company": company,
        "base_currency": currency.upper(),
        "fiscal_year_month": first_month,
        "languages": tuple(spoken),
        "rhythm_amber": amber,
        "rhythm_red": red,
        "fall_share": fall,
        **of_delivery,
    }
    with form.saving(_("Settings saved.")) as session:
        settings.update(
            session, actor, {key: value for key, value in changes.items() if value is not None}, seen=seen
        )
