"""Every database the product runs on, and the speech models."""

from tests.contract.speech_models import model, vosk_ko, whisper_base
from tests.support.stores import database, empty_url, kind, make_url, store_url

__all__ = ["database", "empty_url", "kind", "make_url", "model", "store_url", "vosk_ko", "whisper_base"]
