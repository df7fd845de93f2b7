"""`lookalike completion`: the script that completes commands and options in a shell."""

import click
from click.shell_completion import get_completion_class

from lookalike.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command(no_args_is_help=True)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    lookalike completion bash >> ~/.bashrc
    lookalike completion zsh >> ~/.zshrc
    lookalike completion fish > ~/.config/fish/completions/lookalike.fish
    """  # noqa: D301
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"no completion for {shell}")
    root = ctx.find_root().command
    click.echo(kind(root, {}, "lookalike", "_LOOKALIKE_COMPLETE").source())
