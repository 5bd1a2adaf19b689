"""What a drug store sells: names, prices, and when people need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Season = Literal["winter", "spring", "summer", "none"]


@dataclass(frozen=True)
class Drug:
    """A product of the demo data."""

    name: str  #: Chinese and English
    season: Season  #: when it sells best
    price: float  #: in the first year, yuan
    level: float  #: mean daily sales of a middling store; below 2 it sells only now and then


def _drugs(season: Season, *rows: tuple[str, float, float]) -> list[Drug]:
    return [Drug(name, season, price, level) for name, price, level in rows]


_WINTER = _drugs(
    "winter",
    ("感冒灵颗粒 Cold Relief Granules", 15.8, 42),
    ("布洛芬缓释胶囊 Ibuprofen 0.3 g", 19.9, 24),
    ("板蓝根颗粒 Isatis Root Granules", 12.5, 21),
    ("连花清瘟胶囊 Lianhua Qingwen", 26.0, 18),
    ("止咳糖浆 Cough Syrup", 18.6, 15),
    ("川贝枇杷膏 Chuanbei Loquat Syrup", 33.0, 11),
    ("阿奇霉素片 Azithromycin 0.25 g", 28.5, 8),
    ("复方甘草片 Compound Liquorice", 9.9, 9),
    ("润唇膏 Lip Balm", 22.0, 7),
    ("护手霜 Hand Cream", 16.0, 10),
    ("奥司他韦胶囊 Oseltamivir 75 mg", 69.0, 1.4),
    ("阿胶 Donkey-hide Gelatin", 480.0, 1.1),
)
_SPRING = _drugs(
    "spring",
    ("氯雷他定片 Loratadine 10 mg", 17.5, 13),
    ("西替利嗪片 Cetirizine 10 mg", 21.0, 9),
    ("布地奈德鼻喷雾 Budesonide Nasal Spray", 58.0, 4),
    ("人工泪液 Artificial Tears", 32.0, 8),
    ("一次性口罩 Face Masks", 12.0, 26),
    ("孟鲁司特钠片 Montelukast 10 mg", 45.0, 1.6),
)
_SUMMER = _drugs(
    "summer",
    ("藿香正气水 Huoxiang Zhengqi", 13.5, 17),
    ("蒙脱石散 Smectite Powder", 16.8, 12),
    ("口服补液盐 Oral Rehydration Salts", 14.0, 9),
    ("风油精 Essential Balm", 6.5, 20),
    ("花露水 Florida Water", 18.0, 16),
    ("炉甘石洗剂 Calamine Lotion", 8.0, 9),
    ("防晒霜 Sunscreen SPF 50", 79.0, 5),
    ("盐酸小檗碱片 Berberine 0.1 g", 11.0, 8),
    ("十滴水 Shidishui", 7.0, 5),
    ("驱蚊液 Mosquito Repellent", 24.0, 12),
    ("硝酸咪康唑乳膏 Miconazole Cream", 19.0, 6),
    ("抗蛇毒软膏 Snake Bite Ointment", 39.0, 0.8),
)
_ALL_YEAR = _drugs(
    "none",
    ("维生素C片 Vitamin C 100 mg", 9.8, 22),
    ("雾化器 Nebuliser", 329.0, 0.5),
    ("阿莫西林胶囊 Amoxicillin 0.25 g", 14.5, 16),
    ("创可贴 Adhesive Plasters", 5.0, 27),
    ("二甲双胍片 Metformin 0.5 g", 23.0, 14),
    ("硝苯地平控释片 Nifedipine 30 mg", 36.0, 13),
    ("阿司匹林肠溶片 Aspirin 100 mg", 15.0, 15),
    ("阿托伐他汀钙片 Atorvastatin 20 mg", 42.0, 11),
    ("奥美拉唑胶囊 Omeprazole 20 mg", 18.0, 12),
    ("健胃消食片 Digestive Tablets", 13.0, 16),
    ("钙片 Calcium with Vitamin D", 49.0, 9),
    ("碘伏消毒液 Povidone-iodine", 8.5, 11),
    ("医用酒精 Medical Alcohol 75 %", 7.5, 13),
    ("云南白药气雾剂 Yunnan Baiyao Spray", 46.0, 6),
    ("六味地黄丸 Liuwei Dihuang Pills", 22.0, 9),
    ("氟哌酸胶囊 Norfloxacin 0.1 g", 10.0, 5),
    ("血糖试纸 Glucose Test Strips", 68.0, 3),
    ("电子体温计 Digital Thermometer", 29.0, 1.5),
    ("电子血压计 Blood Pressure Monitor", 259.0, 0.6),
    ("轮椅 Wheelchair", 680.0, 0.3),
)


def _mixed() -> tuple[Drug, ...]:
    """The groups taken in turn, so that the first products of a small table differ too."""
    groups = [_WINTER, _ALL_YEAR, _SUMMER, _SPRING]
    longest = max(len(group) for group in groups)
    return tuple(group[i] for i in range(longest) for group in groups if i < len(group))


DRUGS = _mixed()
