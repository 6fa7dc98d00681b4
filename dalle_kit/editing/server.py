"""The language server: what the editor asks, and what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcException
from pygls.lsp.server import LanguageServer

from dalle_kit import __version__
from dalle_kit.editing.answers import completion_list, inline_list, range_of
from dalle_kit.editing.completing import Completer, Place
from dalle_kit.editing.files import Change, OpenFile, OpenFiles
from dalle_kit.editing.jobs import Jobs, Stale
from dalle_kit.editing.loading import Reporter
from dalle_kit.editing.positions import offset_of
from dalle_kit.editing.protocol import Protocol
from dalle_kit.editing.stdio import Inbox, Outbox
from dalle_kit.errors import DalleKitError, RequestError

#: Seconds of quiet before what nobody asked for is begun: who types fast is not waited for.
_QUIET = 0.075

#: Seconds beyond those of its writing that a completion may take, for the file to be read and the model to be shown it.
_GRACE = 4.0

#: Seconds that the editor has to make its progress bar, and between two reports to it.
_PATIENCE, _PACE = 5.0, 0.2

_TOKEN = "dalle-kit/loading"


class Server(LanguageServer):
    """Completes what is written in the editor, in the line itself or in a list.

    Nothing of a file is logged: what goes wrong is told in one line, once for each file. ``reporter`` is the progress
    of the completer's Kit.
    """

    def __init__(self, completer: Completer, reporter: Reporter) -> None:
        _silence()
        super().__init__("dalle-kit", __version__, protocol_cls=Protocol)
        self.files = OpenFiles()
        self.encoding = "utf-16"
        self.was_shut_down = False
        self._completer, self._reporter = completer, reporter
        self.jobs = Jobs(completer.write, ready=self._ready, seconds=completer.limits.seconds + _GRACE)
        self._loading: asyncio.Task[None] | None = None
        self._told: set[tuple[str, str]] = set()
        self._last_report = 0.0
        _register(self)

    def serve(self, inbox: Inbox, outbox: Outbox) -> int:
        """Speak with the editor until it leaves; return the exit code that the protocol asks for."""
        self.start_io(inbox, outbox)  # type: ignore[arg-type]  # which need no more than these have
        return 0 if self.was_shut_down else 1

    def shutdown(self) -> None:
        """Stop whatever is going on."""
        self._reporter.leave()
        self.jobs.close()
        super().shutdown()  # type: ignore[no-untyped-call]

    def tell(self, message: str, *, uri: str = "", level: types.MessageType = types.MessageType.Warning) -> None:
        """Say something of a file, or in general, in one line, and only once."""
        if (uri, message) in self._told:
            return
        self._told.add((uri, message))
        name = self.files.name(uri) if uri else None
        line = " ".join(f"{name}: {message}".split() if name else message.split())
        self.window_log_message(types.LogMessageParams(level, line))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Say that something went wrong, of what kind; what it was may have the text of a file in it."""
        if not isinstance(error, JsonRpcException):
            self.tell(f"a message could not be handled ({type(error).__name__})", level=types.MessageType.Error)

    def begin(self, params: types.InitializeParams) -> None:
        """Take note of the editor's folders, and how it counts."""
        folders = [folder.uri for folder in params.workspace_folders or ()]
        self.files.roots = tuple(folders or ([params.root_uri] if params.root_uri else []))
        self.encoding = types.PositionEncodingKind(self.workspace.position_encoding or "utf-16").value

    def load(self) -> asyncio.Task[None]:
        """Load the model in the background, once."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(self._load())
            self._loading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._loading

    async def inline(self, params: types.InlineCompletionParams) -> types.InlineCompletionList | None:
        """Return what could be written, to be shown in the line itself."""
        file = self._file(params.text_document.uri)
        if file is None:
            return None
        asked = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        place = self._offset(file, params.position)
        at, before = range_of(file.text, place, place, self.encoding), ""
        if (chosen := params.context.selected_completion_info) is not None:
            # The editor shows this as if it stood there, and wants what goes on from it.
            at, before = chosen.range, chosen.text
            place = self._offset(file, at.start) + len(before)
            file = file.changed(Change(before, _places(at)), self.encoding)
        text = await self._text(file, place, delay=0 if asked else _QUIET)
        return None if text is None else inline_list(text, at, before=before)

    async def listed(self, params: types.CompletionParams) -> types.CompletionList | None:
        """Return what could be written, as a line of a list."""
        file = self._file(params.text_document.uri)
        if file is None:
            return None
        place = self._offset(file, params.position)
        text = await self._text(file, place, delay=_QUIET)
        return None if text is None else completion_list(text, file.text, place, self.encoding)

    async def _text(self, file: OpenFile, offset: int, *, delay: float) -> str | None:
        nearby = tuple(self.files.nearby(file.uri))
        place = Place(file.text, offset, file.language, self.files.name(file.uri), nearby)
        try:
            return await self.jobs.text(file.uri, place, delay=delay)
        except Stale:
            raise JsonRpcContentModified("the file was changed or closed, or another place asked for") from None
        except RequestError as error:
            self.tell(str(error), uri=file.uri, level=types.MessageType.Info)
        except TimeoutError:
            self.tell("a completion took too long and was given up", uri=file.uri)
        except DalleKitError as error:
            self.tell(str(error), level=types.MessageType.Error)
        except Exception as error:
            message = f"internal error in a completion ({type(error).__name__})"
            self.tell(message, uri=file.uri, level=types.MessageType.Error)
        return None

    def _file(self, uri: str) -> OpenFile | None:
        file = self.files.get(uri)
        if file is None:
            self.tell("it is not open, and nothing can be completed in it", uri=uri)
        return file

    def _offset(self, file: OpenFile, position: types.Position) -> int:
        return offset_of(file.text, position.line, position.character, self.encoding)

    async def _ready(self) -> None:
        await asyncio.shield(self.load())

    async def _load(self) -> None:
        loop = asyncio.get_running_loop()
        self._reporter.show = lambda *report: self._show(loop, *report)
        kit, domain = self._completer.kit, self._completer.domain
        work = asyncio.ensure_future(asyncio.to_thread(kit.load, domain))
        bar = asyncio.ensure_future(self._show_progress(work))
        try:
            await work
        except DalleKitError as error:
            self.tell(str(error), level=types.MessageType.Error)
            raise
        finally:
            self._reporter.show = None
            if not work.done() or work.cancelled():
                self._reporter.leave()
                bar.cancel()

    async def _show_progress(self, work: asyncio.Future[Any]) -> None:
        window = self.client_capabilities.window
        if window is None or not window.work_done_progress:
            return
        progress = self.work_done_progress
        with contextlib.suppress(TimeoutError, JsonRpcException):
            async with asyncio.timeout(_PATIENCE):
                await progress.create_async(_TOKEN)
            progress.begin(_TOKEN, types.WorkDoneProgressBegin(title="dalle-kit", message="loading the model"))
            await asyncio.wait([work])
            progress.end(_TOKEN, types.WorkDoneProgressEnd())

    def _show(self, loop: asyncio.AbstractEventLoop, stage: str, done: int, total: int | None) -> None:
        """Report from the thread that loads; after the loop's end there is nobody to report to."""
        now = time.monotonic()
        if now - self._last_report < _PACE or _TOKEN not in self.work_done_progress.tokens:
            return
        self._last_report = now
        share = min(100, 100 * done // total) if total else None
        report = types.WorkDoneProgressReport(message=stage, percentage=share)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self.work_done_progress.report, _TOKEN, report)


def _register(server: Server) -> None:
    """Say what is answered; pygls wants functions, not methods."""

    @server.feature(types.INITIALIZE)
    def begin(params: types.InitializeParams) -> None:
        server.begin(params)

    @server.feature(types.INITIALIZED)
    async def load(params: types.InitializedParams) -> None:
        server.load()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def move(params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.files.roots = tuple(folder.uri for folder in server.workspace.folders.values())

    @server.feature(types.SHUTDOWN)
    def shut_down(params: None) -> None:
        server.was_shut_down = True
        server.jobs.close()

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList | None:
        return await server.inline(params)

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["."]))
    async def listed(params: types.CompletionParams) -> types.CompletionList | None:
        return await server.listed(params)


def _places(at: types.Range) -> tuple[tuple[int, int], tuple[int, int]]:
    return (at.start.line, at.start.character), (at.end.line, at.end.character)


def _silence() -> None:
    """Have pygls log nothing: its lines have whole messages in them, and these whole files."""
    for name in ("pygls", "asyncio"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [logging.NullHandler()]
