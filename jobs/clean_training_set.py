"""spark-submit jobs/clean_training_set.py NAME …: the same arguments as `skewless clean`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("clean")
