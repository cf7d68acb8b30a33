"""`harness completion`: what a shell needs to complete commands, options and targets."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from harness.cli.shared.base import Answer, command

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_HARNESS_COMPLETE"

_WHOLE_WORDS = r"""
_harness_whole_words() {
    # Bash cuts words at "@". TARGET@REVISION is asked for whole, and answered from there on.
    local -a words=("${COMP_WORDS[0]}")
    local n last=0 cut=
    for ((n = 1; n <= COMP_CWORD; n++)); do
        if [[ ${COMP_WORDS[n]} == @* || (${words[last]} == *@ && -n ${COMP_WORDS[n]}) ]]; then
            words[last]+=${COMP_WORDS[n]}
        else
            words[++last]=${COMP_WORDS[n]}
        fi
    done
    [[ $COMP_WORDBREAKS == *@* && ${words[last]} == *@* ]] && cut=${words[last]%@*}@
    local -a COMP_WORDS=("${words[@]}")
    local COMP_CWORD=$last
    _harness_completion "$@"
    COMPREPLY=("${COMPREPLY[@]#"$cut"}")
}
complete -o nosort -F _harness_whole_words harness
"""


@command(epilog='Example: eval "$(harness completion bash)"')
@click.argument("shell", type=click.Choice(SHELLS))
def completion_command(shell: str) -> Answer:
    """Print what makes a shell complete commands, options, targets and adapters.

    \b
    bash  echo 'eval "$(harness completion bash)"' >> ~/.bashrc
    zsh   echo 'eval "$(harness completion zsh)"' >> ~/.zshrc
    fish  harness completion fish > ~/.config/fish/completions/harness.fish
    """
    from harness.cli.root import cli

    kind = get_completion_class(shell)
    assert kind is not None, shell
    # Not `source()`: it starts bash to ask for its version, and warns on standard output.
    completer = kind(cli, {}, "harness", _VARIABLE)
    script = completer.source_template % completer.source_vars()
    if shell == "bash":
        script += _WHOLE_WORDS
    return Answer(result={"shell": shell, "script": script}, text=script)
