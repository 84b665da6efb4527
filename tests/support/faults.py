"""A disk that fails: the n-th write under a folder raises an OSError."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pyarrow.parquet as pq
from safetensors import SafetensorError

from ercbench.features.store import feature_set

CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.chmod")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Fault:
    """Counts writes under a folder; the one with the given number fails, or it and all later ones.

    Every call that Python itself makes is seen by an audit hook: opening to write, renaming,
    making folders. Writing that fails half-way, and the libraries in C++ and Rust, are patched.
    """

    current = None

    def __init__(self, folder, number, code, lasting):
        self.folder, self.left, self.code, self.lasting = folder, number, code, lasting
        self.happened = False

    def count(self, path):
        if not str(path).startswith(str(self.folder)):
            return
        self.left -= 1
        if self.left == 0 or (self.lasting and self.left < 0):
            self.happened = True
            raise OSError(self.code, os.strerror(self.code), str(path))


def _audit(event, arguments):
    writes = arguments[2] & WRITING if event == "open" else event in CHANGES
    if Fault.current is not None and writes:
        Fault.current.count(arguments[0])


sys.addaudithook(_audit)


@contextmanager
def failing(folder, number, code, lasting=False):
    """Lets the n-th write under a folder, counted from 1, fail with an error number."""
    Fault.current = fault = Fault(folder, number, code, lasting)
    write_text, save, write_table = Path.write_text, feature_set.save_file, pq.write_table

    def half_text(path, text, *rest, **options):
        try:
            fault.count(path)
        except OSError:
            fault.left = -1
            write_text(path, text[: len(text) // 2])
            raise
        return write_text(path, text, *rest, **options)

    def half_save(tensors, path, metadata):
        try:
            fault.count(path)
        except OSError as error:
            path.write_bytes(b"half")
            # as the library tells it
            text = f"I/O error: {error.strerror} (os error {error.errno})"
            raise SafetensorError(text) from None
        save(tensors, path, metadata)

    def half_table(table, path, **options):
        try:
            fault.count(path)
        except OSError as error:
            path.write_bytes(b"half")
            raise OSError(error.errno, f"{error.strerror}, as Arrow says") from None
        write_table(table, path, **options)

    try:
        with (
            patch.object(Path, "write_text", half_text),
            patch.object(feature_set, "save_file", half_save),
            patch.object(pq, "write_table", half_table),
        ):
            yield fault
    finally:
        Fault.current = None
