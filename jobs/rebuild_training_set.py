"""spark-submit jobs/rebuild_training_set.py NAME …: the same arguments as `skewless rebuild`."""

from jobs.pit.main import run

if __name__ == "__main__":
    run("rebuild")
