"""spark-submit jobs/rebuild_training_set.py NAME …: the same arguments as `skewless rebuild`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("rebuild")
