"""The command that all others hang on, and its help: by what one wants to do."""

from __future__ import annotations

import click

from skewless.ground.names import nearest

SECTIONS = {
    "Build": ("build", "rebuild", "clean"),
    "Look": ("check", "show", "trace", "catalog"),
    "Serve": ("export", "materialize", "score"),
    "Watch": ("ingest-log", "reconcile", "monitor", "investigate"),
    "Start": ("init", "init-table", "init-suite", "import-feast", "schema"),
}
"""The sections of the help and the commands of each, in the order in which they are needed."""

LONGEST_HELP = 200
"""Of a command's line in the help: it is wrapped, where click would cut it off."""


class Commands(click.Group):
    """A group whose help lists the commands by section, and which names the nearest where there is none of a name."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        listed = {name for names in SECTIONS.values() for name in names}
        others = tuple(name for name in self.list_commands(ctx) if name not in listed)
        for section, names in {**SECTIONS, "Other": others}.items():
            found = {name: self.commands[name] for name in names if name in self.commands}
            if found:
                with formatter.section(section):
                    formatter.write_dl(
                        [(name, each.get_short_help_str(LONGEST_HELP)) for name, each in found.items()],
                        col_max=max(map(len, self.commands)),
                    )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            near = nearest(name, self.commands)
            ctx.fail(f"No such command '{name}'" + (f"; nearest '{near}'" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="skewless")
def commands() -> None:
    """Point-in-time training sets on Spark and Delta Lake.

    A project of its own to begin with: skewless init shop && cd shop && make demo
    """
