"""What starts jobs: joblib, Slurm and Ray, a file each."""
