"""The passes of experiments.visualize by name, in the order in which they run by default."""

from collections.abc import Callable

from experiments.training.finished_run import FinishedRun
from experiments.views.correspondence import show_correspondence
from experiments.views.filters_and_activations import show_activations, show_filters
from experiments.views.maximization import show_maximize
from experiments.views.pass_result import PassResult
from experiments.views.perturbations import show_invariance, show_occlusion
from experiments.views.projections import show_deconvnet, show_evolution, show_top9
from experiments.views.request import ViewRequest
from experiments.views.transposed_filters import show_transposed

PASSES: dict[str, Callable[[FinishedRun, ViewRequest], PassResult]] = {
    'filters': show_filters,
    'activations': show_activations,
    'deconvnet': show_deconvnet,
    'transposed': show_transposed,
    'top9': show_top9,
    'maximize': show_maximize,
    'occlusion': show_occlusion,
    'evolution': show_evolution,
    'invariance': show_invariance,
    'correspondence': show_correspondence,
}
