"""What several answers amount to. Pure: answers in, inference out; no database, no people."""

from tasks.consensus.inference import Answer, Inference, NothingToInfer
from tasks.consensus.majority import majority

__all__ = ["Answer", "Inference", "NothingToInfer", "majority"]
