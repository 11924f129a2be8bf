"""How the starter, the model inside the package, was made: data, training, evaluation, model card."""
