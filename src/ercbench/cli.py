"""`ercbench <command>`; each command imports what it needs only when it is called."""

import atexit
import gc
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from io import StringIO
from itertools import takewhile
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from ercbench import __version__
from ercbench.config.arguments import in_quotes, quoted
from ercbench.config.choices import headline
from ercbench.errors import ErcbenchError
from ercbench.files import config_folder
from ercbench.processes import Terminated, ending_when_told, how_many, is_first

COMMANDS = {
    "prepare": "ercbench.commands.prepare:prepare_command",
    "import": "ercbench.commands.import_features:import_command",
    "stores": "ercbench.commands.stores:stores_command",
    "finetune": "ercbench.commands.finetune:finetune_command",
    "train": "ercbench.commands.train:train_command",
    "tune": "ercbench.commands.tune:tune_command",
    "jobs": "ercbench.commands.jobs:jobs_command",
    "commands": "ercbench.commands.commands:commands_command",
    "predict": "ercbench.commands.predict:predict_command",
    "reproduce": "ercbench.commands.reproduce:reproduce_command",
    "add": "ercbench.commands.add:add_command",
    "evaluate": "ercbench.commands.evaluate:evaluate_command",
    "report": "ercbench.commands.report:report_command",
    "robust": "ercbench.commands.robust:robust_command",
    "list": "ercbench.commands.list_entries:list_command",
    "show": "ercbench.commands.show:show_command",
}
"""Name to the function that is called with the settings."""

ALONE = {
    "add": "predictions",
    "evaluate": "run",
    "jobs": "runs",
    "list": "kind",
    "predict": "run",
    "report": "runs",
    "robust": "runs",
    "show": "run",
    "stores": "stores",
}
"""Command to the setting that a word standing alone is short for."""

SEVERAL = ("add", "evaluate", "predict")
"""Commands of which several words may stand alone, as where a shell replaces a pattern by names."""

SHARED = ("train", "finetune")
"""Commands whose run several processes can share, as torchrun starts them."""

USAGE = """\
ercbench: honest comparison of models for emotion recognition in conversation

{commands}

  ercbench train model=hcam dataset=simulated seed=0     one run
  ercbench train -m model=hcam,cfn_esa seed=0,1,2        one run for each value
  ercbench report                                        tables of all runs
  ercbench predict RUN input=talk.mp4 transcript=talk.srt    your own recording

`ercbench COMMAND --help` lists every choice and setting of a command, `--cfg job` shows the
settings without running. eval "$(ercbench -sc install=bash)" lets the shell complete them.
`ercbench --version` says which version this is."""


def main() -> None:
    """Runs a command; a user's mistake ends in one line and exit code 2."""
    command, *arguments = sys.argv[1:] or ["--help"]
    if command in ("-h", "--help"):
        print(_usage())
        return
    if command == "--version":
        print(__version__)
        return
    warnings.showwarning = _show_warning
    gc.disable()  # what is imported stays
    if not is_first():
        sys.stdout = StringIO()  # which nobody reads
    try:
        with ending_when_told(), _telling_how_to_go_on():
            _check_processes(command, arguments)
            if command in ("-sc", "--shell-completion"):
                _complete(arguments)
            else:
                _run(_known(command), arguments)
    except KeyboardInterrupt:
        sys.exit(1)
    except Exception as error:
        _tell(error)
        sys.exit(2)
    finally:
        gc.enable()


@contextmanager
def _telling_how_to_go_on() -> Iterator[None]:
    """Says what to do after an interruption, which Lightning makes a `SystemExit`."""
    try:
        yield
    except (KeyboardInterrupt, Terminated, SystemExit) as end:
        left = isinstance(end, SystemExit) and not isinstance(end.__context__, KeyboardInterrupt)
        if not left and is_first():
            print(
                "\nInterrupted; the same command goes on where this one stopped.", file=sys.stderr
            )
        raise


def _check_processes(command: str, arguments: Sequence[str]) -> None:
    """Checks that torchrun, if it started this process, was given a single run.

    Raises:
        ErcbenchError: It was not.
    """
    if how_many() > 1 and command not in SHARED:
        raise ErcbenchError(
            f"{command}: is the work of one process. Start it without torchrun, which starts "
            f"{' and '.join(SHARED)}."
        )
    if how_many() > 1 and {"-m", "--multirun"} & set(arguments):
        raise ErcbenchError(
            "-m: torchrun starts one run. Leave -m out and start torchrun once for each run, or "
            "leave torchrun out."
        )


def _usage() -> str:
    """Returns what there is, with the first line of each command's settings."""
    said = {name: headline(config_folder() / f"{name}.yaml") for name in COMMANDS}
    lines = [f"  ercbench {name:<11}{text.partition(': ')[2]}" for name, text in said.items()]
    return USAGE.format(commands="\n".join(lines))


def _known(command: str) -> str:
    if command in COMMANDS:
        return command
    close = get_close_matches(command, COMMANDS)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise ErcbenchError(f"No command '{command}'; there are: {', '.join(COMMANDS)}.{hint}")


