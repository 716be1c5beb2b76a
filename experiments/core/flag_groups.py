"""The flags that are made from Config, by the groups in which the help shows them."""

from experiments.core.flags import WHERE_AND_HOW

# In the order of the help; '' is the heading of the common ones.
GROUPS = {
    '': ('task', 'dataset', 'machine', 'cell', 'hidden', 'epochs', 'seed', 'seeds', 'workdir'),
    'The net': (
        'layers',
        'bidirectional',
        'activation',
        'dense_activation',
        'reset_after',
        'init',
        'head_init',
        'gate_bias',
    ),
    'Optimization': (
        'optimizer',
        'learning_rate',
        'batch_size',
        'steps',
        'loss',
        'restarts',
        'momentum',
        'rmsprop_decay',
        'rmsprop_start',
    ),
    'Regularization': ('dropout', 'state_noise', 'weight_decay', 'l2', 'l2_of'),
    'Examples': ('train_size', 'validation_size', 'fresh', 'shuffle'),
    'Sequences': ('min_length', 'max_length', 'k'),
    'Images': ('pixels', 'image_size', 'fit', 'colour', 'per_class', 'test_per_class'),
    'What is kept': ('statistics_every', 'snapshots'),
    WHERE_AND_HOW: ('data_dir', 'precision', 'mesh'),
}
