"""Twenty settings of damage beside one training: seconds of the processor, on the simulated corpus.

python benchmarks/robust.py [--model gru] [--epochs 40]
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

import ercbench
from ercbench.api.robustness.asking import robust

RATES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
RATIOS = [30, 25, 20, 15, 10, 5, 0, -5, -10, -20]


def main() -> None:
    """Prints how long a training took, and the answers to 20 settings in 5 draws."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="gru")
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = [f"trainer.max_epochs={options.epochs}", "trainer.enable_progress_bar=false"]
        runs, stores = folder / "runs", folder / "stores"
        begun = time.process_time()
        ercbench.train(options.model, "simulated", overrides=settings, runs=runs, stores=stores)
        trained = time.process_time()
        robust(runs, "audio", drop=RATES, noise=RATIOS, draws=5, resamples=2000)
        answered = time.process_time()
    print(f"training {trained - begun:.1f} s, 20 settings in 5 draws {answered - trained:.1f} s")


if __name__ == "__main__":
    main()
