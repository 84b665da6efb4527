"""Reads what wandb keeps of an offline run."""

import json
import struct
import time
from contextlib import suppress

import pytest
from google.protobuf.message import DecodeError
from wandb.proto.wandb_internal_pb2 import Record

BLOCK, FILE_HEADER, HEADER = 32768, 7, 7
FULL, LAST = 1, 4


def records(path):
    """Reads an offline run's log: LevelDB's format of blocks, after a header of wandb's."""
    data, place, parts = path.read_bytes(), FILE_HEADER, b""
    while place + HEADER <= len(data):
        if BLOCK - place % BLOCK < HEADER:
            place += BLOCK - place % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + HEADER])
        parts += data[place + HEADER : place + HEADER + length]
        place += HEADER + length
        if kind in (FULL, LAST):
            yield Record.FromString(parts)
            parts = b""


def whole_log(path):
    """Reads a log to its end, which wandb's own process may write a moment after the run's."""
    for _ in range(300):
        with suppress(DecodeError):  # a record half written
            log = list(records(path))
            if any(record.HasField("exit") for record in log):
                return log
        time.sleep(0.1)
    pytest.fail(f"{path} never ended")


def items(updates):
    """Key to value of updates of a config, a summary or a history."""
    return {(u.key or ".".join(u.nested_key)): json.loads(u.value_json) for u in updates}
