"""spark-submit jobs/build_training_set.py NAME …: the same arguments as `skewless build`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("build")
