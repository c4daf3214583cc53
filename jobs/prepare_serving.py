"""spark-submit jobs/prepare_serving.py NAME …: a model, its offline scores, and the store for a month of serving."""

from jobs.demo.served_month import prepare

if __name__ == "__main__":
    prepare()
