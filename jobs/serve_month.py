"""spark-submit jobs/serve_month.py NAME …: a month of serving from an online store that is materialised every night."""

from jobs.demo.served_month import serve_month

if __name__ == "__main__":
    serve_month()
