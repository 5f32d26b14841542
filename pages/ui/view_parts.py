"""Named views of a page: open one, keep what is chosen now under a name, share it as a link."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from core import db, saved_views
from core.auth import Actor
from core.language import _
from core.saved_views import View
from pages.ui import dialogs, filters, forms
from pages.ui.forms import plain

_OPEN = "views_open"


def menu(actor: Actor, page: str) -> None:
    """The views of a page behind one button."""
    with db.read() as session:
        views = saved_views.search(session, actor, page)
    with st.popover(_("Views"), icon=":material/bookmark:", key=_OPEN, on_change="rerun"):
        for view in views:
            _entry(page, view)
        if not views:
            st.caption(
                _("No view has a name yet. A view keeps what is chosen on this page, not the figures.")
            )
        if st.button(_("Keep this view"), icon=":material/bookmark_add:", type="tertiary", on_click=_close):
            dialogs.ask(_("Keep this view"), _keep, page, filters.address())
        st.caption(_("The address of this page is its link: whoever opens it sees their own accounts in it."))
        st.code(link(), language=None, wrap_lines=True)


def _close() -> None:
    """A dialog opens: the menu must not stand above it."""
    st.session_state[_OPEN] = False


def link() -> str:
    """The address of what is on the screen."""
    base = urlsplit(st.context.url or "")
    return urlunsplit((base.scheme, base.netloc, base.path, urlencode(filters.address(), doseq=True), ""))


def _entry(page: str, view: View) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            plain(view.name),
            key=f"view_{view.id}",
            icon=":material/group:" if view.is_shared else ":material/bookmark:",
            type="tertiary",
            help=None if view.is_own else plain(_("Shared by {name}").format(name=view.author)),
            on_click=filters.follow,
            args=(view.choices,),
            width="stretch",
        )
        if not view.is_own:
            return
        help_text = _("Share or remove")
        if st.button(
            "",
            key=f"edit_{view.id}",
            icon=":material/more_vert:",
            type="tertiary",
            help=help_text,
            on_click=_close,
        ):
            dialogs.ask(help_text, _change, page, view)


def _keep(actor: Actor, page: str, choices: dict[str, str | list[str]]) -> None:
    with forms.form(f"view-{page}", border=False) as form:
        name = form.text("name", _("Name of the view"), max_chars=60)
        shared = form.tick("is_shared", _("Offer it to everybody"))
        submitted = form.submit(_("Keep"))
    if submitted:
        with form.saving(_("View kept: {name}").format(name=name)) as session:
            number = saved_views.save(session, actor, page, name, choices, is_shared=shared)
            form.offer_undo(partial(saved_views.remove, view_id=number, version=1))


def _change(actor: Actor, page: str, view: View) -> None:
    st.markdown(f"**{plain(view.name)}**")
    with forms.form(f"share-{view.id}", border=False) as form:
        shared = form.tick("is_shared", _("Offer it to everybody"), view.is_shared)
        version = form.keep("version", view.version)
        submitted = form.submit(_("Save"))
    with forms.form(f"remove-{view.id}", border=False) as removal:
        seen = removal.keep("version", view.version)
        removed = removal.submit(_("Remove this view"), type="secondary", icon=":material/delete:")
    if submitted:
        with form.saving(_("View saved.")) as session:
            now = saved_views.share(session, actor, view.id, shared, version=version)
            form.offer_undo(
                partial(saved_views.share, view_id=view.id, is_shared=view.is_shared, version=now)
            )
    if removed:
        with removal.saving(_("View removed: {name}").format(name=view.name)) as session:
            saved_views.remove(session, actor, view.id, version=seen)
            removal.offer_undo(
                partial(
                    saved_views.save,
                    page=page,
                    name=view.name,
                    choices=view.choices,
                    is_shared=view.is_shared,
                )
            )
