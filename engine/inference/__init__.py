"""Loading models and generating text; the only part that runs torch for chat."""
