"""The pieces of the supervisor behind `./run`: child processes, what they are, and what people see."""
