"""Label events of a training set, computed once more by its serving plan in a process without Spark → differences."""
