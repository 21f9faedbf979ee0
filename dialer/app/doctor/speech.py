"""The speech model: there, and it loads."""

import asyncio
from time import perf_counter

from dialer.app.settings import Settings, speech_model
from qa.speech.models import InstalledModel
from qa.speech.port import SpeechError
from qa.speech.workers import load_engine
from web.finding import Finding, Level, said
from web.i18n import N_

_TITLE = N_("Speech model")


async def look_at_speech(settings: Settings) -> Finding:
    """Find the model and load it once, in this process."""
    if not settings.transcribe:
        return Finding(
            "speech", _TITLE, Level.OK, said(N_("Transcription is turned off (setting transcribe)."))
        )
    began = perf_counter()
    try:
        model = speech_model(settings)
        await asyncio.to_thread(_load, model)
    except SpeechError as error:
        do = said(N_("Run `dialer models list`, then `dialer models fetch` with a name of it."))
        return Finding("speech", _TITLE, Level.FAIL, said("{error}", error=str(error)), do)
    except Exception as error:  # whatever an engine raises over a damaged model
        seen = said(N_("The model cannot be loaded: {error}"), error=str(error))
        do = said(N_("Remove its folder and fetch it again with `dialer models fetch`."))
        return Finding("speech", _TITLE, Level.FAIL, seen, do)
    seen = said(
        N_("{model} loads in {seconds} s."), model=model.name, seconds=f"{perf_counter() - began:.1f}"
    )
    return Finding("speech", _TITLE, Level.OK, seen)


def _load(model: InstalledModel) -> None:
    load_engine(model.engine, model.folder)
