"""What a launcher has to know of a run before it starts it, whichever command's run it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import EncoderRecord, EncoderSetup, RunRecord, RunSetup
from ercbench.training.train import PlannedRun, data_of

if TYPE_CHECKING:
    from ercbench.training.finetune import PlannedEncoder


@dataclass(frozen=True)
class Work:
    """A run before it is started.

    Attributes:
        run: Its folder.
        setup: What it is asked.
        data: What stands for its data.
        goal: The file that it writes last.
        finished: Whether it has done all that is asked.
        anew: Folders that begin anew when it is forced to run again.
    """

    run: RunFolder
    setup: RunSetup | EncoderSetup
    data: Mapping[str, Any]
    goal: Path
    finished: bool
    anew: Sequence[RunFolder]

    @property
    def record(self) -> RunRecord | EncoderRecord:
        """What it left.

        Raises:
            ErcbenchError: The file is damaged or of another version.
        """
        kind: Any = RunRecord if isinstance(self.setup, RunSetup) else EncoderRecord
        return self.run.read(kind)


def of_run(planned: PlannedRun) -> Work:
    """Returns the work of `ercbench train`."""
    run, setup = planned.folder, planned.setup
    return Work(run, setup, data_of(setup), run.result, run.finished, [run])


def of_encoder(planned: PlannedEncoder) -> Work:
    """Returns the work of `ercbench finetune`; the encoders of the folds belong to it."""
    from ercbench.training.finetune import folders_of

    run, anew = planned.folder, folders_of(planned) if planned.config.force else []
    return Work(run, planned.setup, planned.data, planned.goal, planned.finished, anew)
