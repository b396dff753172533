"""Starts one process after another and prints what each has cost, as [wall seconds, CPU seconds, peak bytes].

    launcher.py REPEAT FEED PIPE OUTPUT PROGRAM ARGUMENTS...

PIPE is the size of the pipe from the feeder, in bytes; empty: the system's.

A program of its own that imports next to nothing: the kernel counts the memory of the process that starts another as
the other's until it replaces it, so nothing below the launcher's own size can be seen (a bare Python: about 9 MB).
The clock runs from before the start to the process's end.
"""

import fcntl
import os
import sys
import time


def _main(repeat, feed, pipe, output, *argv):
    for _ in range(int(repeat)):
        status, figures = _once(feed, pipe, output, argv)
        if status != 0:
            sys.exit(f"exit status {os.waitstatus_to_exitcode(status)}")
        print(list(figures), flush=True)


def _once(feed, pipe, output, argv):
    write = (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    read = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    start = time.perf_counter()
    feeder = None
    if feed:
        from_feeder, to_command = os.pipe()
        if pipe:
            fcntl.fcntl(from_feeder, fcntl.F_SETPIPE_SZ, int(pipe))
        feeder = os.posix_spawnp("cat", ["cat", feed], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, to_command, 1)])
        os.close(to_command)
        read = (os.POSIX_SPAWN_DUP2, from_feeder, 0)
    child = os.posix_spawnp(argv[0], argv, os.environ, file_actions=[read, write])
    if feed:
        os.close(from_feeder)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if feeder:
        os.waitpid(feeder, 0)
    return status, (seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


if __name__ == "__main__":
    _main(*sys.argv[1:])
