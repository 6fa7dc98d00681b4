"""Talking to a server: one request at a time, with everything that can go wrong told as an error of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dalle_kit.engine.remote.events import (
    ANSWER,
    Delta,
    Malformed,
    Told,
    as_object,
    deltas,
    error_message,
    read_delta,
    whole,
)
from dalle_kit.engine.remote.pace import Again, Pace, Patience, retry_after
from dalle_kit.errors import RequestError, ServerError, UnknownNameError, printable_line
from dalle_kit.models.servers import is_this_machine
from dalle_kit.models.spec import ServerSource

if TYPE_CHECKING:
    import httpx

#: What may be over soon: too many requests, and what stands between us and the server, or the server itself, is busy.
_PASSING = frozenset({408, 425, 429, 502, 503, 504})

#: Codes of a 429 that waiting does not help with.
_LASTING = frozenset({"insufficient_quota", "billing_hard_limit_reached"})

#: Codes of a refusal that is for what this one request says: the next may be served.
_UNWANTED = frozenset({"content_filter", "content_policy_violation", "invalid_prompt"})

#: How servers say that a request is too long for the model.
_TOO_LONG = ("context_length_exceeded", "maximum context length", "context size", "max_total_tokens", "max_model_len")


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as a server lists it: its name, whose it is, how many tokens it reads where that is told.

    ``tells_likelihoods`` says that it says how likely texts are, ``trusted_from`` how likely a sentence for a
    note has to be to be trusted, in nats; only servers of ours list these.
    """

    name: str
    owner: str
    context: int | None
    tells_likelihoods: bool
    trusted_from: float | None


