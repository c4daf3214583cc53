"""spark-submit jobs/monitor_features.py NAME …: the same arguments as `skewless monitor`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("monitor")
