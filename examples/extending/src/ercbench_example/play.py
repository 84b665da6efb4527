"""Plays in plain text: a heading per scene, a line per turn.

== garden (train) ==
ANN [glad]: You came!
BO: Of course I did.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ercbench.corpora.conversation import PARTS, Conversation, Corpus, Split, Utterance
from ercbench.corpora.registry import CorpusReader
from ercbench.corpora.source import Source
from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_file

HEADING = re.compile(r"== (?P<scene>\S+) \((?P<part>\w+)\) ==")
TURN = re.compile(r"(?P<speaker>\w+)(?: \[(?P<label>\w+)\])?: (?P<text>.*)")


def read_play(path: Path) -> Source:
    """Reads a play; a scene is a conversation, and its heading says in which part it is.

    Raises:
        ErcbenchError: A line is neither a heading nor a turn, or a part has no scene.
    """
    scenes: dict[str, list[Utterance]] = {}
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for where, line in _lines(path):
        if heading := HEADING.fullmatch(line):
            scene = heading["scene"]
            scenes[scene] = []
            _part(parts, heading["part"], where).append(scene)
        elif (turn := TURN.fullmatch(line)) and scenes:
            id = f"{scene}-{len(scenes[scene])}"
            scenes[scene].append(Utterance(id, turn["speaker"], turn["text"], turn["label"]))
        else:
            raise ErcbenchError(
                f"{where}: found '{line}'; expected '== scene (train) ==', then 'SPEAKER [label]: "
                "text'. Correct the line."
            )
    return Source(_corpus(path, scenes, parts))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yields where a line is and the line, of those that are not blank."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            yield f"{path}, line {number}", line.strip()


def _part(parts: dict[str, list[str]], name: str, where: str) -> list[str]:
    if name not in parts:
        raise ErcbenchError(
            f"{where}: found part '{name}'; expected one of {', '.join(PARTS)}. Correct the line."
        )
    return parts[name]


def _corpus(path: Path, scenes: dict[str, list[Utterance]], parts: dict[str, list[str]]) -> Corpus:
    train, validation, test = (tuple(parts[part]) for part in PARTS)
    labels = {turn.label for turns in scenes.values() for turn in turns if turn.label}
    return Corpus(
        name="play",
        labels=tuple(sorted(labels)),
        conversations=tuple(Conversation(scene, tuple(turns)) for scene, turns in scenes.items()),
        splits={"scenes": Split(train, validation, test)},
        provenance={"source": path.name, "sha256": sha256_of_file(path)},
    )


PLAY = CorpusReader(
    name="play",
    title="Play",
    summary="scenes of a play in plain text",
    read=read_play,
    conf="pkg://ercbench_example.conf",
)
