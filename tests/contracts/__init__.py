"""What holds for the repository as a whole: borders, forbidden words, the wheel, the command line."""
