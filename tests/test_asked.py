"""What the similarity app is asked for, as the parameters of a link."""

from hypothesis import given
from hypothesis import strategies as st

from engine.relative import RELATIONS
from ui.asked import APART, COUNTS, SEEDS, VIEWS, Asked, from_params, to_params

unique = {"unique": True}
asked = st.builds(
    Asked,
    seeds=st.lists(st.integers(0, 10**18 - 1), max_size=SEEDS, **unique).map(tuple),
    than=st.lists(
        st.sampled_from(list(RELATIONS)), unique_by=lambda name: RELATIONS[name].field
    ).map(tuple),
    view=st.sampled_from(VIEWS),
    apart=st.lists(st.sampled_from(APART), **unique).map(tuple),
    count=st.sampled_from(COUNTS),
    hubness=st.booleans(),
)


@given(asked)
def test_a_link_returns_what_was_asked(wanted):
    assert from_params(to_params(wanted)) == (wanted, [])


@given(st.dictionaries(st.sampled_from(["track", "than", "view", "count", "apart", "hubness"]),
                       st.lists(st.text(max_size=30), min_size=1, max_size=3)))  # fmt: skip
def test_any_link_is_answered_and_what_cannot_be_read_is_said(params):
    wanted, problems = from_params(params)
    assert len(wanted.seeds) <= SEEDS
    assert wanted.count in COUNTS and wanted.view in VIEWS
    assert problems or from_params(to_params(wanted))[0] == wanted


@given(st.lists(st.sampled_from(list(RELATIONS)), **unique))
def test_of_two_opposites_the_later_one_counts_and_a_sentence_names_the_other(than):
    wanted, problems = from_params({"than": than})
    fields = [RELATIONS[name].field for name in than]
    kept = [name for at, name in enumerate(than) if fields[at] not in fields[at + 1 :]]
    assert wanted.than == tuple(kept)
    gone = [name for name in than if name not in kept]
    assert [problem.split(" ")[0] for problem in problems] == [f"than={name}" for name in gone]


def test_defaults_are_not_written():
    assert to_params(Asked()) == {}
    assert to_params(Asked(seeds=(7, 3))) == {"track": ["7", "3"]}


def test_a_seed_comes_once_and_the_first_gives_way():
    full = Asked(seeds=tuple(range(SEEDS)))
    assert full.with_seed(99).seeds == (*range(1, SEEDS), 99)
    assert full.with_seed(0).seeds == (*range(1, SEEDS), 0)
    assert full.without_seed(3).seeds == (0, 1, 2, *range(4, SEEDS))
