"""What `experiments.bench` measures, and how."""