def _run(command: str, arguments: Sequence[str]) -> None:
    """Runs a command with the settings that Hydra composes from `conf/` and the arguments.

    Of several runs, those after one that failed are still run, and a table sums them up.
    """
    from ercbench.config.checking import checked
    from ercbench.config.sweep import swept
    from ercbench.console import outlast_readers

    outlast_readers()
    finished: list[tuple[list[str], Any]] = []
    failures: list[Exception] = []

    def told(config: Any) -> Any:
        try:
            carry_out = resolve_name(COMMANDS[command])
            _keep_imported()
            result, overrides = carry_out(checked(config)), swept()
        except Exception as error:
            _tell(error)
            failures.append(error)
        else:
            if overrides is not None and result is not None:
                finished.append((overrides, result))
            return getattr(result, "score", None)  # which Hydra's sweepers choose by
        return None

    if {"-h", "--help"} & set(arguments):
        print(_help(command, arguments))
        return
    _hydra(_settings_of(command, arguments), quoted(_named(command, arguments)), told)
    _sum_up(finished, failures)
    if failures:
        sys.exit(2)


def _keep_imported() -> None:
    """Lets Python collect garbage, from now on and never among what has been imported."""
    if not gc.get_freeze_count():
        gc.freeze()
        atexit.register(gc.freeze)  # what is left goes with the process
    gc.enable()


def _sum_up(finished: Sequence[tuple[list[str], Any]], failures: Sequence[Exception]) -> None:
    """Prints what several runs came to."""
    if finished:
        from ercbench.console import wide_console
        from ercbench.evaluation.tables.summary import sweep_summary

        wide_console().print(sweep_summary(finished))
    if failures and len(finished) + len(failures) > 1:
        print(f"ercbench: {len(finished)} finished, {len(failures)} failed.", file=sys.stderr)


def _hydra(command: str, arguments: Sequence[str], run: Callable[[Any], None] = print) -> None:
    """Lets Hydra read the arguments and do what they say."""
    from ercbench.config.running import run_by_hydra

    sys.path.append(str(Path.cwd()))  # settings may name a class of the user's own
    os.environ["HYDRA_FULL_ERROR"] = "1"  # hands us the error instead of printing its own page
    completing = {"-sc", "--shell-completion"} & set(arguments)
    sys.argv = ["ercbench" if completing else f"ercbench {command}", *arguments]
    run_by_hydra(command, run)


def _help(command: str, arguments: Sequence[str]) -> str:
    from hydra._internal.utils import get_args_parser

    from ercbench.config.help import help_of

    given = get_args_parser().parse_args(quoted(_named(command, arguments)))
    return help_of(_settings_of(command, arguments), given.overrides, given.config_dir)


def _settings_of(command: str, arguments: Sequence[str]) -> str:
    """Returns the command whose settings these are: of `commands finetune` they are finetune's."""
    return "finetune" if command == "commands" and "finetune" in arguments[:1] else command


def _named(command: str, arguments: Sequence[str]) -> list[str]:
    """Returns the arguments with the setting before a folder that stands alone.

    Raises:
        ErcbenchError: Several stand alone.
    """
    if _settings_of(command, arguments) != command:
        return ["--multirun", "hydra/hydra_logging=none", *arguments[1:]]
    if command == "commands":
        return ["--multirun", *arguments]
    if command not in ALONE:
        return list(arguments)
    words = list(takewhile(lambda argument: not argument.startswith("-"), arguments))
    alone = [word for word in words if "=" not in word]
    others = [argument for argument in arguments if argument not in alone]
    if command == "stores" and alone[:1] == ["merge"]:
        return [f"merge=[{','.join(map(in_quotes, alone[1:]))}]", *others]
    if command == "add":  # where `model` is no group of choices
        others = [re.sub("^model=", "name=", other) for other in others]
    if command in SEVERAL and alone:
        return [f"{ALONE[command]}=[{','.join(map(in_quotes, alone))}]", *others]
    if len(alone) > 1:
        raise ErcbenchError(
            f"{command}: found {' '.join(alone)}; expected at most one folder. "
            f"`ercbench {command} --help` lists the settings."
        )
    return [*(f"{ALONE[command]}={in_quotes(folder)}" for folder in alone), *others]


def _complete(arguments: Sequence[str]) -> None:
    """Prints what makes a shell complete our commands, or answers it."""
    from ercbench.config.completion import complete

    asked = [argument for argument in arguments if argument.startswith("query=")]
    if asked:
        words = complete(list(COMMANDS), lambda command: _hydra(command, ["-sc", asked[0]]))
        print("\n".join(words))
    else:
        _hydra("train", ["-sc", *arguments])


def _tell(error: Exception) -> None:
    """Prints the one line for a user's mistake; raises any other error again.

    Of several processes only the first to fail speaks: the others fail in its wake.
    """
    from ercbench.config.explain import explain
    from ercbench.console import one_line

    message = explain(error)
    if how_many() > 1:
        from ercbench.training.sharing import is_first_to_fail, told_of_lost

        if not is_first_to_fail():
            return
        message = message or told_of_lost(error)
    if message is None:
        raise error
    print(f"ercbench: {one_line(message)}", file=sys.stderr)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    from ercbench.console import one_line

    if is_first():
        print(f"warning: {one_line(str(message))}", file=sys.stderr)


if __name__ == "__main__":
    main()
