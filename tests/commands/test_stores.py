"""`ercbench stores` on stores that are whole."""

from dataclasses import replace

import numpy as np
from small import talk

from ercbench.corpora.conversation import Split
from ercbench.features.store.feature_store import FeatureStore


def test_listing_counts_and_imports_neither_torch_nor_pandas(run_command, tmp_path):
    corpus = talk(120)
    with FeatureStore.creating(tmp_path / "stores" / "mine", corpus) as store:
        store.add("text", "ones", np.ones((120, 3), np.float32), encoder="none", fitted_on=[])
    check = (
        "import atexit, sys; "
        "atexit.register(lambda: print({'torch', 'pandas', 'transformers'} & set(sys.modules)))"
    )
    *table, heavy = run_command("stores", before=check).stdout.splitlines()
    assert heavy == "set()"
    told = "\n".join(table)
    for part in ("mine", "120 utterances", "text:ones [3]", f"{len(corpus.conversations)} conv"):
        assert part in told


def test_a_summary_counts_what_the_corpus_holds(tmp_path):
    whole = talk(120)
    ids = tuple(conversation.id for conversation in whole.conversations)
    whole = replace(whole, splits={"given": Split(ids[2::3], ids[::3], ids[1::3])})
    with FeatureStore.creating(tmp_path / "mine", whole) as store:
        found = store.summary()
    length = {own.id: len(own) for own in whole.conversations}
    assert (found.conversations, found.utterances) == (len(length), 120)
    parts = (ids[2::3], ids[::3], ids[1::3])
    assert found.splits["given"] == tuple(sum(length[id] for id in own) for own in parts)
