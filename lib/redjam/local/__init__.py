"""The stand-in for AWS and Redshift on one machine; the rest of Red Jam calls these four functions and no others."""

from redjam.config import Settings
from redjam.local import services


def aws_options(settings: Settings) -> dict:
    """What boto3.client takes to call the stand-in, started if need be; nothing for AWS itself."""
    return services.aws_options(settings.local_dir) if settings.is_local else {}


def connect(settings: Settings, cluster):
    """Open a psycopg2 connection to the cluster's database in the embedded Postgres, started if need be."""
    from redjam.local import session  # sqlglot and the rest take their time; building needs none of it

    return session.connect(settings, cluster)


def stop(settings: Settings) -> list[str]:
    """Stop the local servers and name those that ran; what they hold stays on disk."""
    return services.stop(settings.local_dir)


def status(settings: Settings) -> list[tuple[str, str]]:
    """Name each local server and say whether it runs."""
    return services.status(settings.local_dir)
