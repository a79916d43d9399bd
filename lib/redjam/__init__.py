"""Red Jam: a data warehouse for a song app's listening data, on Amazon Redshift and on a laptop."""
