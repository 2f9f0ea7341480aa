"""What the library costs: planning, and running real jobs against FFmpeg alone. Figures are ratios from one run."""
