"""The stand-in for AWS and Redshift on one machine; the rest of Red Jam calls these four functions and no others."""

from redjam.config import Settings
from redjam.local import postgres, services


def client(settings: Settings, service: str, connections: int = 10):
    """A boto3 client that calls the stand-in, started if need be, for so many threads at once."""
    return services.client(settings.local_dir, service, settings.region, connections)


def connect(settings: Settings, cluster):
    """Open a psycopg2 connection to the cluster's database in the embedded Postgres, started if need be."""
    from redjam.local import session  # sqlglot and the rest take their time; building needs none of it

    return session.connect(settings, cluster)


def stop(settings: Settings) -> list[str]:
    """Stop the local servers and name those that ran; what they hold stays on disk."""
    return services.stop(settings.local_dir)


def status(settings: Settings) -> list[tuple[str, str]]:
    """Name each local server and say whether it runs, and where a BI tool connects as analyst if Postgres does."""
    found = services.status(settings.local_dir)
    if (port := postgres.running(settings.local_dir)) is None:
        return found
    return [*found, ("analyst", f"127.0.0.1:{port}/{postgres.database(settings)}")]
