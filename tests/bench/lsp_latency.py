#!/usr/bin/env python3
"""Keystroke-to-diagnostics latency of LSP servers over stdio (stdlib only, Linux).

For each server and file: start, initialize, didOpen, wait for the first diagnostics
(cold start), then apply edits one at a time and time didChange -> diagnostics for that
version.  Every edit is undone before the next; the undo is timed as a kind of its own.

  lsp_latency.py -s servers/ruff_push.json -s servers/mine.json -f big.py -n 20 --rounds 4

With several -s the servers stay alive side by side and take turns (round robin), so the
noise of the machine falls on all of them alike.

A server file is JSON; all but "cmd" may be left out:
  {"name": "ruff", "cmd": ["ruff", "server"], "env": {}, "mode": "auto|push|pull",
   "settings": {}, "initializationOptions": {}, "capabilities": {}, "languageId": "python",
   "settle_ms": 30, "timeout_s": 60}
mode: push  = textDocument/publishDiagnostics carrying the version (or, from a server
              that sends no version, the first one after the change);
      pull  = didChange, then textDocument/diagnostic; the time is that of its response;
      auto  = pull when the server offers it, else push.
settings answer workspace/configuration (by section) and go out in didChangeConfiguration.
settle_ms: how long to listen on after each answer, for servers that publish twice.
"""

import argparse
import ast
import contextlib
import io
import json
import os
import queue
import random
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

KINDS = ("char", "newline", "paren", "delfn")
TICK = os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------- processes
def tree_pids(root):
    kids = {}
    for entry in [found.name for found in Path("/proc").iterdir()]:
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            kids.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    out, todo = [], [root]
    while todo:
        pid = todo.pop()
        out.append(pid)
        todo += kids.get(pid, [])
    return out


def usage(root):
    """(cpu seconds, rss MiB) of the process tree; cpu includes reaped children."""
    cpu = rss = 0
    for pid in tree_pids(root):
        try:
            f = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        cpu += sum(map(int, f[11:15]))
        rss += int(f[21]) * os.sysconf("SC_PAGE_SIZE")
    return cpu / TICK, rss / 2**20


