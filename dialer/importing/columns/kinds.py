"""The kinds of occasions that a file may hold. Data (C2, C3)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of occasion: which headings betray it, and what stands in where a file does not say it.

    `id_from` names the field that tells one occasion from another where there is no external id;
    `time_from` the field whose date stands in for the time it happened; `undated` kinds need no time.
    """

    id: str
    betrayed_by: frozenset[str]
    id_from: str = ""
    time_from: str = ""
    undated: bool = False


def _kind(
    kind_id: str, headings: str, *, id_from: str = "", time_from: str = "", undated: bool = False
) -> Kind:
    return Kind(kind_id, frozenset(headings.split()), id_from, time_from, undated)


KINDS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        _kind(
            "settlement-order",
            "结算单号 结算时间 结算日期 工单号 出厂时间 出厂日期 送修人 维修项目 服务顾问 "
            "order_no settled_at",
        ),
        _kind(
            "delivery-order",
            "交车日期 交车时间 出库单号 出库日期 出库时间 销售单号 销售日期 购车人 delivered_at",
        ),
        _kind("lost-deal", "战败日期 战败时间 战败原因 战败去向 线索编号 意向级别 意向车型"),
        _kind(
            "maintenance-due",
            "下次保养日期 下次保养时间 下次保养 保养到期日 应保养日期 下次保养里程",
            time_from="due_date",
        ),
        _kind("complaint-closed", "结案时间 结案日期 投诉内容 投诉类型 投诉单号 投诉编号 投诉级别 投诉事由"),
        _kind(
            "discharge",
            "出院日期 出院时间 住院号 病案号 患者姓名 病人姓名 主治医生 责任护士 出院科室 出院诊断",
        ),
        _kind("account-opened", "开户日期 开户时间 开户方式 开户营业部 开户渠道", id_from="account"),
        _kind(
            "account-activity",
            "最后登录时间 最近登录时间 登录次数 交易次数 异常类型 最后交易时间 最近交易时间 last_login",
            id_from="account",
            time_from="last_login",
        ),
        _kind(
            "policy",
            "保单号 保单号码 投保人 被保险人 缴费方式 交费方式 保险期间 险种 险种名称 产品设计类型 承保日期 "
            "投保日期 policy_no",
            id_from="policy_number",
            time_from="effective_date",
        ),
        _kind("installation", "安装日期 安装时间 安装单号 安装人员 安装工程师 安装地址"),
        _kind("repair-visit", "报修单号 故障现象 上门时间 上门日期 报修内容 维修人员"),
        _kind("inspection", "安检日期 安检时间 安检单号 安检员 安检结果 抄表日期 抄表员 隐患"),
        _kind(
            "hotline-ticket", "受理编号 受理时间 诉求类型 诉求内容 来电人 来电时间 来电号码 工单类型 工单内容"
        ),
        _kind("special-service", "特殊服务 特约服务 服务类型 服务单号 发型师 服务日期 服务时间"),
        _kind(
            "contact-list", "名单名称 名单 活动名称 同意营销 会员到期日", undated=True, time_from="due_date"
        ),
    )
}
