"""spark-submit jobs/monitor_features.py NAME …: the same arguments as `skewless monitor`."""

from jobs.pit.main import run

if __name__ == "__main__":
    run("monitor")