# ---------------------------------------------------------------- client
class Client:
    def __init__(self, conf, root):
        self.conf, self.root = conf, Path(root).resolve()
        self.name = conf.get("name") or Path(conf["cmd"][0]).name
        self.timeout = conf.get("timeout_s", 60)
        self.settle = conf.get("settle_ms", 30) / 1000
        self.inbox, self.next_id, self.dead = queue.Queue(), 0, False
        self.pull_registered = False
        self.t_start = time.perf_counter()
        self.proc = subprocess.Popen(
            conf["cmd"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            stderr=Path(conf["stderr"]).open("wb") if "stderr" in conf else subprocess.DEVNULL,  # noqa: SIM115
            env={**os.environ, **conf.get("env", {})},
            cwd=self.root,
        )
        self.wlock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    # framing: a message's time is taken when its last byte is in, before decoding
    def _read(self):
        fd, buf = self.proc.stdout.fileno(), bytearray()
        while True:
            chunk = os.read(fd, 1 << 20)
            if not chunk:
                self.dead = True
                self.inbox.put((time.perf_counter(), None))
                return
            buf += chunk
            while True:
                end = buf.find(b"\r\n\r\n")
                if end < 0:
                    break
                size = next(
                    int(h.split(b":")[1])
                    for h in bytes(buf[:end]).split(b"\r\n")
                    if h.lower().startswith(b"content-length")
                )
                if len(buf) < end + 4 + size:
                    break
                stamp, body = time.perf_counter(), bytes(buf[end + 4 : end + 4 + size])
                del buf[: end + 4 + size]
                msg = json.loads(body)
                if "method" in msg and "id" in msg:
                    self._answer(msg)
                else:
                    msg["_bytes"] = size
                    self.inbox.put((stamp, msg))

    def _answer(self, msg):
        method, params, result = msg["method"], msg.get("params") or {}, None
        if method == "workspace/configuration":
            result = []
            for item in params.get("items", []):
                node = self.conf.get("settings", {})
                for part in filter(None, (item.get("section") or "").split(".")):
                    node = node.get(part) if isinstance(node, dict) else None
                result.append(node)
        elif method == "client/registerCapability":
            self.pull_registered |= any(
                r["method"] == "textDocument/diagnostic" for r in params.get("registrations", [])
            )
        elif method == "workspace/workspaceFolders":
            result = [{"uri": self.root.as_uri(), "name": "root"}]
        self._write(self._pack({"id": msg["id"], "result": result}))

    @staticmethod
    def _pack(msg):
        body = json.dumps({"jsonrpc": "2.0", **msg}, separators=(",", ":")).encode()
        return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)

    def _write(self, data):
        try:
            with self.wlock:
                view = memoryview(data)
                while view:
                    view = view[self.proc.stdin.write(view) :]
        except OSError:
            self.dead = True

    def notify(self, method, params):
        msg = {"method": method}
        self._write(self._pack(msg if params is None else {**msg, "params": params}))

    def request(self, method, params):
        self.next_id += 1
        msg = {"id": self.next_id, "method": method}
        self._write(self._pack(msg if params is None else {**msg, "params": params}))
        return self.next_id

    def wait(self, match, timeout):
        """(stamp, msg) of the first message that matches, or None at the timeout."""
        end = time.perf_counter() + timeout
        while not self.dead or not self.inbox.empty():
            try:
                stamp, msg = self.inbox.get(timeout=max(0.0, end - time.perf_counter()))
            except queue.Empty:
                return None
            if msg is not None and match(msg):
                return stamp, msg
        return None

    # lifecycle
    def start(self):
        want = self.conf.get("mode", "auto")
        text = {
            "synchronization": {"didSave": True},
            "publishDiagnostics": {
                "versionSupport": True,
                "relatedInformation": True,
                "codeDescriptionSupport": True,
                "dataSupport": True,
                "tagSupport": {"valueSet": [1, 2]},
            },
        }
        if want != "push":
            text["diagnostic"] = {"dynamicRegistration": True, "relatedDocumentSupport": False}
        caps = {
            "textDocument": text,
            "general": {"positionEncodings": ["utf-16"]},
            "window": {"workDoneProgress": True},
            "workspace": {
                "configuration": True,
                "workspaceFolders": True,
                "didChangeConfiguration": {"dynamicRegistration": True},
            },
        }
        for key, val in self.conf.get("capabilities", {}).items():
            caps[key] = {**caps.get(key, {}), **val} if isinstance(val, dict) else val
        rid = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": self.root.as_uri(),
                "rootPath": str(self.root),
                "clientInfo": {"name": "lsp_latency"},
                "capabilities": caps,
                "initializationOptions": self.conf.get("initializationOptions"),
                "workspaceFolders": [{"uri": self.root.as_uri(), "name": "root"}],
            },
        )
        got = self.wait(lambda m: m.get("id") == rid, self.timeout)
        if not got:
            raise RuntimeError(f"{self.name}: no answer to initialize")
        if "error" in got[1]:
            raise RuntimeError(f"{self.name}: {got[1]['error']}")
        self.t_init = got[0] - self.t_start
        offer = got[1]["result"]["capabilities"]
        sync = offer.get("textDocumentSync")
        self.full_sync = (sync.get("change") if isinstance(sync, dict) else sync) == 1
        self.notify("initialized", {})
        if "settings" in self.conf:
            self.notify("workspace/didChangeConfiguration", {"settings": self.conf["settings"]})
        if want == "auto" and not offer.get("diagnosticProvider"):
            # dynamic registration follows "initialized"; give it a moment
            time.sleep(0.3)
        self.pull = want == "pull" or (
            want == "auto" and bool(offer.get("diagnosticProvider") or self.pull_registered)
        )

    def open(self, path, text):
        self.uri, self.text, self.version = Path(path).resolve().as_uri(), text, 0
        self.notify(
            "textDocument/didOpen",
            {
                "textDocument": {
                    "uri": self.uri,
                    "languageId": self.conf.get("languageId", "python"),
                    "version": 0,
                    "text": text,
                }
            },
        )
        return self._diagnostics()

    def change(self, start, end, new):
        """Replace text[start:end]; (first, last, items, bytes) or None at the timeout."""
        while not self.inbox.empty():
            self.inbox.get()
        rng = {"start": position(self.text, start), "end": position(self.text, end)}
        self.text = self.text[:start] + new + self.text[end:]
        self.version += 1
        delta = {"text": self.text} if self.full_sync else {"range": rng, "text": new}
        data = self._pack(
            {
                "method": "textDocument/didChange",
                "params": {
                    "textDocument": {"uri": self.uri, "version": self.version},
                    "contentChanges": [delta],
                },
            }
        )
        begin = time.perf_counter()
        self._write(data)
        got = self._diagnostics()
        return got and (got[0] - begin, got[1] - begin, got[2], got[3])

    def _diagnostics(self):
        if self.pull:
            for _ in range(20):  # servers may cancel a pull and ask for another
                rid = self.request("textDocument/diagnostic", {"textDocument": {"uri": self.uri}})
                got = self.wait(lambda m, rid=rid: m.get("id") == rid, self.timeout)
                if got and "result" in got[1]:
                    time.sleep(self.settle)
                    items = (got[1]["result"] or {}).get("items", [])
                    return got[0], got[0], items, got[1]["_bytes"]
                if not got:
                    return None
                time.sleep(0.01)
            return None

        def mine(m):
            p = m.get("params") or {}
            return (
                m.get("method") == "textDocument/publishDiagnostics"
                and p.get("uri", "").replace("%3A", ":") == self.uri
                and p.get("version") in (None, self.version)
            )

        first = last = self.wait(mine, self.timeout)
        if not first:
            return None
        while True:
            more = self.wait(mine, self.settle)
            if not more:
                break
            last = more
        return first[0], last[0], last[1]["params"]["diagnostics"], last[1]["_bytes"]

    def stop(self):
        rid = self.request("shutdown", None)
        self.wait(lambda m: m.get("id") == rid, 3)
        self.notify("exit", None)
        pids = tree_pids(self.proc.pid)
        try:
            self.proc.wait(3)
        except subprocess.TimeoutExpired:
            for pid in pids:  # our own child and its descendants only
                with contextlib.suppress(OSError):
                    os.kill(pid, 9)
            self.proc.wait()


