"""What a file may tell: each field, the headings it has in files, and where its value goes. Data (C2, C3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How the cells of a field are read (see `cells.py`)."""

    TEXT = "text"
    MOMENT = "moment"
    DAY = "day"
    BIRTHDAY = "birthday"
    NUMBERS = "numbers"
    PLATE = "plate"
    MONEY = "money"
    WHOLE = "whole"
    YES_NO = "yes_no"
    ITEMS = "items"
    TAIL = "tail"
    SLOT = "slot"


class Goes(StrEnum):
    """Where a value goes: the occasion's own columns, its staff, its facts, or the customer."""

    OCCASION = "occasion"
    STAFF = "staff"
    FACT = "fact"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Field:
    """A field. The first of `headings` is the one it is called by; `longest` in characters."""

    name: str
    headings: tuple[str, ...]
    form: Form = Form.TEXT
    goes: Goes = Goes.FACT
    longest: int = 500


def _fields(goes: Goes, form: Form, longest: int, rows: Mapping[str, str]) -> tuple[Field, ...]:
    return tuple(Field(name, tuple(names.split()), form, goes, longest) for name, names in rows.items())


# Headings are compared without blanks, brackets and marks, in lower case: see `headings.plain_heading`.
FIELDS: tuple[Field, ...] = (
    *_fields(
        Goes.OCCASION,
        Form.TEXT,
        80,
        {
            "external_id": "结算单号 工单号 单号 单据号 单据编号 业务单号 订单号 订单编号 出库单号 销售单号 "
            "维修单号 委托书号 受理编号 受理单号 工单编号 流水号 住院号 病案号 安装单号 服务单号 报修单号 "
            "安检单号 投诉单号 投诉编号 线索编号 会员编号 编号 order_no external_id ticket_no id",
        },
    ),
    *_fields(
        Goes.OCCASION,
        Form.MOMENT,
        0,
        {
            "happened_at": "结算时间 结算日期 出厂时间 出厂日期 交车日期 交车时间 出库日期 出库时间 销售日期 "
            "战败日期 战败时间 出院日期 出院时间 结案时间 结案日期 办结时间 办结日期 开户日期 开户时间 "
            "承保日期 签单日期 出单日期 投保日期 安装日期 安装时间 维修日期 维修时间 上门时间 上门日期 "
            "安检日期 安检时间 抄表日期 受理时间 受理日期 来电时间 服务时间 服务日期 到店日期 到店时间 "
            "完工时间 完工日期 交易日期 交易时间 业务时间 业务日期 发生时间 时间 日期 "
            "settled_at happened_at delivered_at date time",
        },
    ),
    *_fields(
        Goes.OCCASION,
        Form.TEXT,
        100,
        {
            "name": "客户姓名 客户名称 送修人 车主 车主姓名 患者姓名 病人姓名 投保人 投保人姓名 用户姓名 "
            "户名 业主 业主姓名 来电人 联系人 会员姓名 顾客姓名 购车人 客户 姓名 单位名称 name customer",
        },
    ),
    *_fields(
        Goes.OCCASION,
        Form.NUMBERS,
        0,
        {
            "number": "手机 联系方式 手机号 手机号码 联系电话 电话 电话号码 客户电话 客户手机 移动电话 "
            "送修人电话 送修人手机 车主电话 车主手机 投保人电话 投保人手机 投保人手机号 投保人手机号码 "
            "投保人联系电话 投保人联系方式 来电号码 联系人电话 固定电话 "
            "备用电话 座机 业主电话 phone mobile tel telephone",
        },
    ),
    *_fields(Goes.OCCASION, Form.PLATE, 0, {"plate": "车牌号 车牌号码 车牌 车号 牌照号 牌照 plate plate_no"}),
    *_fields(
        Goes.OCCASION,
        Form.MONEY,
        0,
        {
            "amount": "金额 结算金额 总金额 实收金额 应收金额 实收 合计金额 收费金额 收费 保费 首期保费 "
            "期交保费 成交价 车价 消费金额 费用 总费用 amount total",
        },
    ),
    *_fields(
        Goes.OCCASION,
        Form.ITEMS,
        0,
        {
            "items": "维修项目 服务项目 项目 维修内容 服务内容 作业内容 安检项目 items",
            "products": "产品名称 险种 险种名称 主险名称 主险 保险产品 保险产品名称 产品 商品名称 商品 "
            "产品型号 型号 products product",
        },
    ),
    *_fields(
        Goes.OCCASION,
        Form.TEXT,
        60,
        {
            "branch": "门店 分店 店铺 店名 网点 营业部 开户营业部 分公司 院区 所属门店 branch store",
            "unit": "单位 所属单位 部门 科室 出院科室 班组 站点 区域 unit department",
        },
    ),
    *_fields(
        Goes.STAFF,
        Form.TEXT,
        60,
        {
            "adviser": "服务顾问 接待 接待员 接车人 sa adviser advisor",
            "technician": "维修技师 技师 主修人 主修 维修人员 维修工 安装人员 安装工程师 工程师 安装师傅 "
            "师傅 technician",
            "salesperson": "销售顾问 销售员 销售 业务员 销售人员 代理人 salesperson",
            "stylist": "发型师 美发师 设计师 服务人员 stylist",
            "doctor": "主治医生 主治医师 管床医生 医生 doctor",
            "nurse": "责任护士 护士 nurse",
            "marketer": "营销人员 经纪人 开发人员 营销经理 marketer",
            "manager": "客户经理 理财经理 专属经理 物业管家 管家 manager",
            "inspector": "安检员 巡检员 抄表员 inspector",
            "handler": "处理人 经办人 承办人 受理人 责任人 handler",
        },
    ),
    *_fields(
        Goes.FACT,
        Form.DAY,
        0,
        {
            "due_date": "下次保养日期 下次保养时间 下次保养 保养到期日 应保养日期 到期日期 到期日 到期时间 "
            "会员到期日 续保日期 due_date",
            "first_maintenance_due": "首保日期 首保到期日 首次保养日期",
            "effective_date": "生效日期 保单生效日 保单生效日期 合同生效日期 生效日 effective_date",
            "received_date": "回执日期 保单回执日期 签收日期",
            "admitted_on": "入院日期 入院时间",
            "last_login": "最后登录时间 最近登录时间 最后登录日期 最近登录日期 last_login",
            "last_transaction": "最后交易时间 最近交易时间 最后交易日期 最近交易日期 last_transaction",
            "moved_in_on": "入住日期 入住时间",
            "promised_on": "承诺日期 预约日期 预约时间",
            "mileage_on": "里程日期 里程读数日期 里程登记日期 mileage_on",
        },
    ),
    *_fields(
        Goes.FACT,
        Form.WHOLE,
        0,
        {
            "mileage": "行驶里程 里程 里程数 进厂里程 公里数 表显里程 mileage",
            "daily_mileage": "日均里程 日均行驶里程 每日里程 daily_mileage",
            "next_mileage": "下次保养里程 下次里程",
            "logins": "登录次数 logins",
            "transactions": "交易次数 transactions",
            "age": "年龄 age",
        },
    ),
    *_fields(
        Goes.FACT,
        Form.TEXT,
        500,
        {
            "policy_number": "保单号 保单号码 保险单号 合同号 保险合同号 policy_no policy_number",
            "insurer": "保险公司 保险公司名称 承保公司 承保公司名称 承保机构 出单公司 insurer",
            "product_kind": "产品设计类型 设计类型 险种类型 险种类别 产品类型 产品类别 保险类型 险类 "
            "product_kind",
            "payment": "缴费方式 交费方式 缴别 交别 缴费频率 交费频率 缴费频次 交费频次 缴费类型 交费类型 "
            "缴费间隔 交费间隔 payment",
            "payment_term": "缴费期间 交费期间 缴费年限 交费年限 缴费年期 交费年期 缴费期 交费期 缴费期限 "
            "交费期限 缴费年数 交费年数 payment_term",
            "term": "保险期间 保障期间 保险期限 保障期限 保险期 保障期 保险年期 保障年限 term period",
            "fees": "费用说明 费用明细 各项费用 费用名称及金额 费用项目 扣费项目 收费项目 fees",
            "fee_initial": "初始费用 初始费用比例 初始费用率 初始费",
            "fee_policy": "保单管理费 保单管理费用",
            "fee_account": "账户管理费 资产管理费 账户管理费率 资产管理费率",
            "fee_surrender": "退保费用 退保手续费 退保费用率",
            # Whether the follow-up was announced at the sale.
            "sale_notice": "销售时告知回访 是否告知回访 告知回访 回访告知 sale_notice",
            "insured": "被保险人 被保人",
            "gender": "性别 投保人性别 客户性别 gender",
            "account": "资金账号 资金帐号 客户号 账号 账户 帐号 account",
            "account_channel": "开户方式 开户渠道",
            "activity": "活动类型 异常类型 交易类型 业务状态 activity",
            "risk_level": "风险等级 风险承受能力",
            "model": "车型 车型名称 车系 model",
            "vin": "车架号 vin 底盘号",
            "repair_type": "维修类型 维修类别 业务类型 作业类型 repair_type",
            "reason": "战败原因 流失原因 原因 reason",
            "competitor": "竞品 竞品车型 购买品牌 战败去向",
            "intention": "意向级别 意向等级 意向车型",
            "complaint": "投诉内容 投诉事由 反映内容",
            "complaint_kind": "投诉类型 投诉类别 投诉分类",
            "complaint_level": "投诉级别 投诉等级 严重程度",
            "result": "处理结果 办理结果 安检结果 检查结果 result",
            "department": "处理部门 责任部门 承办单位",
            "diagnosis": "诊断 出院诊断 主要诊断",
            "ward": "病区 病房",
            "fault": "故障现象 故障 故障描述 报修内容",
            "hazard": "隐患 隐患内容 隐患等级",
            "meter": "表号 燃气表号",
            "address": "地址 安装地址 用户地址 联系地址 房号 address",
            "ticket_kind": "工单类型 诉求类型 业务类别 工单类别",
            "content": "诉求内容 工单内容 来电内容 content",
            "channel": "来源 来源渠道 渠道 受理渠道",
            "service": "特殊服务 服务类型 特约服务 service",
            "list_name": "名单名称 名单",
            "campaign": "活动 活动名称 campaign",
            "note": "备注 说明 note remark",
        },
    ),
    *_fields(
        Goes.CUSTOMER,
        Form.TEXT,
        40,
        {
            "customer_kind": "客户类型 客户性质 用户类型 用户性质 客户类别",
            "member_number": "会员号 会员卡号 卡号 member_no",
            "household": "户号 用户编号 用户号 household",
            "owner": "客户负责人 维护人 归属人 owner",
            "deputy": "副负责人 代理维护人",
            "means": "联系偏好 联系渠道偏好",
        },
    ),
    *_fields(Goes.CUSTOMER, Form.TEXT, 20, {"grade": "客户等级 会员等级 客户级别 会员级别 等级 级别 grade"}),
    *_fields(Goes.CUSTOMER, Form.TEXT, 10, {"language": "语言 language"}),
    *_fields(Goes.CUSTOMER, Form.ITEMS, 0, {"segments": "客群 所属客群 客户分群 客户群 segments segment"}),
    *_fields(Goes.CUSTOMER, Form.BIRTHDAY, 0, {"birthday": "生日 出生日期 出生年月 birthday"}),
    *_fields(
        Goes.CUSTOMER,
        Form.TAIL,
        0,
        {
            "document_tail": "证件号后四位 身份证后四位 证件尾号 证件号码 证件号 身份证号 身份证号码 "
            "投保人证件号码 投保人证件号 投保人身份证号 投保人身份证号码 投保人证件号后四位 document_tail",
        },
    ),
    *_fields(
        Goes.CUSTOMER, Form.SLOT, 0, {"slot": "方便联系时间 回访时段 联系时段 方便接听时间 约定回访时间 slot"}
    ),
    *_fields(
        Goes.CUSTOMER, Form.YES_NO, 0, {"promotion_consent": "同意营销 营销同意 接受推广 promotion_consent"}
    ),
)

BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}

# The customer's kinds by the words that files have for them.
CUSTOMER_KINDS: Mapping[str, str] = {
    "个人": "person",
    "私家": "person",
    "私人": "person",
    "person": "person",
    "公司": "company",
    "企业": "company",
    "单位": "company",
    "公户": "company",
    "company": "company",
    "居民": "household",
    "家庭": "household",
    "household": "household",
    "商业": "commercial",
    "工商": "commercial",
    "工商业": "commercial",
    "非居民": "commercial",
    "commercial": "commercial",
    "业主": "owner",
    "owner": "owner",
    "租户": "tenant",
    "租客": "tenant",
    "tenant": "tenant",
}
