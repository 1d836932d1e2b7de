"""Estimators of the reconciliation: pure functions on arrays; what they need from the rows is a table of exact sums.

Every estimator has two halves. ``statistics(...)`` turns one partition's rows into ``Sums``; ``merge`` adds such
tables exactly, in any order and any grouping; a fit reads the merged table, never a row. So the answer doesn't depend
on the number of partitions or workers. A year's set is fitted on that year's reports alone: no other year's are read.
"""
