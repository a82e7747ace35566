"""The witness of an agency: a small program with one file, which cosigns the record as long as it only grows.

state    what the witness keeps, and the one step in which it compares, stores and answers
serving  the program that is asked (C2SP tlog-witness)
visiting the program that asks by itself, once, for a line in cron
"""
