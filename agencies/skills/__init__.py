"""Skills: lists of them, what people say they have, who confirmed it, and what people want to learn."""
