"""The same 24 topics as Chinese speakers of the demo community write about them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WordsZh:
    """Chinese vocabulary of one topic."""

    names: tuple[str, ...]  # said outright
    doing: tuple[str, ...]  # after 周末
    things: tuple[str, ...]  # after 最近迷上了


def _words(names: str, doing: str, things: str) -> WordsZh:
    return WordsZh(tuple(names.split()), tuple(doing.split()), tuple(things.split()))


WORDS_ZH: dict[str, WordsZh] = {
    "outdoors": _words(
        "户外 徒步 露营",
        "沿着山脊走一整天 在湖边搭帐篷 等雾散开 背着大包翻垭口",
        "轻便的睡袋 一张好地图 保温壶里的热汤 高山上的星空",
    ),
    "climbing": _words(
        "攀岩 抱石",
        "在岩馆磕同一条线 练指力 给朋友打保护 在采石场待到天黑",
        "新快挂 合脚的岩鞋 满手的镁粉 那块仰角岩壁",
    ),
    "cycling": _words(
        "骑行 骑车", "沿着运河骑到郊外 补胎 翻垭口 给链条上油", "一辆老钢架 长下坡 顺风的日子 新换的变速器"
    ),
    "birdwatching": _words(
        "观鸟 看鸟", "天没亮就去湿地 数大雁 学着听鸟叫 等雾散开", "旧望远镜 河边的翠鸟 芦苇荡 屋顶上的苍鹭"
    ),
    "cooking": _words(
        "做饭 菜谱 下厨", "给一桌人准备晚饭 熬一整天的高汤 包饺子 磨刀", "铸铁锅 外婆的拿手菜 新鲜香草 一勺辣椒油"
    ),
    "baking": _words(
        "烘焙 面包 做蛋糕",
        "半夜揉面 等面团发起来 称面粉 照着外婆的方子试肉桂卷",
        "天然酵种 酥脆的外壳 可颂的层次 脾气古怪的烤箱",
    ),
    "coffee": _words(
        "咖啡 手冲", "调磨豆机 在阳台烘豆 给朋友冲一壶 盲测三种豆子", "浅烘的豆子 摩卡壶 街角那杯澳白 滤纸和细口壶"
    ),
    "fermentation": _words(
        "发酵 泡菜", "给罐子放气 腌白菜 等气泡冒上来 养酵母", "一罐味噌 酸豆角 红茶菌 水槽下面的味道"
    ),
    "art": _words(
        "艺术 看展 绘画", "在一幅画前站一个钟头 绷画布 洗画笔 排队进美术馆", "那种蓝色 漏雨的画室 亚麻籽油 墙上的说明牌"
    ),
    "photography": _words(
        "摄影 拍照 胶片相机", "追着夕阳跑 在浴室里冲胶卷 等雾散开 擦镜头", "蓝调时刻 雨后的光 长焦镜头 一卷黑白胶卷"
    ),
    "ceramics": _words("陶艺 拉坯", "揉泥 等窑凉下来 调釉 修坯", "裂开的碗 青瓷釉 歪歪扭扭的杯子 景德镇的柴窑"),
    "drawing": _words(
        "画画 速写 插画", "每天画满一页 削铅笔 在电车上画人 描线", "蘸水笔 一支软铅笔 餐巾纸上的草图 炭笔灰"
    ),
    "music": _words("音乐 演唱会", "淘黑胶 排练到深夜 换琴弦 给朋友做歌单", "二手唱机 返场曲 划花的唱片 前排的鼓声"),
    "jazz": _words(
        "爵士 即兴", "扒一段独奏 周二去酒吧合奏 练音阶 争论柯川", "次中音萨克斯 划花的唱片 蓝调音 夜场的贝斯手"
    ),
    "choir": _words(
        "合唱 唱歌",
        "在楼梯间开嗓 周四排练巴赫 数休止符 跟着管风琴对音准",
        "四部和声 指挥的眉毛 最后一个和弦 黑色乐谱夹",
    ),
    "synthesizers": _words(
        "合成器 电子音乐", "接线到凌晨两点 焊滤波器 录一段低频 看电路图", "一台老鼓机 数不清的线 磁带噪声 坏掉的琶音器"
    ),
    "books": _words(
        "读书 小说", "睡前读两章 逛旧书店 去朋友家聊新书 坐过站", "床头那一摞 借书证 卷了角的平装书 不可靠的叙述者"
    ),
    "poetry": _words("诗歌 写诗", "背一首短诗 数音节 划掉形容词 给小杂志投稿", "薄薄的一册 一个好句子 半韵 页边的留白"),
    "science fiction": _words(
        "科幻 太空歌剧", "重读三体 争论时间旅行 收集旧封面 坐过站", "世代飞船 快要熄灭的太阳 第一次接触 卷了角的平装书"
    ),
    "history": _words(
        "历史 档案", "辨认旧信 在阅览室坐一天 查家谱 走古城墙", "一封一九一六年的信 古钱币 脚注 一箱老照片"
    ),
    "travel": _words(
        "旅行 出远门", "收拾背包 向陌生人问路 错过转车 寄明信片", "靠窗的座位 青旅的早餐 一张好地图 护照上的印章"
    ),
    "rail travel": _words(
        "火车旅行 铁路", "研究时刻表 错过转车 数隧道 在另一个国家醒来", "靠窗的座位 卧铺 餐车 一座高架桥"
    ),
    "sailing": _words("帆船 航海", "等风 打磨船底 看海图 学打结", "潮水 漏水的舱口 一艘小木船 东北风"),
    "language learning": _words(
        "学外语 语法", "洗澡时练发音 背单词卡 向陌生人问路 听外国电台", "我的口音 语伴 虚拟式 绕口令"
    ),
}
