"""The SIMULATED corpus and the exact ceilings of what can be predicted on it."""

from ercbench.corpora.registry import CorpusReader

CORPORA = (
    CorpusReader(
        name="simulated",
        title="SIMULATED corpus",
        summary="SIMULATED two-speaker conversations whose best possible score is known",
        read=None,
    ),
)
