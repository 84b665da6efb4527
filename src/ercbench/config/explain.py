"""One line for whatever a user can get wrong in the settings."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from traceback import walk_tb
from typing import Any

from ercbench.config.choices import choices
from ercbench.errors import ErcbenchError
from ercbench.settings import kind_of

CLASS_ADVICE = "Correct the name of the class, or install its package."


def explain(error: BaseException) -> str | None:
    """Returns one line for an error that is the user's to mend, or None for one that is ours."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import MarkedYAMLError

    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ErcbenchError):
            return str(cause)
    if isinstance(error, OverrideParseException):
        return _explain_override(error)
    if isinstance(error, MissingConfigException):
        return _explain_choice(error)
    wrong = [cause for cause in chain if isinstance(cause, OmegaConfBaseException)]
    if wrong:
        return _explain_setting(error, next((cause for cause in wrong if cause.full_key), wrong[0]))
    if isinstance(error, HydraException):
        return _explain_hydra(error)
    if isinstance(error, ImportError) and _raised_by_hydra(error):
        return f"{str(error).splitlines()[0].rstrip(':')}. {CLASS_ADVICE}"
    if isinstance(error, ValueError) and _raised_by_hydra(error):
        return f"{' '.join(str(error).split())}. Add --help to see what can be said."
    if isinstance(error, (OSError, MarkedYAMLError)):
        return _explain_file(error)
    return None


def did_you_mean(name: str, valid: list[str]) -> str:
    """Returns a guess at what was meant, to end a message with."""
    close = get_close_matches(name, valid)
    return f" Did you mean '{close[0]}'?" if close else ""


def _explain_override(error: Any) -> str:
    if "=" not in error.override:
        return (
            f"Cannot read '{error.override}': expected setting=value, as in model=gru. Add --help "
            "to see the settings."
        )
    said = str(error).splitlines()[0]
    return (
        f"Cannot read '{error.override}': {said}. Close its brackets and quotes; a value of "
        "other characters is read in double quotes inside single ones: 'key=\"value\"'."
    )


def _explain_file(error: Any) -> str:
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}. Check the path, its permissions and the disk."
    mark = error.problem_mark or error.context_mark
    where = f"{mark.name}: line {mark.line + 1}: " if mark else ""
    return f"{where}{error.problem or error}. Correct the file."


def _explain_hydra(error: Any) -> str:
    if nowhere := re.match("Additional config directory '(.*)' not found", str(error)):
        return f"--config-dir: no folder '{nowhere[1]}'. Correct the path, or leave it out."
    if unknown := re.match("Could not override '(.+?)'", str(error)):
        return f"No setting '{unknown[1]}' here. Add --help to see the settings."
    said, *chained = str(error).split(", set env var HYDRA_FULL_ERROR=1")
    advice = f". {CLASS_ADVICE}" if chained else ""
    return " ".join(said.split("Config search path")[0].split()) + advice


def _explain_choice(error: Any) -> str:
    group, _, name = str(error.missing_cfg_file).partition("/")
    known = sorted({*choices(group), *(error.options or ())})
    return f"No {group} '{name}'; there are: {', '.join(known)}.{did_you_mean(name, known)}"


def _explain_setting(error: BaseException, cause: Any) -> str:
    """Names the setting and what is expected, or for an unknown one what is valid beside it."""
    from omegaconf.errors import MissingMandatoryValue, ValidationError

    key, name = str(cause.key), str(cause.full_key)
    if isinstance(cause, MissingMandatoryValue):
        return f"{name} is not set. Set {name}={'|'.join(choices(key)) or '…'}."
    expected = kind_of(cause.object_type, key) if isinstance(cause, ValidationError) else None
    if expected:
        override = str(error).removeprefix("Error merging override ")
        found = override if override.startswith(f"{name}=") else name
        return f"{found}: expected {expected}. Change {name}."
    if cause.parent_node is not None and cause.key is not None and key not in cause.parent_node:
        valid = [str(own) for own in cause.parent_node if own not in ("_target_", "hydra")]
        known = ", ".join(valid)
        return f"No setting '{name}'; valid here: {known}.{did_you_mean(key, valid)}"
    return f"{': '.join(str(e).splitlines()[0] for e in dict.fromkeys((error, cause)))}."


def _raised_by_hydra(error: BaseException) -> bool:
    *_, (frame, _) = walk_tb(error.__traceback__)
    return str(frame.f_globals["__name__"]).startswith("hydra.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
