"""What the votes of the listening test say: counts, a share with its interval, genres, cautions."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from engine.listening_results import Results, Tally, results
from engine.listening_test import Vote
from ui.found import NETWORKS as ORDER
from ui.lists import NETWORKS
from ui.page import TEAL, ink
from ui.text import count, percent

GREY = "#8a8a8a"
HEIGHT = 150  # pixels of the plot


def draw(votes: Sequence[Vote], models: dict[str, str]) -> None:
    """Everything that the votes say of the two networks."""
    said = results(votes, (ORDER[0], ORDER[1]), models)
    first, second = (NETWORKS[name][0] for name in said.spaces)
    overall = said.overall
    if said.other_versions:
        st.caption(
            f":material/info: {count(said.other_versions, 'vote')} on other model files not "
            "counted: those are other networks."
        )
    if not overall.decided + overall.same:
        st.info("No votes yet: compare some lists first.", icon=":material/how_to_vote:")
        return
    with st.container(horizontal=True, gap="small"):  # side by side on a phone, too
        st.metric(first, f"{overall.first:,}", border=True)
        st.metric(second, f"{overall.second:,}", border=True)
        st.metric("No difference", f"{overall.same:,}", border=True)
    st.markdown(_verdict(overall, first, second))
    if overall.decided:
        st.plotly_chart(
            share_plot(overall, first, second), key="test_share", config={"displayModeBar": False},
            alt=_interval(overall, first),
        )  # fmt: skip
    for caution in _cautions(said):
        st.caption(f":material/info: {caution}")
    st.subheader("By genre of the track", anchor=False)
    st.dataframe(
        genre_table(said, first, second), hide_index=True, key="test_genres", alt="Votes by genre"
    )


def _verdict(overall: Tally, first: str, second: str) -> str:
    """One sentence on which network is preferred, if any."""
    if not overall.decided:
        return "Nobody has heard a difference so far."
    if overall.is_clear:
        winner, share = first, overall.share
        if share < 0.5:
            winner, share = second, 1 - share
        return (
            f"**{winner} is preferred**, in {percent(share)} of "
            f"{count(overall.decided, 'decided vote')}. Were there no preference, at most 1 test "
            f"in 20 would ever look so clear, however often one looks. {_interval(overall, first)}"
        )
    more = overall.more_needed
    wait = (
        f" If the share stays as it is, {count(more, 'more vote')} would show it." if more else ""
    )
    return (
        f"**No clear preference yet**, by a rule that holds however often one looks.{wait} "
        f"{_interval(overall, first)}"
    )


def _interval(overall: Tally, first: str) -> str:
    low, high = overall.interval
    return (
        f"{first} has {percent(overall.share)} of {count(overall.decided, 'decided vote')}; "
        f"95\u00a0% interval, which holds for a number of votes fixed beforehand: {percent(low)} "
        f"to {percent(high)}."
    )


def _cautions(said: Results) -> list[str]:
    """How little it says, and why."""
    found = [said.overall.caution] if said.overall.caution else []
    if said.nameless > 1:
        found.append("The votes without a name may be of one or several people.")
    elif said.listeners == 1 and not said.nameless and said.overall.decided > 1:
        found.append("All votes are of one listener: they say how that one hears.")
    if said.sides.is_clear:
        side = "A" if said.sides.share > 0.5 else "B"
        found.append(f"List {side} is chosen much more often than the other, whoever made it.")
    return found


def share_plot(overall: Tally, first: str, second: str) -> go.Figure:
    """The share of the first network with its 95 % interval, and the line of no preference."""
    low, high = (100 * end for end in overall.interval)
    share = 100 * overall.share
    figure = go.Figure(
        go.Scatter(
            x=[share],
            y=[0],
            mode="markers",
            marker={"size": 14, "color": TEAL},
            error_x={
                "type": "data", "symmetric": False, "array": [high - share],
                "arrayminus": [share - low], "thickness": 3, "width": 8, "color": TEAL,
            },
            hovertemplate=f"{share:.0f} %, between {low:.0f} and {high:.0f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(50, line_dash="dot", line_color=GREY, layer="below")
    figure.update_xaxes(
        range=[0, 100], ticksuffix=" %", fixedrange=True,
        title=f"← {second} preferred · share of {first} · {first} preferred →",
        title_font_color=ink(), tickfont_color=ink(),
    )  # fmt: skip
    figure.update_yaxes(visible=False, range=[-1, 1], fixedrange=True)
    figure.update_layout(height=HEIGHT, margin={"l": 10, "r": 20, "t": 10, "b": 10})
    return figure


def genre_table(said: Results, first: str, second: str) -> pd.DataFrame:
    """One row a genre, most votes first."""
    rows = []
    for genre, tally in said.genres:
        low, high = tally.interval
        rows.append(
            {
                "Genre": genre,
                first: tally.first,
                second: tally.second,
                "No difference": tally.same,
                f"{first}'s share": "" if tally.share is None else percent(tally.share),
                "95 % interval": f"{percent(low)} to {percent(high)}" if tally.decided else "",
            }
        )
    return pd.DataFrame(rows)
