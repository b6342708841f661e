"""Starts the two servers, sends to each through the example `interop_send`, and compares what arrived with what was sent."""

import json
import subprocess
import sys

PKI = sys.argv[1]
SEND = "target/debug/examples/interop_send"
SMS = (
    "Обращение № K7M3-X9T2-4 зарегистрировано. Ожидаемый срок ответа: 25 ноября 2026, 18:00 (МСК). Если ответ задержится, мы "
    "напишем ещё раз и назовём новый срок 😀. Горячая линия: 8 800 000-00-00. Спасибо за обращение!"
)
SUBJECT = "Обращение № K7M3-X9T2-4 зарегистрировано"
TEXT = "Здравствуйте!\nОжидаемый срок ответа: 25 ноября 2026, 18:00 (МСК).\n"
HTML = "<p>Здравствуйте!</p>\n<p>Ожидаемый срок ответа: <b>25 ноября 2026, 18:00 (МСК)</b>.</p>\n"


class Server:
    """A child that prints JSON lines, its port first."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.port = str(self.next()["port"])

    def next(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args} ended with {self.process.wait()}")
        return json.loads(line)

    def until(self, last):
        seen = []
        while not seen or seen[-1]["saw"] != last:
            seen.append(self.next())
        return seen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def send(*arguments):
    done = subprocess.run([SEND, *arguments], stdout=subprocess.PIPE, text=True, encoding="utf-8", timeout=60)
    if done.returncode:
        sys.exit(f"interop_send {arguments[0]} failed: {done.stdout}")
    return done.stdout.splitlines()


def same(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: got {got!r}, expected {expected!r}")


def sms():
    with Server("node", ".ci/interop/smsc.js") as smsc:
        said = send("sms", smsc.port, SMS)
        seen = smsc.until("unbind")
    same("bind", [(s["system_id"], s["version"]) for s in seen if s["saw"] == "bind"], [("otklik", 0x34)])
    parts = [s for s in seen if s["saw"] == "submit"]
    total = len(parts)
    if total < 3:
        sys.exit(f"a long text in {total} parts")
    same("text", "".join(part["text"] for part in parts), SMS)
    for index, part in enumerate(parts, 1):
        same("addresses", (part["from"], part["to"]), ("Otklik", "79160000001"))
        same("coding", (part["data_coding"], part["esm_class"], part["registered_delivery"]), (8, 0x40, 1))
        same("header", part["header"][-2:], [total, index])
    same("one reference", len({part["header"][-3] for part in parts}), 1)
    ids = [part["id"] for part in parts]
    answers = {s["id"]: s["status"] for s in seen if s["saw"] == "receipt answered"}
    same("receipts answered with ESME_ROK", answers, dict.fromkeys(ids, 0))
    same("references", said[0], "accepted " + " ".join(ids))
    same("receipts", sorted(said[1:-1]), sorted(f"receipt {one} delivered" for one in ids))
    same("outcome", said[-1], "outcome Delivered")
    print(f"npm smpp: {total} parts, text whole, {len(ids)} receipts in both forms, delivered")


def mail():
    with Server(sys.executable, ".ci/interop/relay.py", PKI) as relay:
        said = send("mail", relay.port, f"{PKI}/ca.pem", "otklik", f"{PKI}/password", SUBJECT, TEXT, HTML)
        seen = relay.until("mail")[-1]
    same("envelope", (seen["from"], seen["to"]), ("no-reply@otklik.test", ["ivan@example.org"]))
    same("protection", (seen["encrypted"], seen["account"]), (True, "otklik"))
    same("subject", seen["subject"], SUBJECT)
    same("sender", seen["sender"], "Служба «Отклик» <no-reply@otklik.test>")
    # Lines of mail end in CRLF.
    same("text", seen["text"].replace("\r\n", "\n").strip(), TEXT.strip())
    same("html", seen["html"].replace("\r\n", "\n").strip(), HTML.strip())
    same("automatic", seen["auto_submitted"], "auto-generated")
    same("reference", said, [f"accepted {seen['message_id']}"])
    print("aiosmtpd: STARTTLS, AUTH, Russian subject, text and HTML intact")


if __name__ == "__main__":
    sms()
    mail()
