"""The side folder of a running search: what it needs to go on after being killed."""

import json
import time
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lawpipe.run import distributed, files
from lawpipe.run.errors import InputError

#: A checkpoint is due this many seconds after the last.
INTERVAL = 20.0


@dataclass
class Checkpoint:
    """Saves tensors and plain numbers to one file in `folder`, at most every INTERVAL seconds, and loads them.

    The file is replaced in one piece, so a kill at any moment leaves the last whole one. No pickle is involved.
    """

    folder: Path
    interval: float = INTERVAL
    _saved: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> Path:
        """The checkpoint file."""
        return self.folder / "state.npz"

    def due(self) -> bool:
        """Tell whether the last save is long enough ago."""
        return time.monotonic() - self._saved >= self.interval

    def save(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Write a checkpoint; `plain` must survive JSON, whose floats keep all their bits.

        Of several processes, which hold the same, one does.
        """
        if not distributed.is_main():
            return
        arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
        with files.whole(self.path) as temporary:
            np.savez(temporary, allow_pickle=False, plain=np.array(json.dumps(plain)), **arrays)
        self._saved = time.monotonic()

    def load(self, device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return what was saved last, or None if nothing was; InputError if it is damaged."""
        if not self.path.is_file():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                plain = json.loads(str(stored["plain"]))
                tensors = {
                    name: torch.from_numpy(stored[name]).to(device) for name in stored.files if name != "plain"
                }
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(
                f"{self.path} is damaged ({str(error).splitlines()[0].rstrip('.')}), expected the state of a search "
                f"that was stopped: delete {self.folder} to search from the beginning."
            ) from error
        return tensors, plain
