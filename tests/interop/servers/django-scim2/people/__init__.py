"""The Django application whose users and groups are provisioned."""
