"""A mail relay on PyPI's aiosmtpd: STARTTLS required, AUTH required. Prints one JSON object a line: its port, then each mail decoded."""

import json
import ssl
import sys
import threading
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

pki = sys.argv[1]


def say(what):
    print(json.dumps(what, ensure_ascii=False), flush=True)


class Desk:
    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        say({
            "saw": "mail", "from": envelope.mail_from, "to": envelope.rcpt_tos, "encrypted": session.ssl is not None,
            "account": session.auth_data, "subject": str(mail["Subject"]), "sender": str(mail["From"]),
            "message_id": mail["Message-ID"], "auto_submitted": mail["Auto-Submitted"],
            "text": mail.get_body(("plain",)).get_content(), "html": mail.get_body(("html",)).get_content(),
        })
        return "250 2.0.0 queued"


def authenticate(server, session, envelope, mechanism, data):
    known = data.login == b"otklik" and data.password == b"s3cret"
    return AuthResult(success=known, auth_data=data.login.decode() if known else None)


tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(f"{pki}/relay.pem", f"{pki}/relay.key")


class OwnPort(Controller):
    """Port 0: the parent class connects to the port it was given, so it must learn the real one first."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = OwnPort(
    Desk(), hostname="127.0.0.1", port=0, tls_context=tls, require_starttls=True, auth_required=True, authenticator=authenticate
)
controller.start()
say({"port": controller.port})
threading.Event().wait()
