"""Rehearsals of failures, each a program that prints one JSON line: `./run drill NAME`."""
