"""The trainer: `python -P -m engine.training RUN_DIR`, one process of its own for each run.

assembly      the model, the data and the trainer, put together
session       a run from its plan to its result, and what becomes of errors
learner       a model of any method as one module that returns its loss
trainer       transformers' Trainer, which reports events and can be asked to pause
checkpoints   what is written so that a killed run goes on exactly
"""
