"""Checkpoints of a running search, from which it resumes after being killed."""

import json
import time
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lawpipe.run import distributed, files
from lawpipe.run.errors import InputError

#: Seconds between two checkpoints.
INTERVAL = 20.0


@dataclass
class Checkpoint:
    """One file in `folder` that holds tensors and JSON values, written at most every `interval` seconds.

    The file is replaced atomically, so a kill at any time leaves the last complete one. Nothing is pickled.
    """

    folder: Path
    interval: float = INTERVAL
    _saved: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> Path:
        """The checkpoint file."""
        return self.folder / "state.npz"

    def due(self) -> bool:
        """Return whether the last save is at least `interval` seconds ago."""
        return time.monotonic() - self._saved >= self.interval

    def save(self, state: Mapping[str, Any]) -> None:
        """Write named tensors and JSON values; floats keep all their bits.

        Of several processes, which hold the same state, the first writes it.
        """
        if not distributed.is_main():
            return
        arrays = {name: value.cpu().numpy() for name, value in state.items() if isinstance(value, Tensor)}
        plain = {name: value for name, value in state.items() if name not in arrays}
        with files.whole(self.path) as temporary:
            np.savez(temporary, allow_pickle=False, plain=np.array(json.dumps(plain)), **arrays)
        self._saved = time.monotonic()

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """Return the state that was saved last, or None if there is none.

        Raises InputError if the file is damaged.
        """
        if not self.path.is_file():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                plain: dict[str, Any] = json.loads(str(stored["plain"]))
                arrays = {name: torch.from_numpy(stored[name]) for name in stored.files if name != "plain"}
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(
                f"{self.path} is damaged ({str(error).splitlines()[0].rstrip('.')}), expected the state of a search "
                f"that was stopped: delete {self.folder} to search from the beginning."
            ) from error
        return plain | {name: tensor.to(device) for name, tensor in arrays.items()}
