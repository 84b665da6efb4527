"""The types of the settings in `conf/launcher`, and of `ercbench jobs`."""

from dataclasses import dataclass
from typing import Annotated, Any

from ercbench.settings import (
    ClassSettings,
    Count,
    NonNegative,
    Positive,
    Settings,
    at_least,
    one_of,
)


@dataclass(kw_only=True)
class JoblibSettings(ClassSettings):
    """Several jobs at a time on this machine.

    Attributes:
        jobs: At a time.
        gpus: Numbers of GPUs, each given to one job at a time; None leaves the choice alone.
    """

    jobs: Count
    gpus: list[int] | None


@dataclass(kw_only=True)
class SlurmSettings(ClassSettings):
    """Jobs of a Slurm queue, as arrays.

    Attributes:
        partition: Of the cluster; None for its usual one.
        gpus: Of a job, 0 or 1: a run has one device.
        cpus: Of a job.
        memory: Of a job, in GB; None for the cluster's usual.
        minutes: After which a job is stopped; it is put in line again `timeouts` times.
        timeouts: How often.
        at_once: Jobs of an array that may run at a time.
        name: Of the jobs, as `squeue` shows it.
        setup: Lines of shell before each job, such as `module load cuda`.
        more: Other options of sbatch, as in `{account: lab}`.
        wait: Whether the command waits for its jobs.
        interrupted: What becomes of the jobs when the command is interrupted.
    """

    partition: str | None
    gpus: Annotated[int, one_of(0, 1)]
    cpus: Count
    memory: Positive | None
    minutes: Count
    timeouts: Annotated[int, at_least(0)]
    at_once: Count
    name: str
    setup: list[str]
    more: dict[str, Any]
    wait: bool
    interrupted: Annotated[str, one_of("leave", "cancel")]


@dataclass(kw_only=True)
class RaySettings(ClassSettings):
    """Tasks of a Ray cluster.

    Attributes:
        address: Of the cluster; None starts one on this machine.
        gpus: Of a job; a share lets several use one GPU.
        cpus: Of a job.
        retries: How often a job begins again whose machine or process died.
    """

    address: str | None
    gpus: NonNegative
    cpus: Count
    retries: Annotated[int, at_least(0)]


@dataclass(kw_only=True)
class JobsSettings(Settings):
    """Everything `ercbench jobs` can be told.

    Attributes:
        runs: Folder of the run records.
    """

    runs: str


# Name in `conf/launcher` to the type of its settings and the engine.
LAUNCHERS: dict[str, tuple[type, str]] = {
    "joblib": (JoblibSettings, "ercbench.launching.engines.joblib_engine.JoblibEngine"),
    "slurm": (SlurmSettings, "ercbench.launching.engines.slurm.SlurmEngine"),
    "ray": (RaySettings, "ercbench.launching.engines.ray_engine.RayEngine"),
}
