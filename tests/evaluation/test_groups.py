import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench.evaluation.compare.naming import names
from ercbench.evaluation.compare.reading import read_comparisons
from records import make_recipe, make_setup, write_run


def settings(seed, **model):
    return {"seed": seed, "model": {"hidden": 8, "layers": 1} | model}


def only(folder):
    (comparison,) = read_comparisons(folder)
    return comparison


def test_seeds_of_one_model_are_a_group(tmp_path):
    for seed in (2, 0, 10):
        write_run(tmp_path, "CFN-ESA", seed, texts=True)
    comparison = only(tmp_path)
    (group,) = comparison.groups
    assert group.name == "CFN-ESA"
    assert group.seeds == (0, 2, 10)
    assert group.probabilities.shape == (3, 22, 3)
    assert group.predictions.shape == (3, 22)
    assert [run.setup.seed for run in group.runs] == [0, 2, 10]
    assert comparison.warnings == ()
    assert comparison.test.texts[0] == "Words of d0-0."


def test_an_utterance_without_a_label_is_in_the_test_set_without_one(tmp_path):
    write_run(tmp_path, unlabelled=(4,))
    test = only(tmp_path).test
    assert [index for index, truth in enumerate(test.truth) if truth == -1] == [4]
    assert test.texts.tolist() == [""] * 22


def test_missing_seeds_are_said(tmp_path):
    write_run(tmp_path, "GRU", 0)
    write_run(tmp_path, "GRU", 1)
    write_run(tmp_path, "MLP", 1)
    comparison = only(tmp_path)
    assert [comparison.missing_seeds(group) for group in comparison.groups] == [(), (0,)]
    assert comparison.warnings == ("MLP: no run of seed 0, which other models have.",)


def test_every_output_is_a_group_of_the_same_runs(tmp_path):
    for seed in (0, 1):
        write_run(tmp_path, "HCAM", seed, outputs=("text", "ensemble"))
    groups = only(tmp_path).groups
    assert [group.name for group in groups] == ["HCAM", "HCAM: ensemble", "HCAM: text"]
    assert len({group.folders for group in groups}) == 1
    assert groups[2].scores[0] == groups[2].runs[0].results.outputs["text"].test


def test_what_tells_groups_apart_is_in_their_names_and_no_more(tmp_path):
    write_run(tmp_path, "GRU", settings=settings(0))
    write_run(tmp_path, "MLP", settings=settings(0))
    write_run(tmp_path, "MLP", settings=settings(0, hidden=16, layers=2))
    comparison = only(tmp_path)
    assert {group.name for group in comparison.groups} == {"GRU", "MLP, hidden=8", "MLP, hidden=16"}
    assert comparison.groups[1].differences == {"model.hidden": "16", "model.layers": "2"}


def test_features_are_named_where_a_model_has_several(tmp_path):
    write_run(tmp_path, "GRU")
    write_run(tmp_path, "MLP")
    write_run(tmp_path, "MLP", features=["text:x"])
    names = {group.name for group in only(tmp_path).groups}
    assert names == {"GRU", "MLP, text", "MLP, text+audio"}


def test_feature_sets_say_their_modalities_themselves(tmp_path):
    for features in (["text:x"], ["text:y"], ["text:x", "audio:x"]):
        write_run(tmp_path, "MLP", features=features)
    names = {group.name for group in only(tmp_path).groups}
    assert names == {"MLP, text:x", "MLP, text:y", "MLP, text:x+audio:x"}


def test_features_that_changed_under_one_name_are_not_averaged(tmp_path):
    write_run(tmp_path, seed=0)
    write_run(tmp_path, seed=1, features=[make_recipe("text:x", contents="9"), "audio:x"])
    assert len({group.name for group in only(tmp_path).groups}) == 2


def test_versions_of_the_code_are_not_averaged_and_said(tmp_path):
    write_run(tmp_path, "MLP", 0, code="aaaaaaaaa")
    write_run(tmp_path, "MLP", 0, code="bbbbbbbbb")
    write_run(tmp_path, "GRU", 0, code="aaaaaaaaa")
    comparison = only(tmp_path)
    assert {g.name for g in comparison.groups} == {"GRU", "MLP, code=aaaaaa", "MLP, code=bbbbbb"}
    assert "MLP's runs are of 2 versions of the code" in comparison.warnings[0]


def test_models_may_have_different_code(tmp_path):
    write_run(tmp_path, "MLP", 0, code="aaaaaaaaa")
    write_run(tmp_path, "GRU", 0, code="bbbbbbbbb")
    assert only(tmp_path).warnings == ()


def test_a_version_is_not_named_where_a_setting_tells_groups_apart(tmp_path):
    write_run(tmp_path, "MLP", 0, code="a", settings=settings(0))
    write_run(tmp_path, "MLP", 0, code="b", settings=settings(0, hidden=16))
    assert [group.name for group in only(tmp_path).groups] == ["MLP, hidden=16", "MLP, hidden=8"]


