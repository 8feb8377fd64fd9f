"""Traditional characters as they are typed in Guangdong, written simplified; the dictionary is simplified. Pure."""

from __future__ import annotations

_PAIRS = """
電电 丟丢 機机 紙纸 廢废 舊旧 壞坏 爛烂 飲饮 報报 書书 雜杂 誌志 褲裤 襪袜 圍围 錶表 鐘钟 燈灯 膽胆 膠胶 筆笔
鉛铅 圓圆 鋼钢 鐵铁 銅铜 鋁铝 錫锡 釘钉 絲丝 線线 鎖锁 鑰钥 鍋锅 爐炉 櫃柜 櫥橱 臺台 發发 髮发 墊垫 單单 頭头
簾帘 門门 磚砖 藥药 針针 醫医 療疗 體体 溫温 計计 壓压 熱热 氣气 風风 視视 腦脑 鍵键 盤盘 標标 顯显 話话 寶宝
遙遥 閘闸 開开 關关 蘇苏 雞鸡 鴨鸭 鵝鹅 魚鱼 蝦虾 貝贝 殼壳 豬猪 腸肠 臘腊 鹹咸 醬酱 鹽盐 麵面 麪面 飯饭 湯汤
麥麦 穀谷 蔥葱 薑姜 蘿萝 蔔卜 蓮莲 筍笋 葉叶 樹树 蘭兰 龍龙 蘋苹 檸柠 鳳凤 棗枣 欖榄 莖茎 蓋盖 籃篮 籠笼 掃扫
濕湿 乾干 淨净 潔洁 劑剂 滅灭 蟲虫 蠅蝇 農农 葯药 煙烟 菸烟 竈灶 蠟蜡 燭烛 紅红 綠绿 藍蓝 黃黄 對对 聯联 揮挥
錢钱 鈔钞 證证 帶带 鏟铲 鉸铰 鉗钳 錘锤 鋸锯 車车 輪轮 傘伞 褸褛 襯衬 內内 護护 籤签 齒齿 鏡镜 妝妆 粧妆 劃划
畫画 圖图 顏颜 規规 課课 業业 試试 獎奖 狀状 貓猫 糞粪 鳥鸟 寵宠 糧粮 絨绒 積积 遊游 戲戏 樂乐 桿杆 繩绳 網网
麼么 類类 屬属 該该 嗎吗 處处 棄弃 擲掷 裏里 裡里 邊边 個个 這这 過过 喫吃 們们 為为 點点 樣样 麗丽 餅饼 餃饺
饅馒 麭包 優优 鮮鲜 凍冻 凈净 濾滤 儲储 礦矿 飾饰 項项 鏈链 銀银 裝装 築筑 廚厨 餘余 廁厕 馬马 衛卫 嬰婴 兒儿
輸输 膚肤 創创 貼贴 繃绷 絡络 噴喷 霧雾 罈坛 壇坛 壺壶 盞盏 擋挡 鏽锈 銹锈 鋪铺 舖铺 攝摄 錄录 攪搅 攔拦 讓让
請请 問问 嘅的
"""
_SIMPLIFIED = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}


def simplified(text: str) -> str:
    """The text with the characters that are used for household things in their simplified form; 嘅 is 的."""
    return text.translate(_SIMPLIFIED)
