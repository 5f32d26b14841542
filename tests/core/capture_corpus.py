"""Quick notes as people type them on a phone, and what each says. What a line does not say is not labelled.

Said on Thursday 12 March 2026 by somebody who sees four accounts and knows three competitors.
"""

from datetime import date
from decimal import Decimal

from core.capture import Entry, Named, Words
from core.vocabulary import ClaimTopic, SourceKind, Swot

TODAY = date(2026, 3, 12)

WORDS = Words(
    today=TODAY,
    accounts=(
        Named(1, "Acme Mart", ("KA-0001",)),
        Named(2, "Kedai Maju", ("KA-0002",)),
        Named(3, "Maju Jaya Trading", ("KA-0003",)),
        Named(4, "Hotel Seri Pagi", ("KA-0004",)),
    ),
    competitors=(
        Named(1, "BrandX", ("Brand X",)),
        Named(2, "Segar Foods", ("Segar",)),
        Named(3, "Nusantara Beverage", ("NusaBev",)),
    ),
    products=(
        Named(1, "Snacks 500g", ("SN-500",)),
        Named(2, "Snacks 100g", ("SN-100",)),
        Named(3, "Kopi Susu 180 ml", ("CF-180",)),
        Named(4, "Mineral Water 1.5 l", ("WT-15",)),
    ),
    categories=(Named(1, "Snacks"), Named(2, "Beverages"), Named(3, "Coffee")),
    units=(Named(1, "ctn"), Named(2, "kg"), Named(3, "pcs")),
)

ACME, KEDAI, JAYA, HOTEL = 1, 2, 3, 4
BRANDX, SEGAR, NUSABEV = 1, 2, 3
SNACKS500, SNACKS100, KOPI, WATER = 1, 2, 3, 4
SNACKS, BEVERAGES, COFFEE = 1, 2, 3
CTN, KG, PCS = 1, 2, 3


def claim(competitor, topic, swot=Swot.THREAT, **more):
    return {"kind": Entry.CLAIM, "competitor_id": competitor, "topic": topic, "swot": swot, **more}


def note(**more):
    return {"kind": Entry.NOTE, **more}


def rm(text):
    return Decimal(text)


PRICE, TERMS, PRODUCT, PEOPLE = ClaimTopic.PRICE, ClaimTopic.TERMS, ClaimTopic.PRODUCT, ClaimTopic.PEOPLE
LOGISTICS, FINANCE, LEGAL, GOAL = ClaimTopic.LOGISTICS, ClaimTopic.FINANCE, ClaimTopic.LEGAL, ClaimTopic.GOAL
STRONG, WEAK, OPENING = Swot.STRENGTH, Swot.WEAKNESS, Swot.OPPORTUNITY
BUYER, MARKET, OWN = SourceKind.BUYER, SourceKind.MARKET, SourceKind.OWN_STAFF

