"""Chinese of the roles that data can have, of the figures of a run, and of the stages of learning."""

ROLES: dict[str, str] = {
    # of columns and properties
    "id": "编号", "name": "名称", "text": "文本", "time": "时间", "numeric": "数值", "categorical": "类别", "property": "属性",
    "topics": "主题", "parent": "上级", "label": "标签", "source": "起点", "target": "终点", "weight": "权重", "type": "类型",
    "event": "事件", "private": "私有", "ignore": "忽略", "predict": "待预测",
    # of nodes and relationships
    "user": "用户", "item": "物品", "topic": "主题", "tie": "关系", "behaviour": "行为", "interest": "兴趣", "about": "内容主题",
    "related": "相关",
}  # fmt: skip
FIGURES: dict[str, str] = {
    "tags map": "标签 mAP", "tags micro_f1": "标签 micro-F1", "tags precision": "标签精确率", "tags recall": "标签召回率",
    "tags ece": "标签校准误差 ECE", "items ndcg@10": "物品 nDCG@10", "items recall@10": "物品召回率@10",
}  # fmt: skip
STAGES: dict[str, str] = {
    "snapshot": "快照", "encode": "文本编码", "features": "特征", "linear parts": "线性部分", "train": "训练", "choosing": "选择",
    "final": "最终训练", "texts": "文本", "top layers": "顶层", "lower layers": "底层", "new items": "新物品", "reasons": "原因",
    "place among ties": "关系中的位置", "going live": "生效", "waiting": "等待", "map": "地图", "publishing": "发布",
    "unpublishing": "撤销发布",
}  # fmt: skip
