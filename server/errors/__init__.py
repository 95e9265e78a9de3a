"""Every error a caller can meet, in one tree.

GiftwaveError
├── BadInput            the message itself is wrong; sending it again cannot help
│   ├── Malformed · UnknownType · BadField · HelloFirst · AlreadyGreeted · NotFound · MethodNotAllowed · BodyTooLarge
├── AccessDenied        who speaks may not do this
│   ├── BadToken · TokenExpired · Forbidden · OriginNotAllowed
├── Refused             understood and decided against; no coins moved, and the decision is remembered
│   ├── UnknownRoom · RoomClosed · RoomTaken · UnknownGift · CountNotAllowed · PriceChanged · InsufficientCoins
│   ├── OwnRoom · LedgerLimit · IntentConflict · StaleIntent · FutureIntent · UnknownIntent
│   ├── LimitGift · LimitDay · LimitWeek · LimitMonth · SelfExcluded · WalletOwes
│   ├── UnknownPack · UnknownTopup · UnknownCurrency · QuoteExpired · AboveAvailable · BelowMinimum · NoDestination
│   ├── UnknownPayout · UnknownTransfer · UnknownHold · WrongState · OwnApproval · AlreadyRefunded · AboveRefundable
│   ├── BadSignature · StaleSignature · UnknownProvider · ProviderRefused
├── Unavailable         not now; the same message may be sent again
│   ├── StoreUnavailable · Overloaded · RateLimited · RecorderBehind · GateClosed · BooksUnavailable
│   ├── ProviderUnavailable
└── OperatorError       a command or a configuration cannot work as given
    ├── DataFolderBusy · PortBusy · StoreMissing · CatalogueInvalid · SettingInvalid · BooksMismatch · BackupInvalid
"""

from server.errors.gifts import (
    CountNotAllowed as CountNotAllowed,
)
from server.errors.gifts import (
    FutureIntent as FutureIntent,
)
from server.errors.gifts import (
    InsufficientCoins as InsufficientCoins,
)
from server.errors.gifts import (
    IntentConflict as IntentConflict,
)
from server.errors.gifts import (
    LedgerLimit as LedgerLimit,
)
from server.errors.gifts import (
    LimitDay as LimitDay,
)
from server.errors.gifts import (
    LimitGift as LimitGift,
)
from server.errors.gifts import (
    LimitMonth as LimitMonth,
)
from server.errors.gifts import (
    LimitWeek as LimitWeek,
)
from server.errors.gifts import (
    OwnRoom as OwnRoom,
)
from server.errors.gifts import (
    PriceChanged as PriceChanged,
)
from server.errors.gifts import (
    Refused as Refused,
)
from server.errors.gifts import (
    RoomClosed as RoomClosed,
)
from server.errors.gifts import (
    RoomTaken as RoomTaken,
)
from server.errors.gifts import (
    SelfExcluded as SelfExcluded,
)
from server.errors.gifts import (
    StaleIntent as StaleIntent,
)
from server.errors.gifts import (
    UnknownGift as UnknownGift,
)
from server.errors.gifts import (
    UnknownIntent as UnknownIntent,
)
from server.errors.gifts import (
    UnknownRoom as UnknownRoom,
)
from server.errors.gifts import (
    WalletOwes as WalletOwes,
)
from server.errors.input import (
    AccessDenied as AccessDenied,
)
from server.errors.input import (
    AlreadyGreeted as AlreadyGreeted,
)
from server.errors.input import (
    BadField as BadField,
)
from server.errors.input import (
    BadInput as BadInput,
)
from server.errors.input import (
    BadToken as BadToken,
)
from server.errors.input import (
    BodyTooLarge as BodyTooLarge,
)
from server.errors.input import (
    Forbidden as Forbidden,
)
from server.errors.input import (
    HelloFirst as HelloFirst,
)
from server.errors.input import (
    Malformed as Malformed,
)
from server.errors.input import (
    MethodNotAllowed as MethodNotAllowed,
)
from server.errors.input import (
    NotFound as NotFound,
)
from server.errors.input import (
    OriginNotAllowed as OriginNotAllowed,
)
from server.errors.input import (
    TokenExpired as TokenExpired,
)
from server.errors.input import (
    UnknownType as UnknownType,
)
from server.errors.operator import (
    BackupInvalid as BackupInvalid,
)
from server.errors.operator import (
    BooksMismatch as BooksMismatch,
)
from server.errors.operator import (
    CatalogueInvalid as CatalogueInvalid,
)
from server.errors.operator import (
    DataFolderBusy as DataFolderBusy,
)
from server.errors.operator import (
    OperatorError as OperatorError,
)
from server.errors.operator import (
    PortBusy as PortBusy,
)
from server.errors.operator import (
    SettingInvalid as SettingInvalid,
)
from server.errors.operator import (
    StoreMissing as StoreMissing,
)
from server.errors.payments import (
    AboveAvailable as AboveAvailable,
)
from server.errors.payments import (
    AboveRefundable as AboveRefundable,
)
from server.errors.payments import (
    AlreadyRefunded as AlreadyRefunded,
)
from server.errors.payments import (
    BadSignature as BadSignature,
)
from server.errors.payments import (
    BelowMinimum as BelowMinimum,
)
from server.errors.payments import (
    NoDestination as NoDestination,
)
from server.errors.payments import (
    OwnApproval as OwnApproval,
)
from server.errors.payments import (
    ProviderRefused as ProviderRefused,
)
from server.errors.payments import (
    QuoteExpired as QuoteExpired,
)
from server.errors.payments import (
    StaleSignature as StaleSignature,
)
from server.errors.payments import (
    UnknownCurrency as UnknownCurrency,
)
from server.errors.payments import (
    UnknownHold as UnknownHold,
)
from server.errors.payments import (
    UnknownPack as UnknownPack,
)
from server.errors.payments import (
    UnknownPayout as UnknownPayout,
)
from server.errors.payments import (
    UnknownProvider as UnknownProvider,
)
from server.errors.payments import (
    UnknownTopup as UnknownTopup,
)
from server.errors.payments import (
    UnknownTransfer as UnknownTransfer,
)
from server.errors.payments import (
    WrongState as WrongState,
)
from server.errors.tree import GiftwaveError as GiftwaveError
from server.errors.tree import all_errors as all_errors
from server.errors.unavailable import (
    BooksUnavailable as BooksUnavailable,
)
from server.errors.unavailable import (
    GateClosed as GateClosed,
)
from server.errors.unavailable import (
    Overloaded as Overloaded,
)
from server.errors.unavailable import (
    ProviderUnavailable as ProviderUnavailable,
)
from server.errors.unavailable import (
    RateLimited as RateLimited,
)
from server.errors.unavailable import (
    RecorderBehind as RecorderBehind,
)
from server.errors.unavailable import (
    StoreUnavailable as StoreUnavailable,
)
from server.errors.unavailable import (
    Unavailable as Unavailable,
)

# The refusals that the atomic step may answer, by code.
REFUSAL_BY_CODE: dict[str, type[Refused]] = {
    error.code: error for error in all_errors(Refused) if issubclass(error, Refused)
}
