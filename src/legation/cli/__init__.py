"""The command line. Exit codes: 0 done; 1 nothing could be done with the input; 2 wrong usage; 130 stopped by Ctrl-C.

What takes long to import is imported inside the commands, so that --help answers at once.
"""

import io
import sys

import click

from legation import __version__
from legation.cli import asking, checking, coding, correcting, desk, exchange, forecasting, views, watching
from legation.cli.common import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="legation")
def main() -> None:
    """Read news reports and code who did what to whom, when, where, according to whom, and whether it happened.

    \b
    Examples:
      legation read report.txt                      the deeds of one report, in its sentences
      legation run archive/ feed.xml --store news   code many reports and keep them
      legation events --store news --actor PRK      ask what was kept
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


for module in (coding, watching, checking, asking, views, forecasting, exchange, desk, correcting):
    for command in module.COMMANDS:
        main.add_command(command)
