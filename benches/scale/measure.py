#!/usr/bin/env python3
"""The memory and times of a program with a large configuration: docs/benchmarks.md says what it prints.

measure.py serve PROGRAM PRINCIPALS POLICIES_IN_EACH [CHANGES]    `ramgate serve` with a stand-in for the API server
measure.py files FOLDER PRINCIPALS POLICIES_IN_EACH [1|all]       writes it as files, with the policies of the first ConfigMap or
                                                                  of all changed
measure.py run COMMAND...                                         the time and the peak memory of a command
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request

import configuration
from api_server import ApiServer

ADMIN = "127.0.0.1:18090"
# As the chart starts it
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_ARENA_MAX": "4"}


def memory(pid, field):
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith(field + ":"))
    return int(line.split()[1]) / 1024


def generation():
    """The generation of the configuration in force; 0 before the program listens"""
    try:
        with urllib.request.urlopen(f"http://{ADMIN}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("ramgate_config_generation ")), 0)


def until(wanted, process):
    """Waits for a generation, and returns the time"""
    while generation() < wanted:
        if process.poll() is not None:
            sys.exit("measure.py: the program ended, see the log above")
        time.sleep(0.002)
    return time.monotonic()


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(program, principals, in_each, changes="10"):
    principals, in_each = int(principals), int(in_each)
    config_maps = configuration.config_maps(principals, in_each)
    size = sum(len(text) for one in config_maps for text in one["data"].values()) / 1e6
    server = ApiServer(config_maps)
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = os.path.join(folder, "kubeconfig")
        with open(kubeconfig, "w") as file:
            file.write(server.kubeconfig())
        began = time.monotonic()
        process = subprocess.Popen(
            [program, "serve", "--namespace", configuration.NAMESPACE, "--listen", "127.0.0.1:18490", "--admin-listen", ADMIN,
             "--shutdown-delay-ms", "0", "--log-level", "warn"],
            env=ENVIRONMENT | os.environ | {"KUBECONFIG": kubeconfig})
        try:
            loaded = until(1, process) - began
            print(f"{len(config_maps)} ConfigMaps, {size:.1f} MB of text, {principals} principals")
            print(f"loaded after {loaded:.2f} s, {processor_seconds(process.pid):.2f} s of processor time")
            time.sleep(5)
            print(f"at rest {memory(process.pid, 'VmRSS'):.1f} MiB ({memory(process.pid, 'RssFile'):.1f} of them the program's file), at most {memory(process.pid, 'VmHWM'):.1f} MiB")
            times, before = [], processor_seconds(process.pid)
            for edition in range(1, int(changes) + 1):
                first = edition * in_each % principals
                changed = configuration.policies(first, min(in_each, principals - first))
                # One of its policies is another one
                changed["data"][f"P{first}.json"] = configuration.policy(first, edition)
                start = time.monotonic()
                server.apply(changed)
                times.append(until(edition + 1, process) - start)
                time.sleep(0.5)
            if times:
                times.sort()
                used = (processor_seconds(process.pid) - before) / len(times)
                print(f"a change in force after {times[len(times) // 2] * 1e3:.0f} ms, at most {times[-1] * 1e3:.0f} ms,"
                      f" {used * 1e3:.0f} ms of processor time with the polls")
            time.sleep(5)
            print(f"at rest {memory(process.pid, 'VmRSS'):.1f} MiB ({memory(process.pid, 'RssFile'):.1f} of them the program's file), at most {memory(process.pid, 'VmHWM'):.1f} MiB")
        finally:
            process.terminate()
            process.wait()


def files(folder, principals, in_each, edition="0"):
    principals, in_each = int(principals), int(in_each)
    config_maps = configuration.config_maps(principals, in_each)
    changed = {"0": [], "all": range(0, principals, in_each)}.get(edition, [0])
    config_maps += [configuration.policies(first, min(in_each, principals - first), 1) for first in changed]
    os.makedirs(folder, exist_ok=True)
    for one in config_maps:
        with open(os.path.join(folder, one["metadata"]["name"] + ".json"), "w") as file:
            json.dump(one, file)


def run(*command):
    began = time.monotonic()
    code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    took, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"exit {code}, {took:.2f} s, {used.ru_utime + used.ru_stime:.2f} s of processor time, "
          f"at most {used.ru_maxrss / 1024:.1f} MiB")


if __name__ == "__main__":
    commands = {"serve": serve, "files": files, "run": run}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
