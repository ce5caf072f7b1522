"""How good a detector is: NumPy and SciPy only.

rates             shares and hourly rates with their counts and exact intervals
curves            confusion, ROC and DET curves, areas, calibration, latency
operating_points  every cutoff and window, and what each would do
cutoff_selection  the cutoff and window to ship
judgement         deaf, shy, trigger-happy, untested or good, and the limits of each
whose_words       people's words and machines': which count, and how that is said
tail_fit          false accepts too rare to count, from the tail of the scores
bootstrap         intervals of what no distribution is known of
temperature       scale and shift of a logit, so that a score says how sure it is
decision_rules    what other rules than the device's would make of the same scores
"""
