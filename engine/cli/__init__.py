"""Every capability of the engine on the command line."""
