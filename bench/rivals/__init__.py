"""Rivals, each a child process that holds one model and answers in JSON lines.

    served        what such a child is: the loop, and how a reply is timed
    lineup        which rivals there are, what each reads for a token, and where it runs
    processes     starts them, asks them, and says of those that are not there why
    model         the GPT-2 that all of them hold, and its weights as plain arrays
    compact       Tunesmith's compact decoder, opened from the same files as the program opens
    stock         `generate` of transformers
    llama         llama.cpp, and `gguf_file`, which writes the model for it
    onnx_runtime  onnxruntime, and `onnx_file`
    ctranslate    CTranslate2, and `ctranslate_folder`

The last three, with what they import from here, run in an environment of their own: they import nothing else of the
project's.
"""
