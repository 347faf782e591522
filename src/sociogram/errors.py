"""Everything that Sociogram raises on purpose.

SociogramError                 exit code 1; the message says what was expected, what came and what to do
├── InputError                 files, tables, options, graphs that cannot be learned from
│   └── MappingError           graph.toml
├── DatabaseError              the Neo4j at the other end
│   ├── DatabaseUnavailable    not reachable, not started, killed
│   ├── AuthenticationFailed   wrong or missing password
│   ├── TransactionTooLarge    for the memory that Neo4j allows
│   └── UnsupportedServer      too old, or read-only where a write is needed
├── DownloadError              jars: no network, wrong hash, full disk
├── EncoderError               a model folder that cannot be used
├── TrainingError              NaN, collapse, nothing to learn
├── PublishError               a property that is not ours, an unknown run, one that is live on some nodes only
│   └── BeingPublished         asked while another run goes live
└── NotFoundError              nothing published yet, an unknown user (with the nearest names)
"""


class SociogramError(Exception):
    """Base of all errors that a user can act on."""


class InputError(SociogramError):
    """The data or an option given is not usable as it is."""


class MappingError(InputError):
    """graph.toml does not fit its format or the database."""


class DatabaseError(SociogramError):
    """Neo4j answered with an error that retrying does not mend."""


class DatabaseUnavailable(DatabaseError):
    """Neo4j cannot be reached."""


class AuthenticationFailed(DatabaseError):
    """Neo4j refused the user or the password."""


class TransactionTooLarge(DatabaseError):
    """A transaction needs more memory than Neo4j allows."""


class UnsupportedServer(DatabaseError):
    """Neo4j is too old, or read-only where a write is needed."""


class DownloadError(SociogramError):
    """A file that the managed Neo4j needs could not be fetched or is not the expected one."""


class EncoderError(SociogramError):
    """A text encoder could not be loaded or used."""


class TrainingError(SociogramError):
    """Training cannot start or has gone wrong; the message names the cause."""


class PublishError(SociogramError):
    """Publishing would overwrite what is not ours, or the run is not usable, or only some nodes have it yet."""


class BeingPublished(PublishError):
    """Another run goes live just now, and no answer would be of one run."""


class NotFoundError(SociogramError):
    """What was asked for is not in the graph."""
