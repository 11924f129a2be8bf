"""A little of everything that models read: int8 matrices learn from it which of their inputs are loud."""

SAMPLE = (
    "The ferry left at seven, as it does on every day but Sunday, and the people on the quay waved until it was a dot. "
    '"Did you bring the map?" asked Ines. "I thought you had it," he said. They laughed, since it was too late now.\n\n'
    "1. Melt 40 g of butter in a pan; add two onions, cut small.\n"
    "Question: What is the boiling point of water? Answer: 100 °C at sea level.\n"
    "def area(radius):\n    return 3.14159 * radius ** 2\n"
)
