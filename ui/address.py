"""The address of the page and the state of a session, kept in step both ways.

What a person changes on the page is written into the address, so that it is a link to what they
see. When the address changes by itself, it wins: the browser's Back and Forward make Streamlit run
the script again with the older parameters, but leave the session's state as it was, so the state is
read from the address anew. The two cases are told apart by what this session wrote last.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence

import streamlit as st

Params = Mapping[str, Sequence[str]]
WRITTEN = "address_written_"  # session state: what was written last, and what when before
# A click may come with the address of before the last changes, when the browser had not heard of
# them yet; a slider moved by keys changes ten times a second. Nobody goes Back within this time.
IN_FLIGHT_S = 1.0


def current(names: Collection[str]) -> dict[str, list[str]]:
    """The parameters of the address with these names."""
    return {name: st.query_params.get_all(name) for name in st.query_params if name in names}


def begin(
    names: Collection[str],
    load: Callable[[Params], None],
    whose: str = "query",
    moved: bool = False,
) -> None:
    """Call load with the parameters where the address is news: at first, after Back and Forward.

    `whose` tells apart groups of parameters that are kept in step on their own. `moved`: this run
    came of a widget, so an older address is a late one, however late; Back moves no widget.
    """
    shown, written_key = current(names), WRITTEN + whose
    if written_key not in st.session_state:
        st.session_state[written_key] = (shown, [])
        load(shown)
        return
    written, before = st.session_state[written_key]
    late = any(shown == old for old, _ in _in_flight(before))
    if shown != written and not late and not moved:
        st.session_state[written_key] = (shown, [])
        load(shown)


def _in_flight(before: Sequence[tuple[Params, float]]) -> list[tuple[Params, float]]:
    return [(old, until) for old, until in before if time.monotonic() - until < IN_FLIGHT_S]


def keep(names: Collection[str], params: Params, whose: str = "query") -> None:
    """Write the parameters where they changed; those with other names stay as they are."""
    shown = current(names)
    wanted = {name: list(values) for name, values in params.items()}
    if shown != wanted:
        others = {n: st.query_params.get_all(n) for n in st.query_params if n not in names}
        st.query_params.from_dict(others | wanted)
        _, before = st.session_state.get(WRITTEN + whose, (None, []))
        before = [*_in_flight(before), (shown, time.monotonic())]
        st.session_state[WRITTEN + whose] = (wanted, before)
