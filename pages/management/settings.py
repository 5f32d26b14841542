"""Settings: what the company decided for everybody, each with what it does said beside it."""

from functools import partial

import streamlit as st

from core import db, settings
from core.language import _
from core.vocabulary import Permission
from pages.ui import forms, gate, limit_parts, settings_parts

actor = gate.require(Permission.SETTING_WRITE)

with db.read() as session:
    current = settings.get(session)

st.title(_("Settings"))
st.caption(_("They hold for everybody; each change is in the audit."))

with forms.form("settings") as form:
    shown, seen = form.keep("shown", current), form.keep("version", current)
    touched = form.keep("touched", set())
    labels = [_("General"), _("Figures"), _("Health"), _("Competition")]
    general, figures, health, competition = st.tabs(labels)
    with general:
        left, middle, right = st.columns(3, gap="medium")
        with left:
            of_company = settings_parts.company(form, current)
        with middle:
            of_attention = settings_parts.attention(form, current)
        with right:
            of_delivery = settings_parts.otif(form, current)
    with figures:
        of_figures = settings_parts.figures(form, current)
    with health:
        of_health = settings_parts.health(form, current)
    with competition:
        of_rivals = settings_parts.competition(form, current)
    submitted = form.submit(_("Save settings"))

if submitted:
    typed = {**of_company, **of_attention, **of_figures, **of_delivery, **of_health, **of_rivals}
    # What was left alone is not sent, so that it cannot replace what somebody else decided meanwhile.
    touched |= {key for key, value in typed.items() if value != getattr(shown, key)}
    changes = {key: value for key, value in typed.items() if key in touched and value is not None}
    before = {key: getattr(current, key) for key in changes}
    with form.saving(_("Settings saved.")) as session:
        settings.update(session, actor, changes, seen=seen)
        form.offer_undo(partial(settings.update, changes=before, seen=settings.get(session)))

st.subheader(_("Authority limits"))
limit_parts.show(actor, current.base_currency)
