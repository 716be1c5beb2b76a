"""Data: images from several sources, photos of handwriting, and samplers of sequence tasks."""
