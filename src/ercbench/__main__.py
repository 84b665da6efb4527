"""`python -m ercbench`, which `torchrun -m ercbench` starts too."""

from ercbench.cli import main

main()
