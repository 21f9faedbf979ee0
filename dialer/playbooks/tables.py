"""Versions of playbooks: those that people saved, and the shipped ones that were once in force."""

from sqlalchemy import Column, Integer, String, Table, Text

from dialer.storage.base import UtcDateTime, metadata

playbook_versions = Table(
    "playbook_versions",
    metadata,
    Column("playbook", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("yaml", Text, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    # "" of a version that came with the product.
    Column("saved_by", String(60), nullable=False),
    # What happened to the open follow-ups of the version before: stay, move.
    Column("open_ones", String(10), nullable=False),
)
