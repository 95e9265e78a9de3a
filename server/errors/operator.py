"""Commands and configurations that cannot work as given."""

from server.errors.tree import GiftwaveError


class OperatorError(GiftwaveError):
    """A command or a configuration cannot work as given."""

    code = "operator_error"


class DataFolderBusy(OperatorError):
    """Another server uses this data folder."""

    code = "data_folder_busy"


class PortBusy(OperatorError):
    """Something listens on this port."""

    code = "port_busy"


class StoreMissing(OperatorError):
    """No Valkey or Redis program can be found, or it does not start."""

    code = "store_missing"


class CatalogueInvalid(OperatorError):
    """The catalogue file has faults."""

    code = "catalogue_invalid"


class SettingInvalid(OperatorError):
    """A setting does not parse or is out of range."""

    code = "setting_invalid"


class BooksMismatch(OperatorError):
    """The store and the books do not belong together."""

    code = "books_mismatch"


class BackupInvalid(OperatorError):
    """A backup cannot be made or restored as asked."""

    code = "backup_invalid"
