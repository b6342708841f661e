"""The whole suite against parties that nobody here wrote: a client that knows it by reflection only (PyPI grpcio), npm's SMS
centre and PyPI's mail relay. An appeal is filed; its Cyrillic SMS reaches the centre, the receipt makes the notification
DELIVERED; the mail has its Russian subject, text and HTML."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import datetime, timezone

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from drive import PKI, Server, same

TICKET, NOTIFICATION = "127.0.0.1:50051", "127.0.0.1:50053"
PATIENCE = 120


class Client:
    """Calls by name what reflection tells of."""

    def __init__(self, address, token):
        self.channel = grpc.insecure_channel(address)
        self.pool = DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))
        self.metadata = [("authorization", f"Bearer {token}")]

    def call(self, service, method, request):
        found = self.pool.FindServiceByName(service).FindMethodByName(method)
        ask = message_factory.GetMessageClass(found.input_type)
        answer = message_factory.GetMessageClass(found.output_type)
        stub = self.channel.unary_unary(
            f"/{service}/{method}", request_serializer=ask.SerializeToString, response_deserializer=answer.FromString
        )
        reply = stub(json_format.ParseDict(request, ask()), metadata=self.metadata, timeout=20)
        return json_format.MessageToDict(reply, preserving_proto_field_name=True)


def until(what, look):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    sys.exit(f"{what}: not within {PATIENCE} s")


def form():
    return {
        "request_id": str(uuid.uuid4()),
        "appeal": {
            "channel": "CHANNEL_WEB_FORM",
            "category": "code_not_arriving",
            "subject": "Не приходит код",
            "description": "Код подтверждения не приходит второй день.",
            "applicant": {"full_name": "Иванова Мария Петровна"},
            "contact": {"phone": "8 916 123-45-67", "email": "maria@example.org"},
            "consent": {"version": "2026-01", "agree_time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")},
        },
    }


def run(smsc, relay, data):
    environment = {
        "OTKLIK_NOTIFICATION__SMS__PROVIDER": "smpp",
        "OTKLIK_NOTIFICATION__SMPP__HOST": "127.0.0.1",
        "OTKLIK_NOTIFICATION__SMPP__PORT": smsc.port,
        "OTKLIK_NOTIFICATION__SMPP__SYSTEM_ID": "otklik",
        "OTKLIK_NOTIFICATION__SMPP__SOURCE_ADDR": "Otklik",
        "OTKLIK_NOTIFICATION__EMAIL__PROVIDER": "smtp",
        "OTKLIK_NOTIFICATION__SMTP__HOST": "localhost",
        "OTKLIK_NOTIFICATION__SMTP__PORT": relay.port,
        "OTKLIK_NOTIFICATION__SMTP__CA_FILE": f"{PKI}/ca.pem",
        "OTKLIK_NOTIFICATION__SMTP__USERNAME": "otklik",
        "OTKLIK_NOTIFICATION__SMTP__PASSWORD_FILE": f"{PKI}/password",
        "OTKLIK_NOTIFICATION__SMTP__FROM_ADDRESS": "no-reply@otklik.test",
        "OTKLIK_NOTIFICATION__SMTP__FROM_NAME": "Служба «Отклик»",
    }
    suite = subprocess.Popen(["target/debug/all-in-one", "--data", data], env=os.environ | environment)
    try:
        token = lambda role: open(f"{data}/tokens/{role}", encoding="utf-8").read()
        until("the suite", lambda: suite.poll() is not None or os.path.exists(f"{data}/tokens/portal"))
        ready = [grpc.channel_ready_future(grpc.insecure_channel(address)) for address in (TICKET, NOTIFICATION)]
        until("its ports", lambda: suite.poll() is not None or all(one.done() for one in ready))
        if suite.poll() is not None:
            sys.exit(f"the suite ended with {suite.returncode}")
        filed = Client(TICKET, token("portal")).call("otklik.ticket.v1.TicketService", "FileAppeal", form())
        staff = Client(NOTIFICATION, token("administrator"))

        def told():
            listed = staff.call(
                "otklik.notification.v1.NotificationService", "ListNotifications", {"subject": filed["name"]}
            ).get("notifications", [])
            done = [n for n in listed if n["template"] == "registration" and n["state"] == "STATE_DELIVERED"]
            sent = [d for n in done for d in n["deliveries"] if d["state"] in ("STATE_ACCEPTED", "STATE_DELIVERED")]
            return done if len(sent) == 2 else None

        until("the registration delivered and mailed", told)
        suite.send_signal(signal.SIGINT)
        same("a clean stop", suite.wait(timeout=60), 0)
    finally:
        suite.kill()
    return filed["number"]


def whole_sms(smsc):
    """The parts of the one SMS, once all their receipts are answered."""
    parts, answered = [], 0
    while not parts or answered < (parts[0]["header"] or [0, 1, 1])[-2]:
        seen = smsc.next()
        parts += [seen] if seen["saw"] == "submit" else []
        answered += seen["saw"] == "receipt answered"
    return parts


def main():
    with (
        Server("node", ".ci/interop/smsc.js") as smsc,
        Server(sys.executable, ".ci/interop/relay.py", PKI) as relay,
        tempfile.TemporaryDirectory() as data,
    ):
        os.chmod(data, 0o755)
        number = run(smsc, relay, f"{data}/otklik")
        parts = whole_sms(smsc)
        mail = relay.until("mail")[-1]
    text = "".join(part["text"] for part in parts)
    for what, told in (("SMS", text), ("subject", mail["subject"]), ("text", mail["text"]), ("html", mail["html"])):
        if number not in told:
            sys.exit(f"{what} without the number {number}: {told!r}")
    if "Обращение" not in text or {part["data_coding"] for part in parts} != {8}:
        sys.exit(f"not a Cyrillic SMS: {text!r}")
    print(f"grpcio by reflection: filed {number}; SMS delivered by receipt, mail with subject, text and HTML")


main()
