"""What is derived of a library once: percentiles of IC, places in the alphabet, who is who."""

import numpy as np
from hypothesis import given, settings
from queries import libraries, table

from engine.camelot import CODES
from engine.facts import Facts
from engine.words import found


def test_percentiles_share_ranks_between_equal_values():
    frame = table(ic_mean=[1.0, 2, 2, 4, np.nan, 7], ic_model=["a"] * 5 + ["b"])
    np.testing.assert_allclose(Facts(frame).ic_percentiles, [0, 50, 50, 100, np.nan, 50])


@given(libraries(most=20))
@settings(max_examples=200, deadline=None)
def test_percentiles_keep_the_order_within_a_model(facts):
    percentiles = facts.ic_percentiles
    values, models = facts.frame["ic_mean"].to_numpy(), facts.frame["ic_model"].to_numpy(object)
    assert (np.isnan(percentiles) == np.isnan(values)).all()
    assert np.nanmin(percentiles, initial=0) >= 0 and np.nanmax(percentiles, initial=0) <= 100
    for one in range(len(values)):
        for other in range(len(values)):
            if models[one] == models[other] and values[one] < values[other]:
                assert percentiles[one] < percentiles[other]


def test_names_have_places_whatever_their_case_and_accents():
    ranks = Facts(table(artist=["b", "Ä", None, "a", "", "B"])).name_ranks("artist")
    np.testing.assert_array_equal(ranks - np.nanmin(ranks), [1, 0, np.nan, 0, np.nan, 1])


def test_a_key_without_scale_has_no_code():
    facts = Facts(table(key_edma=["A", "A", None], scale_edma=["minor", None, "major"]))
    assert facts.key_codes("edma").tolist() == [CODES.index("8A"), -1, -1]
    assert facts.key_codes("temperley").tolist() == [-1, -1, -1]


def test_words_are_made_where_they_are_not_given():
    frame = table(title=["Á"], path=["/B"])
    assert found("á b", Facts(frame).searched).tolist() == [True]
    assert Facts(frame, words=("given",)).searched == ["given"]
