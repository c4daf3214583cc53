"""spark-submit jobs/reconcile_feature_log.py NAME …: the same arguments as `skewless reconcile`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("reconcile")
