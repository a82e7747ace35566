"""One door for numbers: what may be counted about people, who agreed to it, and the only way in which it is shown.

A number is shown to an agency once its works council has approved the question, for groups of k people or more, in
steps of five, and a change of fewer than k people stays unseen until it has grown (differencing).
"""
