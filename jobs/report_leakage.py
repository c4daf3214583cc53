"""spark-submit jobs/report_leakage.py NAME --report FILE.html …: what ignoring availability would have promised."""

from jobs.demo.report import main

if __name__ == "__main__":
    main()
