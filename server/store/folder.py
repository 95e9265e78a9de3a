"""The data folder: one server at a time."""

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from server.errors import DataFolderBusy, SettingInvalid


class DataFolder:
    """Holds the data folder for this process; the lock falls with the process, however it ends."""

    def __init__(self, path: Path, *, port: int) -> None:
        self.path = path.resolve()
        self._port = port
        self._file: IO[str] | None = None

    def __enter__(self) -> "DataFolder":
        """Take the lock.

        Raises:
            DataFolderBusy: names the process that holds it.
            SettingInvalid: the path is no folder, or not writable.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise SettingInvalid(
                f"GIFTWAVE_DATA: {self.path} cannot be used as a folder ({error.strerror})."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = _describe(file.read())
            file.close()
            raise DataFolderBusy(
                f"The data folder {self.path} is in use by {holder}; stop it, or set GIFTWAVE_DATA to another folder."
            ) from error
        file.seek(0)
        file.truncate()
        json.dump({"pid": os.getpid(), "port": self._port}, file)
        file.flush()
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _describe(content: str) -> str:
    try:
        holder = json.loads(content)
        return f"process {holder['pid']} (a giftwave server on port {holder['port']})"
    except (ValueError, KeyError, TypeError):
        return "another giftwave server that is just starting"
