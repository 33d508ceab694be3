# authority.py -- a certification authority of a test's own
#
# SPDX-License-Identifier: MIT
import os
import subprocess


def openssl(*words, **options):
    return subprocess.run(["openssl", *words], check=True, timeout=60,
                          capture_output=True, **options).stdout


class Authority:
    """Its certificate is `ca`; those that it issues are for localhost."""

    def __init__(self, directory):
        self.directory, self.serial = directory, 1000
        self.ca, self.key = self.path("ca.pem"), self.path("ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "100", "-subj",
                "/CN=Test Authority", "-keyout", self.key, "-out", self.ca,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def path(self, name):
        return os.path.join(self.directory, name)

    def issue(self, name, days=90):
        """NAME.crt and NAME.key, in one step each; returns the serial number
        as the peer will see it."""
        self.serial += 1
        openssl("req", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=localhost", "-keyout", self.path("new.key"), "-out",
                self.path("new.csr"))
        with open(self.path("new.ext"), "w", encoding="ascii") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n"
                    "basicConstraints=critical,CA:FALSE\n"
                    "keyUsage=critical,digitalSignature\n"
                    "extendedKeyUsage=serverAuth\n"
                    "crlDistributionPoints=URI:http://localhost/ca.crl\n")
        openssl("x509", "-req", "-in", self.path("new.csr"), "-CA", self.ca,
                "-CAkey", self.key, "-set_serial", str(self.serial), "-days",
                str(days), "-sha256", "-extfile", self.path("new.ext"),
                "-out", self.path("new.crt"))
        for kind in ".key", ".crt":
            os.rename(self.path("new" + kind), self.path(name + kind))
        return "%X" % self.serial
