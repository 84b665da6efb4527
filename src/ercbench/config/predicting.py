"""The type of the settings of `ercbench predict`."""

from dataclasses import dataclass
from typing import Any

from ercbench.config.stores import ColumnSettings
from ercbench.settings import Settings


@dataclass(kw_only=True)
class PredictSettings(Settings):
    """Everything `ercbench predict` can be told.

    Attributes:
        run: Folder of a finished run, a pattern for the folders of its seeds, or a list.
        input: A recording, a folder of clips, a transcript or a table.
        transcript: Of a recording: who speaks when.
        columns: Tables: names of columns.
        transcribe: `whisper` or the folder of such a model, where no text is given.
        language: What is spoken, for `transcribe`.
        text: Where the encoder of the run's text lies, if its name does not call it up; likewise
            `audio`, `visual`.
        out: Folder for files and a page; None to print alone.
        force: Whether what is in `out` may be replaced.
    """

    run: Any
    input: str
    transcript: str | None
    columns: ColumnSettings
    transcribe: str | None
    language: str | None
    text: str | None
    audio: str | None
    visual: str | None
    out: str | None
    force: bool
