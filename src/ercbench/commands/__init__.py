"""What `ercbench COMMAND` runs: thin, and imported by nothing but the command line."""
