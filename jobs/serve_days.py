"""spark-submit jobs/serve_days.py NAME …: days of serving from an online store that is materialised every night."""

from jobs.demo.served_days import serve_days

if __name__ == "__main__":
    serve_days()
