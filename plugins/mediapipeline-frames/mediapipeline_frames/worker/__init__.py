"""The process that calls the function: ``python -m mediapipeline_frames.worker request.json``.

It reads one stream from a pipe, or decodes it from the file that it is in, and writes one to a pipe. NumPy and PyAV are
imported here and nowhere else, and the library nowhere here: what a process takes to start is paid for every stream.
"""
