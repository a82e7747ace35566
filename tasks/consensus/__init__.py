"""What several answers amount to. Pure: answers in, inference out; no database, no people.

Which rule decides which kind of question, and what that means for a whole form: tasks/questions.
"""

from tasks.consensus.inference import Answer, Inference, NothingToInfer
from tasks.consensus.majority import majority

__all__ = ["Answer", "Inference", "NothingToInfer", "majority"]
