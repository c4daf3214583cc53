"""spark-submit jobs/investigate_gap.py NAME …: the same arguments as `skewless investigate`."""

from jobs.pit.main import run

if __name__ == "__main__":
    run("investigate")
