"""A Slurm of one machine, with Debian's packages slurm-wlm and munge; only root can start it."""

import os
import platform
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

# Programs that are needed.
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
CONFIG = """
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
KillWait=5
AuthInfo=cred_expire=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """The programs that are not there, or why they cannot be used."""
    if os.geteuid() != 0:
        return "root"
    paths = os.environ["PATH"] + ":/usr/sbin"
    return ", ".join(name for name in PROGRAMS if shutil.which(name, path=paths) is None)


@contextmanager
def cluster(cpus=2):
    """Runs a controller and a node; yields the file that SLURM_CONF names."""
    with TemporaryDirectory() as folder, socket() as one, socket() as two:
        for name in ("state", "spool"):
            Path(folder, name).mkdir()
        for free in (one, two):
            free.bind(("127.0.0.1", 0))
        controller, daemon = one.getsockname()[1], two.getsockname()[1]
        one.close()
        two.close()
        config = Path(folder, "slurm.conf")
        config.write_text(
            CONFIG.format(
                host=platform.node(), folder=folder, controller=controller, daemon=daemon, cpus=cpus
            )
        )
        _start_munge()
        environment = os.environ | {"SLURM_CONF": str(config)}
        for name in ("slurmctld", "slurmd"):
            subprocess.run([f"/usr/sbin/{name}"], check=True, env=environment)
        try:
            _wait_for_node(environment, folder)
            yield config
        finally:
            subprocess.run(["scancel", "-u", "root"], check=False, env=environment)
            for name in ("slurmd", "slurmctld"):
                pid = Path(folder, f"{name}.pid")
                if pid.exists():
                    os.kill(int(pid.read_text()), 15)
            time.sleep(1)


def _start_munge():
    if subprocess.run(["munge", "-n"], check=False, capture_output=True).returncode:
        Path("/run/munge").mkdir(exist_ok=True)
        shutil.chown("/run/munge", "munge", "munge")
        subprocess.run(["/usr/sbin/munged"], check=True, user="munge", group="munge")
        time.sleep(1)


def _wait_for_node(environment, folder):
    for _ in range(120):
        idle = ["sinfo", "-h", "-t", "idle"]
        if subprocess.run(idle, check=False, capture_output=True, env=environment).stdout.strip():
            return
        time.sleep(0.5)
    raise RuntimeError(Path(folder, "slurmctld.log").read_text()[-2000:])