# ---------------------------------------------------------------- edits
def position(text, offset):
    line = text.count("\n", 0, offset)
    start = text.rfind("\n", 0, offset) + 1
    return {"line": line, "character": len(text[start:offset].encode("utf-16-le")) // 2}


class Edits:
    """Seeded edits of a Python file: (start, end, replacement) per kind."""

    def __init__(self, text, seed):
        self.text, self.rng = text, random.Random(seed)  # noqa: S311 -- edits are no secrets
        # Form feeds and Unicode's separators end no line, neither for the parser nor for editors.
        lines = list(io.StringIO(text, newline=""))
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))

        def at(line, byte_col):
            return starts[line - 1] + len(lines[line - 1].encode()[:byte_col].decode())

        self.functions, self.names, self.ends = [], [], []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([node.lineno] + [d.lineno for d in node.decorator_list])
                if 5 <= node.end_lineno - node.lineno <= 120:
                    self.functions.append((starts[first - 1], starts[node.end_lineno]))
                for stmt in node.body:
                    for sub in ast.walk(stmt):
                        if isinstance(sub, ast.Name) and len(sub.id) > 2:
                            self.names.append(at(sub.lineno, sub.end_col_offset))
                    end = at(stmt.end_lineno, stmt.end_col_offset)
                    if text[end : end + 1] == "\n":
                        self.ends.append(end)

    def make(self, kind):
        if kind == "char":
            at = self.rng.choice(self.names)
            return at, at, "q"
        if kind == "newline":
            at = self.rng.choice(self.ends)
            return at, at, "\n"
        if kind == "paren":
            at = self.rng.choice(self.names)
            return at, at, "("
        start, end = self.rng.choice(self.functions)
        return start, end, ""


# ---------------------------------------------------------------- running
def pct(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, round(q * (len(values) - 1)))]


def summarize(samples):
    first = [s["first_ms"] for s in samples]
    row = {
        "n": len(first),
        "p50": statistics.median(first),
        "p95": pct(first, 0.95),
        "max": max(first),
        "p50_last": statistics.median([s["last_ms"] for s in samples]),
        "items": statistics.median([s["items"] for s in samples]),
    }
    return {k: round(v, 2) for k, v in row.items()}


