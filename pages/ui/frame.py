"""Where every run starts: the sign-in form, or the navigation and the page."""

from __future__ import annotations

import base64
import sys
from functools import cache
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from core import config  # noqa: E402  (found through the path set above)
from core.errors import UtamaError  # noqa: E402
from core.language import _  # noqa: E402
from core.sessions import SignedIn  # noqa: E402
from pages.ui import form_memory, forms, gate, navigation, signin, undo_bar  # noqa: E402

_OPENED = "opened_page"


def main() -> None:
    st.set_page_config(page_title="Utama", page_icon=_favicon(), layout="wide", initial_sidebar_state="auto")
    st.logo(_logo(st.context.theme.type == "dark"), size="large")
    found = gate.signed_in()
    if found is None or found.must_change_password:
        navigation.navigate(None)
        undo_bar.show_flash()
        if found is None:
            signin.show()
        else:
            signin.choose_password(found)
        return
    page = navigation.navigate(found.actor)
    form_memory.open_page(_OPENED, page.url_path)
    form_memory.finish_all()
    _user_menu(found)
    undo_bar.show_flash()
    try:
        with gate.one_run(found):
            undo_bar.show_undo()
            page.run()
    except UtamaError as error:
        st.error(error.message)


def _user_menu(found: SignedIn) -> None:
    """Who is signed in, and the way to their profile and out."""
    with st.sidebar.popover(forms.plain(found.actor.name), icon=":material/account_circle:", width="stretch"):
        st.page_link(navigation.profile(), label=_("My profile"), icon=":material/person:")
        leaving = st.button(_("Sign out"), icon=":material/logout:", key="sign-out", width="stretch")
    if found.is_demo:
        st.sidebar.caption(_("Demo company: every name and figure is made up."))
    if leaving:
        signin.sign_out()


@cache
def _favicon() -> str:
    # Inline, since files under /media/ are for the signed in only.
    picture = (config.DATA / "assets" / "favicon.png").read_bytes()
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


@cache
def _logo(dark: bool) -> str:
    return (config.DATA / "assets" / f"logo-{'dark' if dark else 'light'}.svg").read_text(encoding="utf-8")


main()