CORPUS = [
    # Prices against ours
    ("@acme #call BrandX -3% Snacks 500g until 31/3 src:buyer",
     claim(BRANDX, PRICE, account_id=ACME, tag="call", gap=rm("-0.03"), product_id=SNACKS500,
           until=date(2026, 3, 31), source_kind=BUYER)),
    ("@acme brandx -3%", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"))),
    ("@acme BRANDX −3 % on SN-500", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), product_id=SNACKS500)),
    ("@KA-0002 Segar +2,5% Snacks",
     claim(SEGAR, PRICE, OPENING, account_id=KEDAI, gap=rm("0.025"), category_id=SNACKS)),
    ("@kedai maju brand x 5% cheaper on coffee",
     claim(BRANDX, PRICE, account_id=KEDAI, gap=rm("-0.05"), category_id=COFFEE)),
    ("@maju jaya NusaBev 4% lower Mineral Water 1.5 l src:buyer",
     claim(NUSABEV, PRICE, account_id=JAYA, gap=rm("-0.04"), product_id=WATER, source_kind=BUYER)),
    ("@acme nusantara beverage 10% more expensive than us",
     claim(NUSABEV, PRICE, OPENING, account_id=ACME, gap=rm("0.1"))),
    ("@hotel BrandX 7% higher on Kopi Susu",
     claim(BRANDX, PRICE, OPENING, account_id=HOTEL, gap=rm("0.07"), product_id=KOPI)),
    ("@acme brandx -12.5% until 30 Apr", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.125"),
                                               until=date(2026, 4, 30))),
    ("brandx -3% snacks 100g", claim(BRANDX, PRICE, gap=rm("-0.03"), product_id=SNACKS100)),
    ("@acme vs:BrandX -2% cf-180", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.02"), product_id=KOPI)),
    # Prices in money
    ("@acme BrandX RM 12.50/ctn Snacks 500g src:buyer",
     claim(BRANDX, PRICE, account_id=ACME, price=rm("12.50"), unit_id=CTN, product_id=SNACKS500,
           source_kind=BUYER)),
    ("@acme brandx RM12.50 per ctn SN-500",
     claim(BRANDX, PRICE, account_id=ACME, price=rm("12.50"), unit_id=CTN, product_id=SNACKS500)),
    ("@hotel segar RM4.20/kg", claim(SEGAR, PRICE, account_id=HOTEL, price=rm("4.20"), unit_id=KG)),
    ("@hotel segar 4.20 MYR WT-15", claim(SEGAR, PRICE, account_id=HOTEL, price=rm("4.20"), product_id=WATER)),
    ("@acme brandx rm 1,234.50 CF-180",
     claim(BRANDX, PRICE, account_id=ACME, price=rm("1234.50"), product_id=KOPI)),
    ("Segar RM 3 Kopi Susu 180 ml until 1/4/2026 src:market",
     claim(SEGAR, PRICE, price=rm("3"), product_id=KOPI, until=date(2026, 4, 1), source_kind=MARKET)),
    # Malay prices
    ("@kedai maju BrandX 3% lebih murah Snacks 500g hingga 31/3 sumber:pembeli",
     claim(BRANDX, PRICE, account_id=KEDAI, gap=rm("-0.03"), product_id=SNACKS500, until=date(2026, 3, 31),
           source_kind=BUYER)),
    ("@acme segar murah 5% sampai 30 April",
     claim(SEGAR, PRICE, account_id=ACME, gap=rm("-0.05"), until=date(2026, 4, 30))),
    ("@acme BrandX 8% lebih mahal", claim(BRANDX, PRICE, OPENING, account_id=ACME, gap=rm("0.08"))),
    ("@hotel seri pagi #telefon NusaBev -6% kopi susu hingga 15 Mac sumber:pembeli",
     claim(NUSABEV, PRICE, account_id=HOTEL, tag="call", gap=rm("-0.06"), product_id=KOPI,
           until=date(2026, 3, 15), source_kind=BUYER)),
    ("@maju jaya brandx RM 9.90 setiap ctn snacks 500g",
     claim(BRANDX, PRICE, account_id=JAYA, price=rm("9.90"), unit_id=CTN, product_id=SNACKS500)),
    ("@acme lwn:segar 4% lebih rendah #lawatan",
     claim(SEGAR, PRICE, account_id=ACME, gap=rm("-0.04"), tag="visit")),
    # Days
    ("@acme brandx -3% until tomorrow",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), until=date(2026, 3, 13))),
    ("@acme brandx -3% until fri",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), until=date(2026, 3, 13))),
    ("@acme brandx -3% hingga jumaat",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), until=date(2026, 3, 13))),
    ("@acme brandx -3% until 1/2", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), until=date(2027, 2, 1))),
    ("@acme brandx -3% till 5-6-26", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"),
                                           until=date(2026, 6, 5))),
    ("@acme brandx -3% until 31.12.2026",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), until=date(2026, 12, 31))),
    ("@acme brandx -3% until 2026-04-30",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), until=date(2026, 4, 30))),
    ("yesterday @acme brandx -3%",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), observed_on=date(2026, 3, 11))),
    ("semalam @acme brandx -3%",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), observed_on=date(2026, 3, 11))),
    ("@acme on 2/3 brandx -3%",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), observed_on=date(2026, 3, 2))),
    ("@acme pada 20/12 brandx -3%",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), observed_on=date(2025, 12, 20))),
    ("@acme on 5 Mac brandx -3% until 30 Jun 2026",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), observed_on=date(2026, 3, 5),
           until=date(2026, 6, 30))),
    ("@acme brandx -3% hingga esok",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), until=date(2026, 3, 13))),
    # Sources and grades
    ('@acme brandx -3% src:"buyer Siti"',
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), source_kind=BUYER, source="Siti")),
    ("@acme brandx -3% src:buyer/Siti B2",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), source_kind=BUYER, source="Siti", grade="B2")),
    ("@acme brandx -3% grade:a1", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), grade="A1")),
    ("@acme brandx -3% gred:C3 sumber:pengedar",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), grade="C3", source_kind=SourceKind.DISTRIBUTOR)),
    ("@acme brandx -3% src:shelf", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), source_kind=MARKET)),
    ("@acme brandx -3% src:brandx",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), source_kind=SourceKind.OTHER, source="brandx")),
    ("@acme brandx -3% src:competitor",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), source_kind=SourceKind.COMPETITOR)),
    ("@acme brandx -3% #sulit", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), is_confidential=True)),
    ("@acme brandx -3% #confidential src:user",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), is_confidential=True, source_kind=SourceKind.USER)),
    # Other topics
    ("@acme BrandX lorry came two days late again",
     claim(BRANDX, LOGISTICS, WEAK, account_id=ACME, rest="lorry came two days late again")),
    ("@kedai maju penghantaran Segar lewat dua hari",
     claim(SEGAR, LOGISTICS, WEAK, account_id=KEDAI, rest="penghantaran lewat dua hari")),
    ("@acme brandx offers 90 days credit",
     claim(BRANDX, TERMS, account_id=ACME, rest="offers 90 days credit")),
    ("@acme segar beri kredit 60 hari", claim(SEGAR, TERMS, account_id=ACME, rest="beri kredit 60 hari")),
    ("BrandX hired a new sales director for the north #people",
     claim(BRANDX, PEOPLE, rest="hired a new sales director for the north")),
    ("Segar Foods lost its halal certificate src:press #legal #weakness",
     claim(SEGAR, LEGAL, WEAK, rest="lost its halal certificate", source_kind=SourceKind.PRESS)),
    ("NusaBev plans to enter Sabah this year #goal",
     claim(NUSABEV, GOAL, rest="plans to enter Sabah this year")),
    ("nusabev mahu masuk pasaran Sabah #matlamat",
     claim(NUSABEV, GOAL, rest="mahu masuk pasaran Sabah")),
    ("Segar made a loss of 2M last year #finance #weakness",
     claim(SEGAR, FINANCE, WEAK, rest="made a loss of 2M last year")),
    ("@hotel #mesyuarat BrandX kualiti kopi bagus #kekuatan #produk",
     claim(BRANDX, PRODUCT, STRONG, account_id=HOTEL, tag="meeting", rest="kualiti kopi bagus")),
    ("@acme #visit BrandX launches a new snack range #product",
     claim(BRANDX, PRODUCT, account_id=ACME, tag="visit", rest="launches a new snack range")),
    ("@acme brandx contract ends soon #opportunity #terms",
     claim(BRANDX, TERMS, OPENING, account_id=ACME, rest="contract ends soon")),
    ("@acme kontrak brandx tamat tidak lama lagi #peluang #syarat",
     claim(BRANDX, TERMS, OPENING, account_id=ACME, rest="kontrak tamat tidak lama lagi")),
    # What stays as text
    ("@acme brandx -3% buyer very unhappy about our late lorry",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), rest="buyer very unhappy about our late lorry")),
    ("@acme Siti wants a call back on Friday", note(account_id=ACME, rest="Siti wants a call back on Friday")),
    ("@kedai maju #call pemilik sihat semula",
     note(account_id=KEDAI, tag="call", rest="pemilik sihat semula")),
    ("just a thought", note(rest="just a thought")),
    ("@nobody brandx -3%", claim(BRANDX, PRICE, gap=rm("-0.03"), rest="@nobody")),
    ("@maju brandx -3%", claim(BRANDX, PRICE, gap=rm("-0.03"), rest="@maju")),  # two accounts bear that name
    ("@acme #hmm brandx -3%", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), rest="#hmm")),
    ("@acme brandx -3% until the next review",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), rest="until the next review")),
    ("@acme brandx -3% until 31/2", claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), rest="until 31/2")),
    ("@acme !promise samples on Monday", note(account_id=ACME, rest="!promise samples on Monday")),
    ("@acme !note BrandX -3%", note(account_id=ACME, rest="BrandX -3%")),
    ("@acme our price went up 3%", note(account_id=ACME, rest="our price went up 3%")),
    ("call 012-345 6789 @acme", note(account_id=ACME, rest="call 012-345 6789")),
    ("@acme ![x](http://evil/p.png) brandx -3%",
     claim(BRANDX, PRICE, account_id=ACME, gap=rm("-0.03"), rest="![x](http://evil/p.png)")),
    ("", note()),
    ("   ", note()),
    ("@", note(rest="@")),
    ("#", note(rest="#")),
    ("src:", note(rest="src:")),
]  # fmt: skip
