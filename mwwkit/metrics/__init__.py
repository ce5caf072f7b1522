"""How good a detector is: NumPy and SciPy only.

curves                    rates, curves and their intervals
operating                 every cutoff and window, what each would do, and the one to ship
tail_fit                  false accepts too rare to count, from the tail of the scores
bootstrap                 intervals of what no distribution is known of
decision_rules            what other rules than the device's would make of the same scores
"""
