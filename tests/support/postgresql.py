"""A PostgreSQL server of one's own, with Debian's package."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

PASSWORD = "open sesame/1"


def programs():
    """The folder of the server's programs, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    return next((own for own in folders if (own / "initdb").exists()), found and Path(found).parent)


@contextmanager
def server():
    """Runs a server in a temporary folder; yields its port. PostgreSQL refuses to run as root."""
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    with TemporaryDirectory() as folder, socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        data, secret = Path(folder, "data"), Path(folder, "password")
        secret.write_text(PASSWORD)
        if user:
            shutil.chown(folder, "postgres")
            shutil.chown(secret, "postgres")

        def run(program, *arguments):
            command = [str(programs() / program), "-D", str(data), *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **user)

        run("initdb", "-U", "ann", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync")
        options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=127.0.0.1"
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield port
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
