"""Analyses of curves, weights and contributions: arrays in, numbers out.

Imports no other room, and no PyTorch.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
