"""The demo firm's market: what each customer buys, how often, how it pays, and what became of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Product:
    """What one copy costs at a usual run, and how large a run is."""

    title: str
    least: int
    most: int
    step: int


# By the key of product_product_<key>: a word for the job's title and the usual run.
PRODUCTS = {
    "card": Product("名片", 20, 120, 5),
    "leaflet": Product("折页", 30, 200, 10),
    "brochure": Product("宣传册", 800, 4000, 100),
    "catalogue": Product("精装画册", 150, 600, 10),
    "poster": Product("海报", 200, 1500, 50),
    "menu": Product("菜单", 60, 320, 10),
    "envelope": Product("信封", 30, 120, 10),
    "book": Product("图书", 2000, 6000, 200),
    "workbook": Product("练习册", 2500, 9000, 500),
    "picture_book": Product("绘本", 1000, 3000, 100),
    "carton": Product("彩盒", 5000, 24000, 1000),
    "gift_box": Product("礼盒", 600, 2400, 100),
    "mooncake_box": Product("月饼礼盒", 2000, 5000, 100),
    "paper_bag": Product("手提纸袋", 2000, 10000, 500),
    "label": Product("标签", 60, 300, 10),
    "hang_tag": Product("吊牌", 60, 240, 10),
    "desk_calendar": Product("台历", 400, 1600, 100),
    "wall_calendar": Product("挂历", 300, 1200, 50),
}

# What a season adds: (month, product, chance that a customer of the trade orders it then).
SEASONS = {
    "catering": ((12, "wall_calendar", 0.4), (8, "mooncake_box", 0.0)),
    "school": ((8, "workbook", 0.9), (9, "brochure", 0.5), (2, "workbook", 0.5)),
    "publisher": ((11, "desk_calendar", 0.6), (5, "book", 0.3)),
    "factory": ((11, "desk_calendar", 0.7), (12, "wall_calendar", 0.5)),
    "agency": ((11, "desk_calendar", 0.6), (12, "desk_calendar", 0.4)),
    "culture": ((12, "wall_calendar", 0.7), (4, "catalogue", 0.5)),
    "hotel": ((8, "gift_box", 0.5), (12, "wall_calendar", 0.6)),
    "service": ((11, "desk_calendar", 0.6), (12, "envelope", 0.4)),
}

TITLES = {
    "catering": ("换季菜单", "新店开业物料", "外卖包装升级", "会员日宣传"),
    "school": ("新学年教材", "招生宣传", "校庆纪念册", "毕业典礼物料"),
    "publisher": ("新书首印", "畅销书加印", "订货会样书", "系列丛书"),
    "factory": ("新品包装", "出口包装改版", "展会样本", "年度画册"),
    "agency": ("客户发布会物料", "品牌手册", "巡展物料", "年会物料"),
    "culture": ("特展图录", "文创礼盒", "开放日导览册", "馆藏画册"),
    "hotel": ("客房印刷品", "中秋礼盒", "婚宴物料", "会员手册"),
    "service": ("门店宣传", "客户答谢礼", "年度报告", "开业物料"),
}


@dataclass(frozen=True)
class Customer:
    """How one customer behaves.

    :param rhythm: days between two repeat orders
    :param size: factor on the usual run
    :param margin: the firm's part of the price, lowest and highest
    :param pays: ``prompt``, ``usual``, ``late``, ``slow``, ``parts`` or ``bad``
    :param begins: month of the story in which a new customer's first opportunity comes up
    :param ends: month of the story after which there are no more orders
    :param declines: month from which it orders less and less often
    :param agent: who is to serve a new customer
    :param mood: what it thinks of sales and of service, of five
    """

    trade: str
    products: tuple
    rhythm: int
    size: float = 1.0
    margin: tuple = (0.20, 0.30)
    pays: str = "usual"
    begins: int = 0
    ends: int = 99
    declines: int = 99
    agent: str = ""
    mood: tuple = (4.3, 4.3)
    won: bool = True
    new_projects: int = 2
    events: dict = field(default_factory=dict)


# By the key of res_partner_customer_<key>.
CUSTOMERS = {
    "yueyan": Customer("catering", ("menu", "paper_bag", "card"), 45, 0.9, (0.24, 0.32), "prompt"),
    "laowu": Customer("catering", ("menu", "poster", "leaflet"), 60, 0.7, (0.20, 0.28), "usual", mood=(3.6, 4.2)),
    "qingtan": Customer("catering", ("label", "paper_bag", "poster"), 28, 1.0, (0.22, 0.30), "usual"),
    "haiwei": Customer("catering", ("menu", "card"), 100, 0.4, (0.12, 0.18), "bad", mood=(3.8, 4.0)),
    "heji": Customer("catering", ("label", "gift_box", "paper_bag"), 28, 2.4, (0.26, 0.35), "prompt", mood=(4.7, 4.6)),
    "chaotang": Customer("catering", ("menu", "poster"), 50, 0.8, (0.20, 0.30), "usual", 4, agent="lin"),
    "mingde": Customer("school", ("workbook", "brochure", "envelope"), 48, 1.0, (0.25, 0.34), "prompt"),
    "qinghe": Customer("school", ("leaflet", "picture_book"), 110, 0.25, (0.22, 0.32), "usual"),
    "jinxiu": Customer("school", ("workbook", "envelope"), 75, 0.7, (0.18, 0.26), "slow"),
    "zhixing": Customer("school", ("brochure", "poster", "card"), 65, 0.8, (0.20, 0.28), "late"),
    "boya": Customer("school", ("leaflet", "workbook"), 58, 0.6, (0.20, 0.28), "usual"),
    "yunwen": Customer("publisher", ("book", "book", "poster"), 26, 1.7, (0.16, 0.23), "prompt", mood=(4.6, 4.7)),
    "shuxiang": Customer("publisher", ("book", "poster"), 55, 0.8, (0.16, 0.22), "late", mood=(3.4, 4.1)),
    "tongxin": Customer("publisher", ("picture_book", "poster"), 70, 0.6, (0.20, 0.28), "usual", 7, agent="lin"),
    # Buys much and presses the price: a service drain.
    "jianghai": Customer("publisher", ("book", "leaflet"), 60, 1.45, (0.06, 0.10), "slow", mood=(4.0, 3.5)),
    "hengtai": Customer("factory", ("carton", "label", "hang_tag"), 40, 0.8, (0.18, 0.26), "usual"),
    "lanyue": Customer(
        "factory", ("carton", "label", "carton"), 18, 1.6, (0.18, 0.26), "prompt", declines=10, mood=(3.3, 3.6)
    ),
    "xinguang": Customer("factory", ("carton", "leaflet"), 50, 0.7, (0.17, 0.24), "parts"),
    "yikang": Customer("factory", ("carton", "label", "leaflet"), 24, 1.7, (0.24, 0.32), "prompt", mood=(4.5, 4.5)),
    "futian": Customer("factory", ("gift_box", "paper_bag", "label"), 45, 0.9, (0.24, 0.33), "usual"),
    "chunhe": Customer("factory", ("carton", "label", "paper_bag"), 32, 0.9, (0.20, 0.28), "usual"),
    "senlin": Customer("factory", ("catalogue", "hang_tag"), 80, 0.5, (0.20, 0.28), "parts"),
    "runhua": Customer("factory", ("label", "hang_tag"), 40, 0.5, (0.15, 0.20), "bad", ends=8, mood=(2.4, 2.8)),
    "qiaosi": Customer("factory", ("carton", "hang_tag", "leaflet"), 42, 0.7, (0.19, 0.27), "usual", 2, agent="chen"),
    "faxian": Customer("agency", ("poster", "brochure", "card"), 22, 0.7, (0.17, 0.25), "late", mood=(4.2, 3.9)),
    "shanyin": Customer("agency", ("brochure", "catalogue"), 55, 0.5, (0.22, 0.32), "usual"),
    "liuhe": Customer("agency", ("brochure", "poster", "paper_bag"), 38, 0.8, (0.20, 0.28), "slow"),
    "bolang": Customer("agency", ("poster", "leaflet", "card"), 34, 0.7, (0.20, 0.30), "usual", 5, agent="chen"),
    "weilai": Customer("agency", ("brochure", "card"), 48, 0.5, (0.22, 0.32), "usual", 8, agent="lin"),
    "minsu": Customer("culture", ("catalogue", "gift_box", "leaflet"), 52, 0.9, (0.24, 0.34), "prompt"),
    "pujiang": Customer("culture", ("catalogue", "poster"), 62, 0.6, (0.24, 0.34), "usual", 9, agent="lin"),
    "huting": Customer("hotel", ("menu", "envelope", "brochure"), 42, 0.9, (0.22, 0.30), "usual"),
    "yunqi": Customer("hotel", ("card", "leaflet", "paper_bag"), 85, 0.3, (0.24, 0.34), "prompt", 11, agent="lin"),
    "renxin": Customer("service", ("leaflet", "card", "envelope"), 95, 0.4, (0.24, 0.34), "usual"),
    "anju": Customer("service", ("leaflet", "poster", "card"), 30, 0.6, (0.18, 0.26), "late", mood=(3.9, 4.0)),
    "manbu": Customer("service", ("leaflet", "brochure"), 66, 0.4, (0.20, 0.28), "usual"),
    "dongli": Customer("service", ("poster", "leaflet", "card"), 50, 0.4, (0.20, 0.30), "parts", 13, agent="chen"),
    "chengxin": Customer("service", ("envelope", "card"), 100, 0.5, (0.26, 0.35), "prompt"),
    "huajian": Customer("service", ("paper_bag", "card", "hang_tag"), 72, 0.3, (0.24, 0.34), "usual"),
    "yunshan": Customer("factory", ("gift_box", "label", "paper_bag"), 36, 1.0, (0.24, 0.33), "prompt", 3, agent="lin"),
    "qidian": Customer("service", ("brochure", "paper_bag"), 60, 0.6, begins=14, won=False, new_projects=0),
    "lvting": Customer("service", ("leaflet", "envelope"), 60, 0.4, begins=17, agent="chen", new_projects=0),
}

# Whose jobs are won on the last working day, and how far their handoffs have come.
ON_THE_DESK = (
    ("yunwen", "submitted"),
    ("mingde", "submitted"),
    ("yikang", "returned"),
    ("heji", "draft"),
    ("futian", "submitted"),
    ("huting", "submitted"),
)

# How many days after the due date the money comes: lowest, usual, highest.
PAYMENT_DAYS = {
    "prompt": (-22, -12, -2),
    "usual": (-8, 0, 8),
    "late": (5, 16, 35),
    "slow": (20, 40, 75),
    "parts": (-2, 10, 30),
    "bad": (30, 70, 120),
}

PROMISES = (
    "交货期承诺到门，周五前送到收货部。",
    "颜色按上次签样，允许偏差 ±5%。",
    "免费提供两次打样。",
    "分两批送货，第一批先到三分之一。",
    "数量允许多 3%，不少数。",
)
NOT_SOLD = (
    "客户想要烫金，报价里没有。",
    "不含设计费，只做拼版。",
    "不含仓储，超过两周要另算。",
    "不含外地门店的分送。",
)
STILL_OPEN = (
    "封面用纸等客户确认样张。",
    "收货人的电话还没有给。",
    "是否开专票，财务下周回复。",
    "最后一页的文字客户还在改。",
)
RETURN_REASONS = (
    "客户的源文件没有出血，字体也没有转曲。",
    "承诺的交货期印刷厂做不到，请先和客户谈。",
    "收货地址不全，分几处送没有写清楚。",
    "报价里的覆膜和客户说的不是同一种。",
)
REACHED_NOTES = (
    "货已收到，没有破损，客户满意。",
    "颜色比上次好，交货也准时。",
    "希望下次早一天送到。",
    "对账单收到了，会按期付款。",
    "客服回复很快，业务员最近联系少。",
    "包装箱有一个压坏，内件完好。",
)
NEEDS_HEARD = (
    "年底想做一批礼盒，请业务员来谈。",
    "打算换再生纸，想看样。",
    "明年要开新店，菜单要重做。",
)
LOST_REASONS = ("价格高于同行", "客户改做电子版", "项目取消")
