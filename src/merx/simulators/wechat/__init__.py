"""A simulated WeChat Pay: API v3, a cashier page in place of the app, notices with the real retry schedule, bills."""

from merx.simulators.wechat.model import WechatMerchant
from merx.simulators.wechat.peer import simulated_merchant
from merx.simulators.wechat.simulator import WechatSimulator

__all__ = ["WechatMerchant", "WechatSimulator", "simulated_merchant"]
