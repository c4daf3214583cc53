"""spark-submit jobs/join_outcomes.py NAME …: served predictions beside what became of the flights."""

from jobs.demo.served_days import join_outcomes

if __name__ == "__main__":
    join_outcomes()
