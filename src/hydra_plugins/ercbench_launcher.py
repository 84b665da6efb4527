"""Hydra's launcher of `-m`: the runs go to the engine that `launcher=` names.

Hydra finds its plugins in packages of this name alone.
"""

from collections.abc import Sequence

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig, open_dict

from ercbench.errors import ErcbenchError


class RunLauncher(BasicLauncher):
    """Starts runs by an engine; without one as Hydra does, one after the other in this process."""

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Starts the runs and waits for them.

        Raises:
            ErcbenchError: One did not finish.
        """
        assert self.config is not None
        if self.config.get("launcher") is None:
            return super().launch(job_overrides, initial_job_idx)
        from ercbench.launching.sweep import LAUNCHED, launch

        command = str(self.config.hydra.job.config_name)
        if command not in LAUNCHED:
            raise ErcbenchError(
                f"launcher: starts runs of {' -m and '.join(LAUNCHED)} -m alone. Leave out -m or "
                "launcher."
            )
        runs = [(own, self._config(own)) for own in job_overrides]
        scores = launch(command, runs)
        return [JobReturn(status=JobStatus.COMPLETED, _return_value=score) for score in scores]

    def _config(self, overrides: Sequence[str]) -> DictConfig:
        """Returns the settings of one run."""
        assert self.hydra_context is not None
        assert self.config is not None
        loader = self.hydra_context.config_loader
        config = loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            del config["hydra"]
        return config
