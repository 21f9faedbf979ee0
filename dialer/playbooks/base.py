"""What every part of a playbook file is made of. Pure."""

from pydantic import BaseModel, ConfigDict, Field


class Data(BaseModel):
    """A part of a playbook: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Text(Data):
    """A text in Chinese and English."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_(self, language: str) -> str:
        """The text in `language`, Chinese where it is not English."""
        return self.en if language.startswith("en") else self.zh
