"""The protocol as pygls speaks it, but for texts: these are kept and counted in here.

Its own documents end lines where Python's ``splitlines`` does, at a form feed for one, and editors do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from dalle_kit.editing.files import Change, OpenFile

if TYPE_CHECKING:
    from dalle_kit.editing.server import Server


class Protocol(LanguageServerProtocol):
    """Takes in what the editor says of its files, and answers a request that is no valid one."""

    _server: Server

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Take a file in."""
        opened = params.text_document
        self._server.jobs.drop(opened.uri)
        self._server.files.open(OpenFile(opened.uri, str(opened.language_id), opened.text))

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Make the edits in a file; what is being written in it is not wanted any more."""
        uri = params.text_document.uri
        self._server.jobs.drop(uri)
        try:
            self._server.files.change(uri, map(_change, params.content_changes), self._server.encoding)
        except KeyError:
            self._server.tell("it was changed, but not opened before; open it again", uri=uri)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget a file."""
        self._server.jobs.drop(params.text_document.uri)
        self._server.files.close(params.text_document.uri)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read a message; a request that cannot be read is answered, where pygls leaves the editor waiting."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise


def _change(event: types.TextDocumentContentChangeEvent) -> Change:
    if not isinstance(event, types.TextDocumentContentChangePartial):
        return Change(event.text)
    start, end = event.range.start, event.range.end
    return Change(event.text, ((start.line, start.character), (end.line, end.character)))
