"""A mapping that a person wrote: headings and what they mean (C3)."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from dialer.importing.readers.table import UnreadableFile


def read_mapping(path: Path) -> Mapping[str, str]:
    """A YAML or JSON file of `heading: field`, as `车主手机号: number`; an empty field leaves a column out.

    Raises:
        UnreadableFile: it is none.
    """
    try:
        # Texts and nothing else: a heading `no` is not the answer no.
        told = yaml.load(path.read_text("utf-8-sig"), Loader=yaml.CBaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableFile(f"the mapping {path.name} cannot be read: {error}") from error
    if not isinstance(told, dict) or not all(
        isinstance(heading, str) and (field is None or isinstance(field, str))
        for heading, field in told.items()
    ):
        raise UnreadableFile(f"the mapping {path.name} is not a list of lines such as 车主手机号: number")
    return {heading.strip(): field or "" for heading, field in told.items()}
