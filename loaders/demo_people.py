"""Names, cities, occupations and small talk for the demo community."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _names(
    """Mara Jonas Aoife Tom Priya Lena Mateo Ingrid Samuel Noor Felix Clara Hugo Ana Piotr Zofia Emma Liam Ruth Daniel Yusuf Elif Marta Pablo Ines
    Oscar Greta Nils Freya Arthur Camille Louis Chiara Luca Amira Omar Nadia Viktor Hanna Rosa Theo Maja Ewan Isla Callum Bridget Esther Miriam Jakob
    Paula Sofia Diego Carmen Lucia Andrea Simon Judith Anton Selma Idris Leila Kofi Ama Grace Henry Alice Edith Walter Frieda Otto Nora Ben Tess Maggie
    Rory Fiona Dario Elena Marek Jana Petra Karel Astrid Sven Linnea Mikko Aino Ravi Meera Arjun Divya Kenji Yuki Hana Adaeze Chidi Thandi Joseph
    Miguel Beatriz Tiago Rita"""
)
FAMILY = _names(
    """Keller Novak Murphy Okafor Patel Lindqvist Fernandez Rossi Weber Haddad Schmidt Clarke Moreau Silva Kowalski Demir Jensen Walsh Fischer Ito Brown
    Nguyen Bauer Martin Costa Hansen Byrne Romero Ferrari Wagner Khan Larsen Doyle Ortega Greco Vogel Rahman Berg Reid Santos Horvat Petrov Meyer Campbell
    Ruiz Conti Braun Osei Virtanen Hughes Dubois Lopes Svoboda Eriksen Kelly Navarro Marino Lang Mensah Korhonen Wright Lefevre Almeida Dvorak Dahl Quinn
    Molina Bianchi Wolf Adeyemi Sato Shaw Girard Pinto Zielinski Holm Grant Torres Ricci Frank Nair Mills Fontaine Barros Urban Vik Burke Castillo Gallo
    Huber Menon Ellis"""
)
FAMILY_ZH = _names("王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹")
GIVEN_ZH = _names(
    """晓雯 子涵 思远 雨桐 佳怡 志强 明轩 丽华 海燕 文博 静怡 俊杰 雅琴 浩然 欣妍 建国 梦瑶 一凡 若曦 天宇 慧敏 宇航 诗涵 秀英 立群 婉清 嘉禾
    小川 云飞 芷若 书宁 可心 德明 玉兰 泽楷 素芬"""
)

LANGUAGES = ("English", "Chinese", "German", "Spanish", "French")
CITIES: tuple[tuple[str, str], ...] = (  # city, language heard there
    ("Berlin", "German"), ("Leipzig", "German"), ("Vienna", "German"), ("Zürich", "German"), ("Valencia", "Spanish"), ("Madrid", "Spanish"),
    ("Lyon", "French"), ("Brussels", "French"), ("Montréal", "French"), ("Edinburgh", "English"), ("Bristol", "English"), ("Dublin", "English"),
    ("Manchester", "English"), ("Toronto", "English"), ("Shanghai", "Chinese"), ("Chengdu", "Chinese"), ("Taipei", "Chinese"), ("Singapore", "Chinese"),
)  # fmt: skip
LANGUAGE_HINTS = {
    "English": ("Grew up near Bristol.", "Irish on my mother's side.", "Subtitles are for other people."),
    "Chinese": (
        "My parents still call me every Sunday from Chengdu.",
        "Hot pot solves most things.",
        "Back in Taipei for New Year.",
    ),
    "German": (
        "Feierabend is a serious matter.",
        "Moved here from Graz.",
        "Sunday means quiet hours and cake at four.",
    ),
    "Spanish": (
        "Dinner before nine feels wrong.",
        "Family in Seville, siesta by conviction.",
        "Abuela's phone calls last two hours.",
    ),
    "French": ("Raised between Lyon and the Jura.", "My cheese drawer is full.", "I still count in quatre-vingts."),
}

STAGES = ("student", "working", "parent", "retired")
STAGE_WORDS: dict[str, tuple[str, ...]] = {
    "student": (
        "Third year, thesis due in spring.", "Exams permitting.", "Sharing a flat with four others.", "Living on lentils and deadlines.",
        "Studying civil engineering.", "Nights in the library, mornings in lectures.", "Between seminars.",
    ),
    "working": (
        "Nurse on night shifts.", "I fix lifts for a living.", "Accountant from nine to five.", "Software by day.", "Running a small print shop.",
        "Too many meetings.", "I commute two hours a day.", "Tram driver.", "New job, new desk.",
    ),
    "parent": (
        "Two kids, little sleep.", "On parental leave with twins.", "Whatever fits between school runs.", "Nap times decide my calendar.",
        "Lego underfoot.", "Mother of three.", "Dad of a toddler who bites.",
    ),
    "retired": (
        "Forty years a teacher, now free.", "The grandchildren come on Wednesdays.", "Sold the practice last year.", "No alarm clock since March.",
        "Pensioner with a full diary.", "Finally time for everything.", "Used to be a postman.",
    ),
}  # fmt: skip
STAGE_WORDS_ZH: dict[str, tuple[str, ...]] = {
    "student": ("在读研究生。", "考试周除外。", "宿舍四人间。"),
    "working": ("朝九晚六。", "在医院上夜班。", "程序员，会议很多。"),
    "parent": ("两个孩子的妈妈。", "孩子睡了才有时间。", "每天接送上学。"),
    "retired": ("退休教师。", "周三带孙子。", "终于有时间了。"),
}

SMALL_TALK = (
    "New here.", "Mostly lurking.", "Say hello.", "Happy to be asked anything.", "Slow to answer, sorry in advance.", "Opinions are borrowed.",
    "Left-handed and often late.", "Trying to be outside more and online less.", "I like people who ask questions.", "Collector of good mornings.",
    "Here because a friend would not stop talking about it.", "Better in person.", "Tea over everything.", "Cat owner, or the other way round.",
)  # fmt: skip
SMALL_TALK_ZH = ("新来的，请多关照。", "潜水为主。", "朋友拉我来的。", "回复比较慢。", "有一只猫。", "慢慢生活。")
IDLE_POSTS = (
    "Thanks for sharing this.", "Saving it for the weekend.", "Is there a longer version somewhere?", "My neighbour sent me this and I am glad.",
    "Lovely, though the ending felt rushed.", "Agree with most of it.", "Not sure I would go that far, but well put.", "Who else is going on Saturday?",
    "I needed that today.", "The comments here are better than the piece itself.", "Can someone recommend something similar?", "This made my evening.",
    "Came for one thing, stayed an hour.", "Bit pricey for what it is.", "Good, but the link at the bottom is broken.", "Second time I come back to this.", "First comment ever, be kind.", "Printed it for my father.", "Why is nobody talking about this?",
    "I was sceptical, now I am not.", "Could have been half as long.", "The pictures alone are worth it.", "Wrong season for me, but one day.",
    "Is the second part out yet?", "My daughter laughed out loud.", "Three stars from me.", "Had to go through it twice.", "Someone should translate this.",
    "Well, that escalated.", "Too early in the morning for this, but yes.",
)  # fmt: skip
IDLE_POSTS_ZH = (
    "谢谢分享。",
    "收藏了，周末看。",
    "邻居推荐给我的。",
    "说得真好。",
    "有没有类似的推荐？",
    "有点贵。",
    "第二次回来看了。",
)
SPAM = (
    "Earn {n} a week from home, message me for the link!", "Followers cheap and fast, first {n} free.", "Hot deal today only, {n} % off everything, click my profile.",
    "Crypto signals that really work, {n} members already.", "Want to lose {n} kilos? Ask me how.", "Best prices on watches, {n} models, worldwide shipping.",
)  # fmt: skip
SPAM_BIOS = (
    "Deals, giveaways and promo codes every day.", "DM for business. Fast growth guaranteed.", "Your number one source for offers!", "Invest smart. Link below.",
)  # fmt: skip
