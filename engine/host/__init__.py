"""The model host: a process that reads commands on stdin and writes events on stdout."""