def run_file(confs, path, args):
    text = Path(path).read_bytes().decode()
    results, live = [], []
    for conf in confs:
        out = {
            "server": conf.get("name", conf["cmd"][0]),
            "file": str(path),
            "lines": text.count("\n"),
            "samples": {},
            "timeouts": 0,
        }
        results.append(out)
        client = None
        try:
            client = Client(conf, args.root or Path(path).parent)
            client.start()
            opened = client.open(path, text)
            if not opened:
                raise RuntimeError("no diagnostics after didOpen")  # noqa: TRY301
        except Exception as exc:  # noqa: BLE001 -- one broken server must not end the run
            out["error"] = f"{type(exc).__name__}: {exc}"
            if client:
                client.stop()
            continue
        cpu, rss = usage(client.proc.pid)
        out.update(
            mode="pull" if client.pull else "push",
            full_sync=client.full_sync,
            init_ms=round(client.t_init * 1e3, 1),
            cold_ms=round((opened[0] - client.t_start) * 1e3, 1),
            cold_last_ms=round((opened[1] - client.t_start) * 1e3, 1),
            cold_cpu_s=round(cpu, 2),
            cold_rss_mib=round(rss, 1),
            open_items=len(opened[2]),
            open_bytes=opened[3],
            edit_cpu_s={},
        )
        time.sleep(conf.get("idle_s", 0.5))
        live.append((client, out, Edits(text, args.seed)))
    for _round in range(args.rounds):
        for client, out, edits in live:
            for kind in args.kinds:
                cpu0, _ = usage(client.proc.pid)
                done = 0
                for _ in range(max(1, args.n // args.rounds)):
                    if client.dead or out["timeouts"] >= 3:
                        break
                    start, end, new = edits.make(kind)
                    old = client.text[start:end]
                    for label, edit in (
                        (kind, (start, end, new)),
                        (kind + ".undo", (start, start + len(new), old)),
                    ):
                        got = client.change(*edit)
                        if not got:
                            out["timeouts"] += 1
                            continue
                        done += 1
                        out["samples"].setdefault(label, []).append(
                            {
                                "first_ms": got[0] * 1e3,
                                "last_ms": got[1] * 1e3,
                                "items": len(got[2]),
                                "bytes": got[3],
                            }
                        )
                        if args.pause:
                            time.sleep(args.pause / 1e3)
                cpu1, _ = usage(client.proc.pid)
                acc = out["edit_cpu_s"].setdefault(kind, [0.0, 0])
                acc[0] += cpu1 - cpu0
                acc[1] += done
    for client, out, _ in live:
        out["rss_mib"] = round(usage(client.proc.pid)[1], 1)
        out["died"] = client.dead
        client.stop()
    for out in results:
        out["cpu_ms_per_edit"] = {
            k: round(c / n * 1e3, 1) for k, (c, n) in out.pop("edit_cpu_s", {}).items() if n
        }
        out["kinds"] = {k: summarize(v) for k, v in out["samples"].items()}
        if not args.raw:
            del out["samples"]
    return results


def table(results):
    print(
        "| file (lines) | server | mode | cold ms | edit | n | p50 | p95 | max | last p50 "
        "| cpu ms/edit | items | RSS MiB |\n|" + "---|" * 13
    )
    for r in results:
        head = f"| {Path(r['file']).name} ({r['lines']}) | {r['server']} | "
        if "error" in r:
            print(head + f"{r['error']} |" + " |" * 10)
            continue
        for kind, k in r["kinds"].items():
            cpu = r["cpu_ms_per_edit"].get(kind.split(".")[0], "")
            print(
                head + f"{r['mode']} | {r['cold_ms']:.0f} | {kind} | {k['n']} | {k['p50']:.1f} | "
                f"{k['p95']:.1f} | {k['max']:.1f} | {k['p50_last']:.1f} | {cpu} | "
                f"{k['items']:.0f} | {r['rss_mib']:.0f} |"
            )
        if r["timeouts"] or r["died"]:
            print(head + f"timeouts: {r['timeouts']}, died: {r['died']} |" + " |" * 10)


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("-s", "--server", action="append", default=[], help="server JSON file")
    ap.add_argument("--cmd", help="a server command line, in place of -s")
    ap.add_argument("-f", "--file", action="append", required=True, help="Python file to edit")
    ap.add_argument("--root", help="workspace root (default: the file's folder)")
    ap.add_argument("-n", type=int, default=20, help="edits of each kind")
    ap.add_argument("--rounds", type=int, default=1, help="turns in which the servers alternate")
    ap.add_argument("--kinds", default=",".join(KINDS), type=lambda s: s.split(","))
    ap.add_argument("--pause", type=float, default=0, help="ms between edits")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--raw", action="store_true", help="keep every sample in the JSON")
    ap.add_argument("-o", "--out", help="write the results as JSON")
    args = ap.parse_args()
    confs = [json.loads(Path(p).read_text()) for p in args.server]
    if args.cmd:
        confs.append({"cmd": args.cmd.split()})
    results = []
    for path in args.file:
        results += run_file(confs, path, args)
        if args.out:
            Path(args.out).write_text(json.dumps(results, indent=1))
    table(results)
    return any("error" in r for r in results)


if __name__ == "__main__":
    sys.exit(main())
