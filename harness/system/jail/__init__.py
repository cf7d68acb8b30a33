"""The jail: what a trial may see and change of the machine, as values.

- `grounds`   where the harness and its user keep what no trial may see
- `view`      what a command is shown
- `policy`    the same, as the launcher is told it
- `means`     what this machine's kernel can enforce, tried out
- `confining` one command's jail, remembered from trial to trial

The launcher enforces it: see `harness/system/launcher/jail.c`.
"""
