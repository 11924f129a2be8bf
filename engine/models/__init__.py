"""What a model reference means, which models are here, and what can be downloaded."""
