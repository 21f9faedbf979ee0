"""`/supervisor/import`: send a file, see how it is read, take it in, mend what was wrong (C3)."""

import asyncio
import csv
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from aiohttp import BodyPartReader, web

from dialer.importing.columns.fields import FIELDS
from dialer.importing.columns.headings import Column
from dialer.importing.columns.kinds import KINDS
from dialer.importing.options import DEFAULT_SOURCE, ImportOptions
from dialer.importing.outgoing.write_back import states
from dialer.importing.preview import Preview, preview
from dialer.importing.queries import import_of, past_imports, saved_mapping
from dialer.importing.reading import UnreadableFile
from dialer.importing.service import import_file, note_unreadable
from dialer.storage.database import Database
from dialer.storage.feed import emit
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.facts import fact_name
from web.imports import uploads, words
from web.imports.uploads import JOBS, TASKS, Job, NotTaken
from web.labels import OCCASION
from web.panel import PANEL, Panel
from web.render import render, translator_of

_PAST = 30
_SHOWN_ERRORS = 50
_LONGEST_SOURCE = 60
_allowed = requires(Role.SUPERVISOR, Role.ADMIN)


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of the pages."""
    return [
        web.get("/supervisor/import", list_page),
        web.get("/supervisor/import/part/past", past_part),
        web.post("/supervisor/import/files", upload),
        web.get("/supervisor/import/files/{upload}", file_page),
        web.post("/supervisor/import/files/{upload}", take_in),
        web.get("/supervisor/import/files/{upload}/part", job_part),
        web.get("/supervisor/import/{id}/errors", error_file),
    ]


@_allowed
async def list_page(request: web.Request) -> web.StreamResponse:
    """Send a file; what was taken in before."""
    return await _past(request, "imports/list.html")


@_allowed
async def past_part(request: web.Request) -> web.StreamResponse:
    """What was taken in before, without the page around it."""
    return await _past(request, "imports/past.html")


async def _past(request: web.Request, template: str) -> web.StreamResponse:
    panel = request.app[PANEL]
    rows, written = await panel.database.read(lambda conn: (past_imports(conn, _PAST), states(conn)))
    return render(
        request,
        template,
        past=rows,
        written=written,
        words=words,
        occasions=OCCASION,
        suffixes=",".join(uploads.SUFFIXES),
        default_source=DEFAULT_SOURCE,
        megabytes=panel.importing.largest_upload // 2**20,
        sentence=translator_of(request).sentence,
    )


@_allowed
async def upload(request: web.Request) -> web.StreamResponse:
    """Keep a file that is sent; the answer says where it is looked at. Nothing is taken in yet."""
    panel, text = request.app[PANEL], translator_of(request)
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest
    source, upload_id = "", ""
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise web.HTTPBadRequest
            if part.name == "source":
                source = (await part.read_chunk(_LONGEST_SOURCE)).decode("utf-8", "replace").strip()
            elif part.name == "file":
                upload_id = await uploads.keep(part, panel.uploads, panel.importing.largest_upload)
    except NotTaken as error:
        return web.json_response({"error": text.sentence(str(error))}, status=422)
    except ValueError as error:
        raise web.HTTPBadRequest from error
    if not upload_id:
        raise web.HTTPBadRequest
    address = request.url.with_path(f"/supervisor/import/files/{upload_id}")
    return web.json_response({"location": address.with_query({"source": source or DEFAULT_SOURCE}).path_qs})


@_allowed
async def file_page(request: web.Request) -> web.StreamResponse:
    """How a file is read, and what would be wrong with it; or what became of it."""
    upload_id, path = await _file(request)
    job = request.app.get(JOBS, {}).get(upload_id)
    if job is not None:
        return render(request, "imports/job.html", **await _job_values(request, upload_id, path, job))
    return await _look(request, upload_id, path, request.query)


async def _look(
    request: web.Request, upload_id: str, path: Path, told: Mapping[str, str]
) -> web.StreamResponse:
    options = await _options(request, path, told)
    seen: Preview | None = None
    problem = ""
    columns: tuple[Column, ...] = ()
    try:
        seen = await asyncio.to_thread(preview, path, options, request.app[PANEL].clock())
        columns = seen.columns
    except UnreadableFile as error:
        problem = str(error)
        columns = tuple(Column(name, options.mapped.get(name, "")) for name in error.headings)
    text = translator_of(request)
    return render(
        request,
        "imports/file.html",
        upload=upload_id,
        file=path.name,
        seen=seen,
        problem=problem,
        columns=columns,
        source=options.source,
        default_source=DEFAULT_SOURCE,
        kind=options.kind or (seen.kind if seen else ""),
        kinds=KINDS,
        fields=[(field.name, fact_name(field.name, text)) for field in FIELDS],
        words=words,
        occasions=OCCASION,
        sentence=text.sentence,
    )


@_allowed
async def take_in(request: web.Request) -> web.StreamResponse:
    """Take the file in as it was looked at, or look again with other meanings."""
    upload_id, path = await _file(request)
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if form.get("do") != "take":
        return await _look(request, upload_id, path, form)
    options = await _options(request, path, form)
    jobs = request.app[JOBS]
    if upload_id not in jobs or not jobs[upload_id].running:
        jobs[upload_id] = job = Job()
        task = asyncio.create_task(_work(request.app[PANEL], path, options, job), name="import")
        request.app[TASKS].add(task)
        task.add_done_callback(request.app[TASKS].discard)
    raise web.HTTPSeeOther(f"/supervisor/import/files/{upload_id}")


async def _work(panel: Panel, path: Path, options: ImportOptions, job: Job) -> None:
    database: Database = panel.database

    def progress(rows: int, of: int) -> None:
        job.rows, job.of = rows, of

    try:
        job.report = await import_file(
            database,
            panel.library,
            path,
            options,
            clock=panel.clock,
            planning=panel.planning,
            progress=progress,
        )
    except UnreadableFile as error:
        job.problem = str(error)
        await note_unreadable(database, path, options, str(error), panel.clock)
    finally:
        if job.running:
            job.problem = "the import was broken off: import the file again, and it goes on from there"


@_allowed
async def job_part(request: web.Request) -> web.StreamResponse:
    """How far the import is, or what came of it."""
    upload_id, path = await _file(request)
    job = request.app.get(JOBS, {}).get(upload_id)
    if job is None:
        raise web.HTTPNotFound
    return render(request, "imports/result.html", **await _job_values(request, upload_id, path, job))


@_allowed
async def error_file(request: web.Request) -> web.StreamResponse:
    """The rows that were not taken in, to be mended; who fetched them is kept (X1)."""
    wanted = request.match_info["id"]
    row = await request.app[PANEL].database.read(partial(import_of, import_id=wanted))
    path = Path(row.error_file) if row is not None and row.error_file else None
    if path is None or not await asyncio.to_thread(path.is_file):
        raise web.HTTPNotFound
    now, told = request.app[PANEL].clock(), {"login": current_user(request).login}
    await request.app[PANEL].database.write(
        lambda conn: emit(conn, "import.errors_fetched", wanted, now, told)
    )
    headers = {"Content-Type": "text/csv; charset=utf-8", "Cache-Control": "private, no-store"}
    headers["Content-Disposition"] = f'attachment; filename="{wanted}{uploads.ERRORS}"'
    return web.FileResponse(path, headers=headers)


async def _file(request: web.Request) -> tuple[str, Path]:
    upload_id = request.match_info["upload"]
    path = await asyncio.to_thread(uploads.find, request.app[PANEL].uploads, upload_id)
    if path is None:
        raise web.HTTPNotFound
    return upload_id, path


async def _options(request: web.Request, path: Path, told: Mapping[str, str]) -> ImportOptions:
    """How the page says that the file is to be read; `h0` and `f0` are the first heading and its field."""
    panel = request.app[PANEL]
    source = told.get("source", "").strip()[:_LONGEST_SOURCE] or DEFAULT_SOURCE
    mapped: Mapping[str, str] = {
        heading: told.get(f"f{name[1:]}", "")
        for name, heading in told.items()
        if name[:1] == "h" and name[1:].isdigit() and heading.strip()
    }
    if not mapped:
        mapped = await panel.database.read(lambda conn: saved_mapping(conn, source))
    kind = told.get("kind", "")
    return ImportOptions(
        zone=panel.settings.zone,
        default_branch=panel.branch,
        kind=kind if kind in KINDS else "",
        source=source,
        mapped=mapped,
        by=current_user(request).login,
        say=translator_of(request).sentence,
    )


async def _job_values(request: web.Request, upload_id: str, path: Path, job: Job) -> dict[str, object]:
    report = job.report
    errors: list[list[str]] = []
    if report is not None and report.error_file:
        errors = await asyncio.to_thread(_first_rows, Path(report.error_file))
    text = translator_of(request)
    return {
        "upload": upload_id,
        "file": path.name,
        "job": job,
        "report": report,
        "errors": errors,
        "words": words,
        "sentence": text.sentence,
        # The file has its reasons in the language of whoever took it in.
        "said_again": text.said_again,
    }


def _first_rows(path: Path) -> list[list[str]]:
    """The headings and the first rows of an error file, the reason and the line first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for _, row in zip(range(_SHOWN_ERRORS + 1), csv.reader(file), strict=False)]
    return [[*row[-2:], *row[:-2]] for row in rows]
