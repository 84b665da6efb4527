"""Runs started elsewhere: by joblib beside each other, by Slurm or Ray on other machines."""
