"""What several answers amount to. Pure: answers in, inference out; no database, no people."""

from tasks.consensus.deciding import RULES, decide
from tasks.consensus.inference import Answer, Inference, NothingToInfer
from tasks.consensus.majority import majority

__all__ = ["RULES", "Answer", "Inference", "NothingToInfer", "decide", "majority"]
