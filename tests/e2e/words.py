"""What the pages call things, per language: written down here once more, so that a lost translation is noticed."""

from typing import Final

ENGLISH: Final = "en"
CHINESE: Final = "zh-CN"

_CHINESE: Final = {
    "Add to cart": "加入购物车",
    "Alipay": "支付宝",
    "Bank card": "银行卡",
    "Bank transfer": "银行转账",
    "Cancel the order": "取消订单",
    "Cancelled": "已取消",
    "Carrier": "承运商",
    "Cash on delivery": "货到付款",
    "Cash received": "已收到现金",
    "Change": "修改",
    "Checkout": "结算",
    "City": "城市",
    "Create an account": "注册账号",
    "Delivered": "已送达",
    "E-mail address": "电子邮箱",
    "Express": "特快",
    "Fill this in.": "此项必填。",
    "Go to checkout": "去结算",
    "Go to payment": "去付款",
    "Handed to the carrier": "确认发货",
    "I have received it": "确认收货",
    "In your cart": "已加入购物车",
    "Language and currency": "语言与货币",
    "Log in": "登录",
    "Mark as delivered": "标记为已送达",
    "More": "增加",
    "My shop's orders": "店铺订单",
    "No payment method takes this currency. Choose another currency at the top of the page.": "没有支持当前货币的支付方式，请在页面顶部切换货币。",
    "Number of the receipt": "收据号",
    "On its way": "运输中",
    "Only update the total": "仅更新合计",
    "Open the simulated wallet": "打开模拟钱包",
    "Order and pay": "提交订单并支付",
    "Paid, being prepared": "已付款，备货中",
    "Password": "密码",
    "Pay now": "立即付款",
    "Phone number": "手机号码",
    "Pictures": "图片",
    "Please transfer the amount": "请转账付款",
    "Postal code": "邮政编码",
    "Price: low to high": "价格从低到高",
    "Province or state": "省 / 州",
    "Publish the review": "发布评价",
    "Rate the shop": "评价店铺",
    "Received": "已收货",
    "Recipient": "收件人",
    "Reference": "转账备注",
    "Show this choice": "查看所选规格",
    "Street and house number": "街道与门牌号",
    "Thank you, your payment is confirmed": "付款成功，感谢惠顾",
    "This order was cancelled": "订单已取消",
    "To the cart": "去购物车",
    "Tracking number": "运单号",
    "Waiting for your payment": "等待付款结果",
    "WeChat Pay": "微信支付",
    "What should others know?": "想告诉其他顾客什么？",
    "Write a review": "写评价",
    "Write a telephone number of 6 to 15 digits.": "请填写 6 到 15 位数字的电话号码。",
    "You have reviewed this. Thank you.": "您已评价，感谢分享。",
    "Your name": "您的称呼",
}


def words(language: str, english: str) -> str:
    """A text of the pages in a language."""
    return english if language == ENGLISH else _CHINESE[english]
