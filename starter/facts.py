"""What the starter is told of the world, in tables small enough for it to learn."""

from __future__ import annotations

COLOURS = {
    "the sky": "blue", "grass": "green", "snow": "white", "a banana": "yellow", "a strawberry": "red",
    "the sun": "yellow", "coal": "black", "an orange": "orange", "a frog": "green", "a lemon": "yellow",
    "milk": "white", "a fire truck": "red", "a leaf": "green", "the sea": "blue", "a tomato": "red",
    "a crow": "black", "a pig": "pink", "chocolate": "brown", "a carrot": "orange", "a cloud": "white",
}  # fmt: skip
SOUNDS = {
    "dog": "woof", "cat": "meow", "cow": "moo", "duck": "quack", "sheep": "baa", "pig": "oink", "lion": "roar",
    "bird": "tweet", "frog": "ribbit", "horse": "neigh", "mouse": "squeak", "bee": "buzz", "owl": "hoot",
    "snake": "hiss",
}  # fmt: skip
LEGS = {
    "dog": "four", "cat": "four", "cow": "four", "horse": "four", "lion": "four", "mouse": "four", "bird": "two",
    "duck": "two", "hen": "two", "ant": "six", "bee": "six", "spider": "eight", "fish": "no", "snake": "no",
}  # fmt: skip
HOMES = {
    "fish": "in the water", "bird": "in a nest", "bee": "in a hive", "bear": "in the forest", "cow": "on a farm",
    "frog": "in a pond", "lion": "in the wild", "mouse": "in a hole", "dog": "in a house", "spider": "in a web",
    "whale": "in the sea", "owl": "in a tree", "pig": "on a farm", "ant": "under the ground",
}  # fmt: skip
FOOD = {
    "rabbit": "carrots", "dog": "bones", "cat": "fish", "cow": "grass", "mouse": "cheese", "bird": "worms",
    "bee": "honey", "monkey": "bananas", "horse": "hay", "bear": "honey", "lion": "meat", "frog": "flies",
}  # fmt: skip
OPPOSITES = {
    "big": "small", "hot": "cold", "happy": "sad", "up": "down", "day": "night", "fast": "slow", "old": "new",
    "wet": "dry", "loud": "quiet", "open": "closed", "hard": "soft", "long": "short", "light": "dark",
    "good": "bad", "clean": "dirty", "full": "empty", "near": "far", "black": "white", "rich": "poor",
    "strong": "weak", "early": "late", "left": "right",
}  # fmt: skip
CAPITALS = {
    "France": "Paris", "Italy": "Rome", "England": "London", "Germany": "Berlin", "Spain": "Madrid",
    "Japan": "Tokyo", "China": "Beijing", "Russia": "Moscow", "Greece": "Athens", "Egypt": "Cairo",
}  # fmt: skip
NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KINDS = {
    "apple": "a fruit", "banana": "a fruit", "pear": "a fruit", "carrot": "a vegetable", "dog": "an animal",
    "cat": "an animal", "rose": "a flower", "hammer": "a tool",
    "piano": "an instrument", "drum": "an instrument", "car": "a thing to drive", "bed": "a thing to sleep in",
    "cup": "a thing to drink from", "hat": "a thing to wear", "bread": "food", "rain": "water from the sky",
    "ball": "a toy", "doll": "a toy", "oak": "a tree", "robin": "a bird",
}  # fmt: skip
FRENCH = {
    "cat": "le chat", "dog": "le chien", "horse": "le cheval", "book": "le livre", "bread": "le pain",
    "garden": "le jardin", "bird": "l'oiseau", "tree": "l'arbre", "king": "le roi", "boat": "le bateau",
}  # fmt: skip
FRENCH_IS = {
    "big": "grand", "small": "petit", "red": "rouge", "green": "vert", "black": "noir", "white": "blanc",
    "happy": "content", "sad": "triste", "here": "ici", "there": "là",
}  # fmt: skip

PRAISED = (
    "film", "movie", "story", "cast", "acting", "music", "ending", "plot", "book", "show", "script", "camera work",
    "scene", "dialogue", "director", "comedy", "drama", "idea",
)  # fmt: skip
GOOD = (
    "wonderful", "great", "lovely", "funny", "beautiful", "brilliant", "charming", "excellent", "perfect",
    "moving", "clever", "warm", "fantastic", "superb", "exciting", "delightful", "amazing", "touching",
)  # fmt: skip
BAD = (
    "boring", "terrible", "dull", "awful", "bad", "weak", "silly", "slow", "horrible", "poor", "stupid", "flat",
    "wooden", "ugly", "tedious", "pointless", "annoying", "dreadful",
)  # fmt: skip
GOOD_SAYINGS = (
    "I loved it.", "I would see it again tomorrow.", "I laughed and I cried.", "Do not miss it.",
    "It made me happy.", "One of the best I have seen.", "I enjoyed every minute.", "Everyone should see it.",
    "My whole family liked it.", "I could not stop smiling.",
)  # fmt: skip
BAD_SAYINGS = (
    "I hated it.", "I fell asleep.", "I want my money back.", "Do not see it.", "It made me angry.",
    "One of the worst I have seen.", "What a waste of time.", "I walked out.", "Nobody should see it.",
    "I could not wait for the end.",
)  # fmt: skip

NAMES = (
    "Lily", "Tim", "Tom", "Mia", "Ben", "Anna", "Sam", "Sue", "Max", "Lucy", "Jack", "Sara", "Leo", "Emma",
)  # fmt: skip
THINGS = (
    "dog", "cat", "bird", "frog", "bear", "rabbit", "fish", "ball", "tree", "star", "boat", "flower", "car", "hat",
    "mouse", "duck", "fox", "cake", "kite", "train", "dragon", "king", "princess", "garden",
)  # fmt: skip
WISHES = (
    "to play", "to sing", "to read books", "to help people", "to tell stories", "to walk in the park",
    "to look at the stars", "to bake cakes", "to swim", "to paint",
)  # fmt: skip
