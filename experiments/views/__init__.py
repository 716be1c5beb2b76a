"""The passes of experiments.visualize, and what transfer learning needs."""
