"""The claims of the demo firm: what they cost and who was at fault, and what customers write by e-mail and online."""

import io
import random
from email.message import EmailMessage
from unittest.mock import patch

from PIL import Image, ImageDraw

from devtools.inside.demo.clock import at_hour

DOMAIN = "print-broker.example.com"
MAILBOXES = (("客户服务", "care", "enquiry"), ("投诉与理赔", "complaints", "complaint"))
# (title, what is wrong, part affected, part granted of it, faults, what the printing house takes of the damage)
PAST = (
    ("封面折痕爆线", "折痕处露白", 0.2, 1.0, {"printing_house": 100}, 0.8),
    ("内页串色", "第 12 页偏红", 0.1, 0.6, {"printing_house": 60, "service": 40}, 0.5),
    ("运输途中箱子受潮", "底层两箱受潮", 0.15, 1.0, {"carrier": 100}, 0.0),
    ("客户自己给错尺寸", "展架放不进", 0.5, 0.2, {"customer": 80, "sales": 20}, 0.0),
    ("模切位置偏移", "窗口偏 3 毫米", 0.25, 0.9, {"printing_house": 90, "service": 10}, 0.9),
)
STRANGERS = (
    ("林小姐 <lin@yunshan-hotel.example.com>", "菜单什么时候能到？", "我们是云山酒店采购部，上次是周经理下的单。"),
    ("采购 <buyer@newtea.example.com>", "想印奶茶杯套", "朋友介绍的，麻烦报个价。"),
)


class Claims:
    """Lets claims be opened, settled and closed on the story's clock, each step by its own person."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.firm.root
        self.dice = random.Random("claims")

    def plan(self):
        for number, month in enumerate(range(6, 16, 2)):
            self.clock.at(self.story.month(month, 17, 14.3), self.settle, number % len(PAST))
        day = self.story.last_workday
        self.clock.at(at_hour(day, 9.2), self.open_mailboxes)
        self.clock.at(at_hour(day, 9.6), self.write_emails)
        self.clock.at(at_hour(day, 10.1), self.report_online)
        self.clock.at(at_hour(day, 11.4), self.finish_today)

    def pick(self):
        """A job that was invoiced and bought, of a customer whose people are still there."""
        jobs = self.root["sale.order"].search(
            [
                ("company_id", "=", self.firm.company.id),
                ("state", "=", "sale"),
                ("broker_case_ids", "=", False),
                ("invoice_ids.state", "=", "posted"),
                ("order_line.purchase_line_ids.order_id.state", "=", "purchase"),
                ("broker_customer_id.service_user_id.active", "=", True),
            ],
            order="date_order desc, id desc",
            limit=8,
        )
        return self.dice.choice(jobs) if jobs else jobs

    def open(self, number, **vals):
        job = self.pick()
        title, wrong, part, granted, faults, _vendor = PAST[number]
        agent = job.broker_customer_id.service_user_id
        case = self.firm.as_user(agent)["broker.case"].create(
            {"order_id": job.id, "kind": "claim", "severity": "2", "title": title, "description": wrong, **vals}
        )
        case.action_claim_lines()
        for line in case.claim_line_ids[1:]:
            line.unlink()
        line = case.claim_line_ids
        line.write({"quantity": max(1, round(line.quantity_ordered * part)), "note": wrong})
        line.amount_granted = round(line.amount_claimed * granted, 2)
        case.write({f"fault_{name}": share for name, share in faults.items()})
        return case

    # WHAT HAPPENED

    def settle(self, number):
        """A claim from its opening to its end, within a day or two."""
        if not self.pick():
            return
        case = self.open(number)
        vendor = PAST[number][5]
        if vendor and case.printing_house_id:
            case.vendor_amount = round(case.claim_damage * vendor, 2)
        case.action_answered()
        self.clock.at(self.clock.after_hours(self.clock.now, 5), self.finish, case)

    def finish(self, case):
        self.firm.as_user(self.firm.owner, case).action_settle_claim()
        case.write(
            {
                "cause": max(
                    ("customer", "sales", "service", "printing_house", "carrier"),
                    key=lambda name: case[f"fault_{name}"],
                ),
                "outcome": "按协商金额退款，客户接受。",
                "corrective_action": "写进工艺单，下次开机前核对。",
            }
        )
        case.action_close()

    # BY E-MAIL AND ONLINE

    def open_mailboxes(self):
        domain = self.root["mail.alias.domain"].search([], limit=1) or self.root["mail.alias.domain"].create(
            {"name": DOMAIN, "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )
        self.firm.company.alias_domain_id = domain
        self.root["broker.case.mailbox"].create(
            [{"name": name, "alias_name": alias, "kind": kind} for name, alias, kind in MAILBOXES]
        )

    def write_emails(self):
        job = self.pick()
        contact = job.partner_id
        if contact.email:
            self.receive(contact.email_formatted, f"{job.name} 少了一箱", "送来 19 箱，单子上是 20 箱。")
        for sender, subject, body in STRANGERS:
            self.receive(sender, subject, body)

    def receive(self, sender, subject, body):
        mailbox = self.root["broker.case.mailbox"].search([("company_id", "=", self.firm.company.id)], limit=1)
        message = EmailMessage()
        message["From"] = sender
        message["To"] = mailbox.alias_email
        message["Subject"] = subject
        message["Message-Id"] = f"<{self.dice.getrandbits(64):x}@example.com>"
        message.set_content(body)
        self.root["mail.thread"].message_process(None, message.as_bytes())

    def report_online(self):
        job = self.pick()
        # Nobody is to be mailed about the past.
        with patch.object(self.root.registry["broker.case"], "_notify_thread", lambda *args, **kwargs: []):
            self.root["broker.case"]._open_online(
                job.broker_customer_id,
                job.partner_id.name,
                "收到两箱，其中一箱外箱破了，里面的画册卷角，大约 40 本。",
                order=job,
                files=[("破损.png", self.photo())],
                partner=job.partner_id,
            )

    # TODAY

    def finish_today(self):
        """A claim that waits for the manager, one that is printed again, and a crisis."""
        waiting = self.open(1)
        waiting.action_answered()
        again = self.open(4)
        again.claim_line_ids.amount_granted = 0
        again.action_answered()
        again.action_reprint()
        photo = again.env["ir.attachment"].create(
            {"name": "模切.png", "raw": self.photo(), "res_model": "broker.case", "res_id": again.id}
        )
        again.photo_ids = photo
        # It calls three people to a meeting; their mailboxes are not real.
        with (
            patch.object(self.root.registry["broker.case"], "_notify_thread", lambda *args, **kwargs: []),
            patch.object(
                self.root.registry["calendar.attendee"], "_send_invitation_emails", lambda *args, **kwargs: None
            ),
        ):
            self.open(0, severity="3", title="两千份整批色差，明天开幕")

    def photo(self):
        """A box with a tear in it."""
        image = Image.new("RGB", (480, 360), "#c9a16b")
        picture = ImageDraw.Draw(image)
        picture.rectangle([40, 60, 440, 330], outline="#7a5b2e", width=6)
        picture.line([(40, 150), (440, 150)], fill="#7a5b2e", width=4)
        picture.polygon([(300, 330), (360, 250), (440, 270), (440, 330)], fill="#3a2a14")
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()
