"""`python -m mmm` is `mmm`, where the command is not on the path."""

from mmm.cli import main

main(prog_name="mmm")
