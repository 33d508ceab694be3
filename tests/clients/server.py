# SPDX-License-Identifier: MIT
"""A vcrpd of a test's own: the program that VCRPD names, in a directory that goes with it."""
import os, re, shutil, subprocess, tempfile

PATIENCE = 20


class Server:
    def __init__(self, config=""):
        self.directory = tempfile.mkdtemp(prefix="vcrp-test-")
        self.config, self.socket = self.path("vcrpd.conf"), self.path("data", "vcrpd.sock")
        self.configure(config)
        # What clients keep, they keep there too.
        self.environment = dict(os.environ, HOME=self.directory, XDG_STATE_HOME=self.directory,
                                USER="tester", TERM="xterm", LC_ALL="C.UTF-8")
        self.environment.pop("VCRP_SERVER", None)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def configure(self, config):
        with open(self.config, "w") as file:
            file.write(config)

    def launch(self, port=0):
        with open(self.path("log"), "a") as log:
            self.process = subprocess.Popen(
                [os.environ.get("VCRPD", "./vcrpd"), "-c", self.config, "-d", self.path("data"), "-p", str(port)],
                stdout=subprocess.PIPE, stderr=log, text=True)

    def start(self, port=0):
        self.launch(port)
        ready = re.match(r"vcrpd: ready on port (\d+)", self.process.stdout.readline())
        if not ready:
            raise SystemExit("no server: " + open(self.path("log")).read())
        self.port = int(ready[1])
        self.address = f"127.0.0.1:{self.port}"

    def stop(self):
        """Its exit status, asked to end."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.directory)