class Client:
    """Asks one server; belongs to one event loop."""

    def __init__(self, source: ServerSource, *, key: str, pace: Pace, patience: Patience) -> None:
        self._source, self._key, self._pace, self._patience = source, key, pace, patience
        self._http: httpx.AsyncClient | None = None

    async def models(self) -> list[Listed]:
        """Return the models that the server lists; raises ServerError, and Again for what may be over soon."""
        response = await self._opened("GET", "/models", None)
        try:
            async with asyncio.timeout(self._patience.silence):
                listed = as_object(await whole(response.aiter_raw())).get("data")
        except (Malformed, TimeoutError) as error:
            raise self.malformed(error, "/models") from error
        except _failures() as error:
            raise self._broken(error) from error
        finally:
            await response.aclose()
        found = [_listed(each) for each in listed] if isinstance(listed, list) else []
        if not found or not all(found):
            raise self.malformed(Malformed("no list of models"), "/models")
        return [each for each in found if each]

    async def write(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[Delta]:
        """Yield the pieces of a text as the server writes it; closing this closes the connection.

        Raises ServerError, RequestError where the request is longer than the model reads, Again for what may be over
        soon.
        """
        async with self._pace.place():
            response = await self._opened("POST", path, body)
            try:
                async with asyncio.timeout(self._patience.silence) as limit, aclosing(_read(response)) as found:  # type: ignore[type-var]
                    async for delta in found:
                        if delta.text or delta.thought:  # what only keeps the connection alive is no progress
                            limit.reschedule(asyncio.get_running_loop().time() + self._patience.silence)
                        yield delta
            except Told as error:
                raise self._refused(_status_of(error.code), error.message, error.code) from error
            except Malformed as error:
                raise self.malformed(error, path) from error
            except TimeoutError as error:
                message = f"{self._where} said nothing for {self._patience.silence:g} s"
                raise Again(message, was_silent=True) from error
            except EOFError as error:
                raise Again(f"{self._where} broke off in the middle of a text") from error
            except _failures() as error:
                raise self._broken(error) from error
            finally:
                await response.aclose()

    async def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return an answer that comes as a whole; raises as ``write`` does."""
        async with self._pace.place():
            response = await self._opened("POST", path, body)
            try:
                async with asyncio.timeout(self._patience.silence):
                    return as_object(await whole(response.aiter_raw(), limit=ANSWER))
            except Malformed as error:
                raise self.malformed(error, path) from error
            except TimeoutError as error:
                message = f"{self._where} said nothing for {self._patience.silence:g} s"
                raise Again(message, was_silent=True) from error
            except _failures() as error:
                raise self._broken(error) from error
            finally:
                await response.aclose()

    def malformed(self, error: Exception, path: str) -> ServerError:
        """Return the error that an answer stands for which is not what the API says."""
        what = str(error) or "nothing in time"
        return ServerError(f"{self._where} answered {path} with {self._shown(what)}; is it a server with OpenAI's API?")

    async def close(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _opened(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        """Send a request and return the answer once it begins; raises what it says that is no success."""
        http = self._client()
        # In ASCII: a text may hold half a character, which UTF-8 cannot say.
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode("ascii")
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            request = http.build_request(method, self._source.url + path, content=content, headers=headers)
            async with asyncio.timeout(self._patience.silence):
                response = await http.send(request, stream=True)
        except _wrong_address() as error:
            raise ServerError(f"{self._source.url!r:.80} is no address: {_said(error)}") from error
        except TimeoutError as error:
            message = f"{self._where} did not answer for {self._patience.silence:g} s"
            raise Again(message, was_silent=True) from error
        except _failures() as error:
            raise Again(f"{self._where} cannot be reached: {_said(error)}") from error
        self._pace.heed(response.headers)
        if response.status_code == 200:
            return response
        try:
            async with asyncio.timeout(self._patience.connect):
                message, code = error_message(await whole(response.aiter_raw()))
        except (Malformed, TimeoutError):
            message, code = "", ""
        except _failures():
            message, code = "", ""
        finally:
            await response.aclose()
        raise self._refused(response.status_code, message, code, headers=response.headers)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            import httpx  # takes a tenth of a second

            headers = {"Accept-Encoding": "identity", "User-Agent": "dalle-kit"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            try:
                self._http = httpx.AsyncClient(
                    headers=headers,
                    timeout=httpx.Timeout(self._patience.silence, connect=self._patience.connect, pool=None),
                    limits=httpx.Limits(max_connections=None, max_keepalive_connections=16),
                    # What is for this machine goes past any proxy.
                    trust_env=not is_this_machine(self._source),
                )
            except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
                names = "HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE"
                raise ServerError(f"a proxy or certificate cannot be used: {_said(error)}; mend {names}") from error
        return self._http

    @property
    def _where(self) -> str:
        return urlsplit(self._source.url).netloc

    def _refused(self, status: int, message: str, code: str, *, headers: Mapping[str, str] | None = None) -> Exception:
        """Return the error that an answer stands for."""
        told = self._shown(message) or f"status {status}"
        if status in _PASSING and code not in _LASTING:
            after = retry_after(headers or {})
            if after is not None:
                self._pace.hold(min(after, self._patience.waiting))
            return Again(f"{self._where} is busy: {told}", after=after, status=status)
        if 300 <= status < 400:
            place = self._shown((headers or {}).get("location", "elsewhere"))
            return ServerError(f"{self._where} points to {place}; give that address if you mean it", status=status)
        if status in (401, 403):
            said = "does not take the key" if self._key else "wants a key"
            fix = "set DALLE_KIT_REMOTE_KEY, or 'dalle-kit config set remote_key KEY'"
            return ServerError(f"{self._where} {said} ({told}); {fix}", status=status)
        if code in _TOO_LONG or any(each in message for each in _TOO_LONG):
            return RequestError(f"the request is longer than the model on {self._where} reads ({told}); shorten it")
        if code in _UNWANTED:
            return RequestError(f"{self._where} refuses what is asked for here: {told}; word it otherwise")
        if status == 404:
            hint = f"does the address {self._source.url} end where its API begins, in /v1 mostly?"
            return ServerError(f"{self._where} does not know it ({told}); {hint}", status=status)
        return ServerError(f"{self._where} refused the request: {told}", status=status)

    def _broken(self, error: Exception) -> Again:
        return Again(f"the connection to {self._where} broke: {_said(error)}")

    def _shown(self, text: str) -> str:
        """Return what a server said on one line, without the key."""
        line = printable_line(text[:2000])
        return (line.replace(self._key, "(key)") if self._key else line)[:300]


async def _read(response: httpx.Response) -> AsyncIterator[Delta]:
    """Yield the pieces of an answer that is a stream, or the whole of one that is not."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        async with aclosing(deltas(response.aiter_raw())) as found:  # type: ignore[type-var]  # it is a generator
            async for delta in found:
                yield delta
    elif kind == "application/json":
        read = read_delta(as_object(await whole(response.aiter_raw())))
        if not read:
            raise Malformed("no choice at all")
        for delta in read:
            yield delta
    else:
        raise Malformed(f"{kind or 'no kind of content'}, not a text")


def unknown_model(name: str | None, listed: list[Listed]) -> UnknownNameError | ServerError | None:
    """Return what is wrong with the name of a model of a server, None if nothing is."""
    names = [each.name for each in listed]
    if name is None and len(names) > 1:
        some = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
        return ServerError(f"the server has {len(names)} models; name one behind a #: {some}")
    return None if name is None or name in names else UnknownNameError("model of the server", name, names)


def _listed(value: Any) -> Listed | None:
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    context = value.get("max_model_len")
    context = context if isinstance(context, int) else None
    trusted_from = value.get("trusted_from")
    return Listed(
        value["id"],
        str(value.get("owned_by") or ""),
        context,
        value.get("logprobs") is True,
        float(trusted_from) if isinstance(trusted_from, (int, float)) and not isinstance(trusted_from, bool) else None,
    )


def _failures() -> tuple[type[Exception], ...]:
    import httpx

    return (httpx.TransportError, httpx.StreamError, OSError)


def _wrong_address() -> tuple[type[Exception], ...]:
    import httpx

    return (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError)


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _status_of(code: str) -> int:
    return int(code) if code.isdecimal() and len(code) == 3 else 500
