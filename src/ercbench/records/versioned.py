"""JSON of one form and version, read strictly."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from ercbench.errors import ErcbenchError

Form = TypeVar("Form")


def read_versioned(path: Path, form: TypeAdapter[Form], version: int, again: str) -> Form:
    """Reads a JSON file whose `version` says of which form it is.

    Args:
        path: The file.
        form: What it is to hold; no type is coerced.
        version: The only one that is read.
        again: How the file is made again, as the end of a message.

    Raises:
        ErcbenchError: The file cannot be read, is damaged or of another version.
    """
    try:
        text = path.read_bytes()
        found = json.loads(text)
        given = found.get("version") if isinstance(found, dict) else None
        if given != version:
            raise ErcbenchError(
                f"{path}: record version {given}; expected {version}. Read it with the version of "
                f"ercbench that wrote it. {again}"
            )
        return form.validate_json(text, strict=True)
    except (OSError, ValueError, RecursionError) as error:
        why = str(error).splitlines()[0]
        raise ErcbenchError(f"{path}: damaged ({why}). {again}") from None
