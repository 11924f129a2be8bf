"""Pure view models: what the screen shows, and how events change it. No widget, no I/O."""
