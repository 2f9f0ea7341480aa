"""Real jobs, by the library and by bare FFmpeg, alternating in one run."""
