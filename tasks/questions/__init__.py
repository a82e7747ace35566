"""Kinds of questions: what each may say, which answers fit it, how they are decided, how a value is read. Pure.

A kind is one row of `table.KINDS`; pages, API, command line and consensus all read that row.
"""

from tasks.questions.kind import Kind, Question, Unfit, Value, is_optional
from tasks.questions.table import KINDS, MOST_QUESTIONS, kind_of

__all__ = ["KINDS", "MOST_QUESTIONS", "Kind", "Question", "Unfit", "Value", "is_optional", "kind_of"]
