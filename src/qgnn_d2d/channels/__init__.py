"""Channel realizations of device-to-device networks: drawn from a seed, kept as NetCDF, used in torch.

Every kind of scenario (`settings.SCENARIOS`) is a function of its settings, a number of realizations and a seed. It
returns an `xarray.Dataset` with the variables

* `gain` (realization, receiver, transmitter): power gain |g_jm|^2 into receiver m from transmitter j, float64,
* `weight` (realization, receiver): link weight alpha_m of eq. (2), float64,

* `num_links` (realization), only for networks of several sizes: their numbers of links; what is left is padding, 0,

and, as attributes, every parameter, the derived `p_max` (an AMPLITUDE, sqrt(W), as p in the paper) and `noise_power`
(W), the seed and the package version.

The kind `file` reads them from a file (`read_file`, `from_complex`: the same without a study).

All but `public_draws` are prefix-nested: the first n realizations are the same for any number of realizations of at
least n. So smaller training sets are subsets of larger ones.
"""

from .batch import Channels
from .conventions import from_complex
from .description import described
from .draws import draw, draw_splits, realizations
from .file import read_file
from .storage import load, read, save, to_channels

__all__ = [
    "Channels", "described", "draw", "draw_splits", "from_complex", "load", "read", "read_file", "realizations",
    "save", "to_channels",
]  # fmt: skip
