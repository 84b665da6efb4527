"""CMU-MOSI, from the field's contextual arrays or from the raw release."""

from ercbench.corpora.mosi.read import read_mosi
from ercbench.corpora.registry import CorpusReader, PublishedCounts

CORPORA = (
    CorpusReader(
        name="mosi",
        title="CMU-MOSI",
        summary="opinions on films, a video a conversation, 2 polarities (Zadeh et al. 2016)",
        read=read_mosi,
        settings=("zero",),
        counts=(
            PublishedCounts("poria", (49, 13, 31), (None, None, 752), "Poria et al.", classes=2),
            PublishedCounts("standard", (52, 10, 31), (1284, 229, 686), "CMU's SDK", classes=2),
        ),
    ),
)
