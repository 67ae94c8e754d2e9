"""The proofs of the demo firm: sent to customers and answered by them, online, by phone and by WeChat."""

import base64
import io
import random
from unittest.mock import patch

from PIL import Image, ImageDraw

from devtools.inside.demo.clock import at_hour

# One job in so many has proofs, before the end at least.
ONE_IN = 5
REMARKS = ("主色再深一点", "电话号码换成新的", "封底二维码放大", "烫金位置下移两毫米", "页码字体和上一版一致")
APPROVED_REMARKS = ("可以，切口再留一毫米", "同意，过膜改哑膜", "没问题，箱唛加门店名")
NOTES = ("请重点看金色和电话号码。", "纸样今天寄出，屏幕上的颜色仅供参考。", "跨页的图请放大看一下。", "")
# How the newest jobs stand today: (how, remark).
TODAY = (
    ("waiting", ""),
    ("rejected", "门店地址是旧的，请换成新店"),
    ("approved_by_wechat", "同意开机，条形码再核对一次"),
    ("released", "两种红色分不清"),
    ("waiting", ""),
)


class Proofs:
    """Plans proofs on the story's clock; what goes to print has its answer by then."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.firm.root
        self.dice = random.Random("proofs")
        self.signature = self.draw(240, 80, self._scribble)

    def plan(self):
        self.clock.at(at_hour(self.story.last_workday, 10.5), self.finish_today)

    # A JOB

    def begin(self, order):
        """A job was confirmed: some get a proof."""
        if self.dice.random() * ONE_IN > 1:
            return
        agent = order.broker_customer_id.service_user_id
        if not agent.active:
            return
        self.send(agent, order, self.dice.choice(NOTES))
        if self.dice.random() < 0.3:
            moment = self.clock.after_hours(self.clock.now, self.dice.uniform(0.5, 1.8))
            self.clock.at(moment, self.reject, order)

    def reject(self, order):
        for proof in self.open(order):
            self.answer(proof, "rejected", self.dice.choice(REMARKS))
            self.send(proof.sent_by_id, order, "已按意见修改，请再看一次。")

    def finish(self, order):
        """What is printed now was approved."""
        for proof in self.open(order):
            if self.dice.random() < 0.25:
                self.answer_by_phone(proof, "approved", "", "phone", "客户来电确认，可以开机。")
            else:
                remark = self.dice.choice(APPROVED_REMARKS) if self.dice.random() < 0.2 else ""
                self.answer(proof, "approved", remark)

    # TODAY

    def finish_today(self):
        """The newest jobs that are not printed yet show every way a proof can stand."""
        jobs = self.root["sale.order"].search(
            [
                ("company_id", "=", self.firm.company.id),
                ("state", "=", "sale"),
                ("broker_receipt_date", "=", False),
                ("broker_customer_id.service_user_id", "!=", False),
            ],
            order="broker_date_confirmed desc, id desc",
        )
        early = jobs.filtered(lambda job: job.broker_relay_stage_id.code in (False, "artwork", "proof"))
        for (how, remark), job in zip(TODAY, (early + (jobs - early))[: len(TODAY)], strict=False):
            agent = job.broker_customer_id.service_user_id
            proof = self.open(job)[:1] or self.send(agent, job, NOTES[0])
            if how == "rejected":
                self.answer(proof, "rejected", remark)
            elif how == "approved_by_wechat":
                self.answer_by_phone(proof, "approved", remark, "wechat", "11:20 微信回复，截图已存。")
            elif how == "released":
                self.answer(proof, "rejected", remark)
                owner = self.firm.as_user(self.firm.owner, job)
                owner._broker_release_proof("客户电话里同意先开机，颜色以上次的样张为准。")
        self.root["broker.proof"].search([("state", "=", "sent")], order="date_sent", limit=1)._remind()

    # STEPS

    def open(self, order):
        return order.broker_proof_ids.filtered(lambda proof: proof.state == "sent")

    def send(self, agent, order, note):
        env = self.firm.as_user(agent)
        proof = env["broker.proof"].create({"order_id": order.id, "kind": "soft", "note": note})
        product = order.order_line[:1].product_id
        hue = product.id * 47 % 360
        env["broker.proof.file"].create(
            {
                "proof_id": proof.id,
                "name": f"{product.name}.png",
                "content": self.draw(420, 594, lambda picture: self._page(picture, hue)),
            }
        )
        proof.action_get_link()
        return proof.with_env(self.root)

    def answer(self, proof, answer, comment):
        contact = proof.partner_id
        # Nobody is to be mailed about the past.
        with patch.object(self.root.registry["sale.order"], "_notify_thread", lambda *args, **kwargs: []):
            proof._answer_online(answer, contact.name, comment, signature=self.signature, partner=contact)

    def answer_by_phone(self, proof, answer, comment, channel, note):
        agent = self.firm.as_user(proof.sent_by_id, proof)
        agent._answer_for_customer(answer, proof.partner_id.name, channel, note, comment=comment)

    # PICTURES

    def draw(self, width, height, paint):
        image = Image.new("RGB", (width, height), "white")
        paint(ImageDraw.Draw(image))
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return base64.b64encode(buffer.getvalue()).decode()

    @staticmethod
    def _scribble(picture):
        points = [(20, 50), (38, 18), (46, 62), (70, 30), (84, 54), (110, 24), (128, 58), (160, 36), (220, 44)]
        picture.line(points, fill="navy", width=3, joint="curve")

    @staticmethod
    def _page(picture, hue):
        """A page with crop marks, a picture and lines of text."""
        for x in (20, 400):
            picture.line([(x, 0), (x, 14)], fill="black")
            picture.line([(x, 580), (x, 594)], fill="black")
        picture.rectangle([20, 20, 400, 574], outline=f"hsl({hue}, 45%, 60%)", width=2)
        picture.rectangle([44, 44, 376, 250], fill=f"hsl({hue}, 55%, 72%)")
        picture.ellipse([140, 80, 280, 220], fill=f"hsl({(hue + 40) % 360}, 65%, 55%)")
        picture.rectangle([44, 280, 300, 304], fill=f"hsl({hue}, 40%, 30%)")
        for number in range(9):
            picture.rectangle([44, 330 + number * 24, 376 - number % 3 * 40, 338 + number * 24], fill="#9a9a9a")
