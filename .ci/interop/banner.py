"""Does what the banner of `cargo run` invites to: gets grpcurl and buf as it says, then types every command just as printed, in its
order, into a shell whose PATH has those two. They know the suite by reflection only."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = 120


def banner(suite):
    """All lines to the last one, which says how to stop."""
    lines = []
    for line in suite.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("Ctrl-C stops"):
            return lines
    sys.exit(f"no banner, but an end with {suite.wait()}: {lines}")


def typed(command):
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE)
    if done.returncode:
        sys.exit(f"as pasted, this fails with {done.returncode}: {command}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def until_told(command, field):
    """What follows from the filing is there a moment after it: a person is slower than that, this script is not."""
    end = time.monotonic() + PATIENCE
    while not (answer := camel(typed(command))).get(field) and time.monotonic() < end:
        time.sleep(0.2)
    return answer


def camel(answer):
    """The answer under the names of JSON: each client chooses between the two spellings."""
    if isinstance(answer, dict):
        head = lambda name: name.split("_")[0] + "".join(word.title() for word in name.split("_")[1:])
        return {head(name): camel(value) for name, value in answer.items()}
    return [camel(one) for one in answer] if isinstance(answer, list) else answer


def expect(what, answer, *fields):
    for field in fields:
        if not answer.get(field):
            sys.exit(f"{what} answered without {field}: {answer}")


def run(data, arguments):
    """One start of the all-in-one on that folder, every command pasted, and Ctrl-C; what each method answered."""
    suite = subprocess.Popen(
        ["target/debug/all-in-one", "--data", data, *arguments], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        lines = banner(suite)
        commands = [line for line in lines if line.startswith(("grpcurl ", "buf curl "))]
        tools = {command.split()[0] for command in commands}
        if tools != {"grpcurl", "buf"}:
            sys.exit(f"commands for {tools}: {lines}")
        answers = {}
        for command in commands:
            method = command.split()[-1].rsplit("/", 1)[-1]
            follows = {"ListNotifications": "notifications", "ListDeadlines": "deadlines"}.get(method)
            answers[method] = until_told(command, follows) if follows else camel(typed(command))
        suite.send_signal(signal.SIGINT)
        # What it prints meanwhile must not fill the pipe.
        suite.communicate(timeout=PATIENCE)
        if suite.returncode:
            sys.exit(f"Ctrl-C ended it with {suite.returncode}")
    finally:
        suite.kill()
    expect("FileAppeal", answers["FileAppeal"], "name", "number", "state", "priority", "dueTime")
    expect("ListNotifications", answers["ListNotifications"], "notifications")
    expect("a notification", answers["ListNotifications"]["notifications"][0], "subject", "template", "state")
    expect("ListDeadlines", answers["ListDeadlines"], "deadlines")
    return answers, len(commands)


def main():
    with tempfile.TemporaryDirectory(dir="target/ci") as data:
        os.chmod(data, 0o755)
        answers, commands = run(f"{data}/otklik", [])
        filed, claimed = answers["FileAppeal"], answers["ClaimNextAppeal"]
        if claimed.get("appeal", {}).get("name") != filed["name"]:
            sys.exit(f"ClaimNextAppeal gave another appeal than the only one, {filed['name']}: {claimed}")
        # The next runs continue: a fast one, and a usual one whose clock must not go back.
        seen = [filed["createTime"]]
        for arguments in (["--time-scale", "600"], []):
            answers, _ = run(f"{data}/otklik", arguments)
            seen.append(answers["FileAppeal"]["createTime"])
        if seen != sorted(seen):
            sys.exit(f"the clock went back: {seen}")
    print(f"the banner: {commands} commands work as pasted, by buf and grpcurl, in each of three runs on one folder")


main()
