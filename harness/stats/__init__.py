"""The pure statistics: estimates, comparison, sequential stopping, steady state.

- `boundary` when a lopsided count of signs is proof, however often one looks
- `tails`    what a gain is held against: the mean and the tails of both sides
- `evidence` bets on signs and sizes: how soon a difference is beyond doubt, at every look
- `mean_ratio` the ratio of mean costs, of bounded differences, at every look
- `medians`  a median with its exact interval
- `metric`   which metric decides
- `paired`   the interval of the median log-ratio that holds at every look, and the verdict
- `power`    what a run could have found, and what it would take to decide
- `quantile_ratio` the ratio of two quantiles, at every look
- `ranks`    order statistics of values that come one by one
- `ratios`   log-ratios within blocks, as exact as the clock
- `scatter`  how far identical builds lie apart
- `steady`   when a process has settled, and how fast it is then
"""
