"""spark-submit jobs/ingest_feature_log.py LOGDIR …: the same arguments as `skewless ingest-log`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("ingest-log")
