"""An attack on ercbench: kills, failing disks, damaged files, careless input; how each ends."""
