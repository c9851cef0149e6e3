"""The command that serves the desk."""

import contextlib
import errno
import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.common import fail, store_option, stored

if TYPE_CHECKING:
    from types import FrameType

    from starlette.applications import Starlette

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHORTEST_TOKEN = 16


@click.command()
@store_option(exists=True)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Where to listen. Any address but this machine's own needs --token-file.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True,
              help="The port; 0 takes a free one.")  # fmt: skip
@click.option("--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A file whose one line every browser must know.")  # fmt: skip
def desk(folder: str, host: str, port: int, token_file: Path | None) -> None:
    """Serve a store as a web application, on this machine alone, until Ctrl-C.

    It keeps an index in DIR/desk/index, which is made at the first start and follows what is written to the store; it
    may be removed when no desk runs. Nothing is sent or fetched over the network. Every browser must bring the secret
    of --token-file: open /?token=SECRET once.

    \b
    Examples:
      legation desk --store news
      legation desk --store news --host 0.0.0.0 --token-file secret.txt
    """
    from legation.desk.app import make
    from legation.desk.index import UnusableIndexError

    if host not in LOOPBACK and token_file is None:
        raise click.UsageError(f"--host {host} lets other machines in: name a file with a secret with --token-file")
    token = None if token_file is None else _token(token_file)
    with stored(folder) as store:
        listener = _listening(host, port)
        try:
            app = make(store, token=token)
        except UnusableIndexError as error:
            fail(str(error))
        _serve(app, listener, host, "?token=…" if token else "")


def _token(file: Path) -> str:
    token = file.read_text(encoding="utf-8").strip()
    if len(token) < SHORTEST_TOKEN or "\n" in token:
        fail(f"{file} must hold one line of {SHORTEST_TOKEN} characters or more, such as `openssl rand -hex 20` prints")
    return token


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)  # whoever reads the address may come at once
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            fail(f"port {port} is in use: choose another with --port, or stop what listens there")
        fail(f"cannot listen on {host}, port {port}: {error.strerror or error}")
    return listener


def _serve(app: "Starlette", listener: socket.socket, host: str, query: str) -> None:
    """Serve until a signal ends it; what waits for news (/api/live) is told first, or it would be waited for."""
    import uvicorn

    desk = app.state.desk

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
            desk.closing.set()
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # that it ends what is under way is no news
            super().handle_exit(sig, frame)

    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}/{query}"
    click.echo(f"legation: the desk is at {address} (Ctrl-C ends it)", err=True)
    desk.progress = _progress if sys.stderr.isatty() else None
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", server_header=False, timeout_graceful_shutdown=3
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again when all is closed
        Server(config).run([listener])
    if any(thread.name.startswith("AnyIO worker") for thread in threading.enumerate()):
        os._exit(0)  # a forecast under way, which nobody waits for any more, would be waited for


def _progress(done: int, total: int) -> None:
    click.echo(f"\rlegation: {done:,} of {total:,} parts indexed" + "\n" * (done == total), err=True, nl=False)


COMMANDS = (desk,)
