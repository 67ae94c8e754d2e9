"""How the demo firm makes the playbook its own: a sentence of the care officer, and a page of the owner's."""

from datetime import timedelta

from devtools.inside.demo.clock import at_hour

ADDED = "<p>中秋、春节前后，先问箱子是不是放在通风的地方：仓库挤，纸容易受潮。</p>"
ADDED_NOTE = "节前的货常堆在潮湿处，加一句"
OWN_TITLE = "客户说“别家便宜”"
OWN_TEXT = """
<p>不比价，先比东西。我们报的是到门价，含打样、检验和送货。</p>
<h3>问什么</h3>
<ul><li>纸是什么牌子、多少克？</li><li>含不含打样、覆膜、送货、发票？</li><li>哪天到？迟到了谁负责？</li></ul>
<h3>绝不</h3>
<ul><li>当场让价。说一句“我回去算一下，下午四点给您电话”，四点真的打。</li></ul>
"""


class Handbook:
    """Plans who writes what in the playbook, on the story's clock."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm

    def plan(self):
        today = self.story.today
        self.story.clock.at(at_hour(today - timedelta(days=40), 10.0), self.add_sentence, "sun")
        self.story.clock.at(at_hour(today - timedelta(days=12), 16.0), self.write_own_page)

    def add_sentence(self, login):
        """The care officer, named as an author, adds what experience taught."""
        user = self.firm.user[login]
        page = self.firm.as_user(self.firm.owner, self.firm.ref("broker_playbook_reason_receipt"))
        page.author_ids += user
        text = self.firm.as_user(user, page).with_context(lang="zh_CN").body
        self._write(user, page, f"{text}{ADDED}", ADDED_NOTE)

    def write_own_page(self):
        """The owner writes a page that the product does not have."""
        owner = self.firm.owner
        page = self.firm.as_user(owner)["broker.playbook"].create(
            {"name": OWN_TITLE, "topic": "reason:decline", "sequence": 175}
        )
        self._write(owner, page, OWN_TEXT, "第一稿")

    def _write(self, user, page, text, note):
        env = self.firm.as_user(user)
        env["broker.playbook.edit"].with_context(lang="zh_CN").create(
            {"playbook_id": page.id, "body": text, "change_note": note}
        ).action_save()
