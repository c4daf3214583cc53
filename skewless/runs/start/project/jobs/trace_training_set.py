"""spark-submit jobs/trace_training_set.py NAME …: the same arguments as `skewless trace`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("trace")
