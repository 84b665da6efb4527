"""`ercbench <command>`; each command imports what it needs only when it is called."""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

from ercbench import __version__
from ercbench.console import one_line
from ercbench.errors import ErcbenchError
from ercbench.files import config_folder

USAGE = """\
ercbench: honest comparison of models for emotion recognition in conversation

  ercbench prepare corpus=… root=… [text=…] [audio=…] [visual=…]   a corpus to a feature store
  ercbench import corpus=… community=FILE [audio=FILE] …           files the field passes around
  ercbench stores [FOLDER]                          table of the stores in FOLDER (default: stores)
  ercbench stores merge STORE [STORE …]             put shards together in the first
  ercbench finetune encoder=… corpus=… [folds=5] …  train an encoder on single utterances
  ercbench finetune encoder=m2fnet_visual source=…  train one on a folder of faces
  ercbench train [model=…] [dataset=…] [seed=…] …   train, choose the epoch, test once
  ercbench train -m … seed=0,1,2                    one run for each value
  ercbench reproduce paper=hcam|cfn_esa|m2fnet      every published row, and how near ours come
  ercbench report [FOLDER]                          tables of the runs in FOLDER (default: runs)
  ercbench report [FOLDER] out=report [draws=10000] also as files, with figures and a page
  ercbench report [FOLDER] wandb=true               also to Weights & Biases
  ercbench --version

`--help` after prepare, import, finetune, train or reproduce lists every choice and setting;
`--cfg job` shows the settings without running."""


def main() -> None:
    """Runs a command; a user's mistake ends in one line and exit code 2."""
    command, *arguments = sys.argv[1:] or ["--help"]
    if command in ("-h", "--help"):
        print(USAGE)
        return
    if command == "--version":
        print(__version__)
        return
    warnings.showwarning = _show_warning
    try:
        _command(command)(arguments)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the same command goes on where this one stopped.")
    except Exception as error:
        _tell(error)
        sys.exit(2)


def explain(error: BaseException) -> str | None:
    """Returns one line for an error that is the user's to mend, or None for one that is ours."""
    from hydra.errors import HydraException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ErcbenchError):
            return str(cause)
    if isinstance(error, OverrideParseException):
        said = str(error).splitlines()[0]
        return f"Cannot read '{error.override}': {said}. Quote values with =, as in \"x=['a=1']\"."
    for cause in reversed(chain):
        if isinstance(cause, OmegaConfBaseException):
            return _explain_setting(error, cause)
    if isinstance(error, HydraException):
        return " ".join(str(error).split("Config search path")[0].split())
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}. Check the path, its permissions and the disk."
    return None


def _command(name: str) -> Callable[[Sequence[str]], None]:
    commands: dict[str, Callable[[Sequence[str]], None]] = {
        "prepare": lambda arguments: _with_settings("prepare", _prepare, arguments),
        "import": lambda arguments: _with_settings("import", _import, arguments),
        "stores": _stores,
        "finetune": lambda arguments: _with_settings("finetune", _finetune, arguments),
        "train": lambda arguments: _with_settings("train", _train, arguments),
        "reproduce": lambda arguments: _with_settings("reproduce", _reproduce, arguments),
        "report": _report,
    }
    if name not in commands:
        close = get_close_matches(name, commands)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise ErcbenchError(f"No command '{name}'; there are: {', '.join(commands)}.{hint}")
    return commands[name]


def _with_settings(name: str, run: Callable[[Any], Any], arguments: Sequence[str]) -> None:
    """Runs a command whose settings Hydra composes from `conf/<name>.yaml` and the arguments.

    Of several runs, those after one that failed are still run, and a table sums them up.
    """
    import hydra

    from ercbench.config.compose import checked
    from ercbench.config.schema import register
    from ercbench.config.sweep import swept

    failures: list[Exception] = []
    runs: list[tuple[list[str], Any]] = []

    def told(config: Any) -> None:
        try:
            result, overrides = run(checked(config)), swept()
        except Exception as error:
            _tell(error)
            failures.append(error)
        else:
            if overrides is not None and result is not None:
                runs.append((overrides, result))

    register()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # hands us the error instead of printing its own page
    sys.argv = [f"ercbench {name}", *arguments]
    hydra.main(version_base="1.3", config_path=str(config_folder()), config_name=name)(told)()
    if runs:
        _show_sweep(runs)
    if failures:
        sys.exit(2)


def _prepare(config: Any) -> None:
    from ercbench.commands.prepare import prepare_command

    prepare_command(config)


def _import(config: Any) -> None:
    from ercbench.commands.import_features import import_command

    import_command(config)


def _train(config: Any) -> Any:
    from ercbench.commands.train import train_command

    return train_command(config)


def _finetune(config: Any) -> Any:
    from ercbench.commands.finetune import finetune_command

    return finetune_command(config)


def _show_sweep(runs: Sequence[tuple[list[str], Any]]) -> None:
    from ercbench.console import wide_console
    from ercbench.evaluation.tables.summary import sweep_summary

    wide_console().print(sweep_summary(runs))


def _reproduce(config: Any) -> None:
    from ercbench.commands.reproduce import reproduce

    if code := reproduce(config):
        sys.exit(code)


def _stores(arguments: Sequence[str]) -> None:
    from ercbench.commands.stores import stores_command

    stores_command(arguments)


def _report(arguments: Sequence[str]) -> None:
    from ercbench.commands.report import report_command

    report_command(arguments)


def _explain_setting(error: BaseException, cause: Any) -> str:
    """Names the setting and, for an unknown one, what is valid beside it."""
    parent, key = cause.parent_node, str(cause.key)
    if parent is None or cause.key is None or key in parent:
        lines = [str(e).splitlines()[0] for e in dict.fromkeys((error, cause))]
        unfilled = "Value '$VALUE' of type '$VALUE_TYPE'"  # omegaconf leaves its template so
        return f"{': '.join(lines)}.".replace(unfilled, "the value")
    valid = [str(name) for name in parent if name != "_target_"]
    close = get_close_matches(key, valid)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"No setting '{cause.full_key}'; valid here: {', '.join(valid)}.{hint}"


def _tell(error: Exception) -> None:
    """Prints the one line for a user's mistake; raises any other error again."""
    message = explain(error)
    if message is None:
        raise error
    print(f"ercbench: {one_line(message)}", file=sys.stderr)


def _causes(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {one_line(str(message))}", file=sys.stderr)


if __name__ == "__main__":
    main()
