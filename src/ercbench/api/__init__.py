"""What `import ercbench` offers: the commands as functions."""
