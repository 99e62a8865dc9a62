"""`etl run` over a network with latency: both links go through a proxy that delays each direction by 10 ms."""
import re
import subprocess

from bench import Candidate
from server import Failed, output, timed

DELAY_MS = 10


class Link:
    def __init__(self, tasks):
        self.tasks, self.bench, self.server = tasks, tasks.bench, tasks.server

    def prepare(self):
        """Starts the proxy and measures an empty round trip and the throughput through it."""
        self.proxy = subprocess.Popen([self.bench.latency, "0", f"{self.server.host}:{self.server.port}", str(DELAY_MS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.proxy.stdout.readline())
        through = ["psql", "-X", "-At", "-h", "127.0.0.1", "-p", str(self.port), "-d", "legacy"]
        asked = output(through, b"\\timing\n" + b"select 1;\n" * 7).decode()
        self.bench.facts["round_trip_ms"] = sorted(float(ms) for ms in re.findall(r"Time: ([\d.]+) ms", asked))[3]
        if not 2 * DELAY_MS <= self.bench.facts["round_trip_ms"] < 3 * DELAY_MS:
            self.bench.give_up("latency", f"a round trip through the proxy takes {self.bench.facts['round_trip_ms']} ms instead of {2 * DELAY_MS}")
        size = 400 * 1024 * 1024
        copy = timed(self.server, [*through, "-c", f"copy (select repeat('x', 1023) from generate_series(1, {size // 1024})) to stdout"], stdout="/dev/null")
        self.bench.facts["proxy_bytes_per_second"] = size / copy.wall

    def candidates(self, names):
        return [Candidate("latency", self.tasks.fresh, self.run, lambda: self.tasks.check_same("etl run with latency"))] if "latency" in names else []

    def run(self):
        if self.proxy.poll() is not None:
            raise Failed("the proxy ended by itself")
        return {"latency": self.bench.etl_run("legacy", "app", "--only", "tasks", staging=self.tasks.staging, port=self.port)}

    def stop(self):
        self.proxy.stdin.close()
        self.proxy.wait()