def test_how_a_run_was_shown_does_not_tell_it_apart(tmp_path):
    shown = {"trainer": {"enable_progress_bar": True}}
    hidden = {"trainer": {"enable_progress_bar": False}}
    write_run(tmp_path, seed=0, settings=settings(0) | shown)
    write_run(tmp_path, seed=1, settings=settings(1) | hidden)
    assert [group.seeds for group in only(tmp_path).groups] == [(0, 1)]


def test_of_two_runs_of_a_seed_the_one_with_as_released_numbers_stays(tmp_path):
    honest = settings(0) | {"protocol": {"as_released": False}}
    both = settings(0) | {"protocol": {"as_released": True}}
    write_run(tmp_path, name="a", settings=honest)
    write_run(tmp_path, name="b", settings=both, released={"accuracy": 0.9})
    comparison = only(tmp_path)
    assert [group.runs[0].run for group in comparison.groups] == ["b"]
    assert comparison.warnings == ()


def test_of_two_runs_of_a_seed_the_one_that_was_watched_longer_stays(tmp_path):
    for name, epochs in (("a", 12), ("b", 80), ("c", None)):
        own = {"protocol": {"as_released": True, "released_epochs": epochs}}
        given = {"settings": settings(0) | own, "released": {"accuracy": 0.9}, "watched": epochs}
        write_run(tmp_path, name=name, **given)
    comparison = only(tmp_path)
    assert [group.runs[0].run for group in comparison.groups] == ["b"]
    assert comparison.warnings == ()


def test_it_is_serious_if_their_honest_numbers_differ(tmp_path):
    both = settings(0) | {"protocol": {"as_released": True}}
    write_run(tmp_path, name="a", settings=settings(0) | {"protocol": {"as_released": False}})
    write_run(tmp_path, name="b", settings=both, skill=3.0, released={"accuracy": 0.9})
    (warning,) = only(tmp_path).warnings
    assert warning.startswith("SERIOUS")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"split": "other"}, r"another split \(other; not standard\)"),
        ({"labels": ("calm", "glad", "mad")}, r"other labels \(calm, glad, mad; not "),
        ({"manifest_sha256": "n"}, "another store of the corpus"),
    ],
)
def test_runs_on_something_else_stand_apart_and_it_is_said_why(tmp_path, changes, why):
    write_run(tmp_path, "GRU")
    write_run(tmp_path, "MLP", **changes)
    first, second = read_comparisons(tmp_path)
    assert len(first.groups) == len(second.groups) == 1
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(first.warnings)


def test_features_do_not_keep_models_from_being_compared(tmp_path):
    write_run(tmp_path, "GRU")
    write_run(tmp_path, "MLP", features=["text:x"])
    assert len(only(tmp_path).groups) == 2


def test_a_run_with_other_true_labels_is_refused_and_named(tmp_path):
    write_run(tmp_path, "GRU", 0)
    write_run(tmp_path, "GRU", 1)
    write_run(tmp_path, "MLP", 0, truth_seed=5, name="odd")
    comparison = only(tmp_path)
    assert [group.name for group in comparison.groups] == ["GRU"]
    assert "odd/predictions.parquet has other labels than the others" in comparison.warnings[0]


def test_a_run_on_other_utterances_is_refused_and_named(tmp_path):
    write_run(tmp_path, "GRU", 0)
    write_run(tmp_path, "GRU", 1)
    write_run(tmp_path, "MLP", 0, sizes=(5, 8, 3), name="odd")
    assert "odd/predictions.parquet has other utterances (16, not 22)" in only(tmp_path).warnings[0]


def test_the_order_of_folders_does_not_matter(tmp_path):
    for index, order in enumerate(("abc", "bca")):
        for seed, name in enumerate(order):
            write_run(tmp_path / str(index), seed=seed, name=name, fingerprint=str(seed))
    first, second = (only(tmp_path / index).groups[0] for index in "01")
    assert (first.probabilities == second.probabilities).all()
    assert first.seeds == second.seeds


def test_a_text_column_in_some_records_only_is_no_difference(tmp_path):
    write_run(tmp_path, seed=0)
    write_run(tmp_path, seed=1, texts=True)
    assert [group.seeds for group in only(tmp_path).groups] == [(0, 1)]
    assert only(tmp_path).test.texts[1] == "Words of d0-1."


@given(
    st.lists(
        st.tuples(*map(st.sampled_from, ("ab", (1, 2, 3), (1, 2, 3), "cd"))),
        min_size=1,
        max_size=12,
        unique=True,
    )
)
def test_names_are_unique_whatever_tells_groups_apart(variants):
    setups = [
        make_setup(model, settings=settings(0, hidden=hidden, layers=layers), code=code)
        for model, hidden, layers, code in variants
    ]
    assert len({name.of("final") for name in names(setups)}) == len(variants)
