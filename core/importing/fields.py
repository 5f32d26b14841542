"""What a file of each kind may bring: its fields, and the names that other systems give them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from core.vocabulary import BatchKind


class Content(StrEnum):
    """What stands in the cells of a field."""

    ID = "id"
    TEXT = "text"
    DAY = "day"
    MONTH = "month"
    MONEY = "money"
    QUANTITY = "quantity"
    RATE = "rate"
    WHOLE = "whole"
    CURRENCY = "currency"


@dataclass(frozen=True)
class Field:
    name: str
    content: Content
    required: bool = False
    synonyms: tuple[str, ...] = ()


def _field(name: str, content: Content, *synonyms: str, required: bool = False) -> Field:
    return Field(name, content, required, synonyms)


_ACCOUNT = ("customerid", "customer", "customerno", "customercode", "customernumber", "accountno", "accountcode",
            "accountid", "clientid", "client", "debtor", "soldto", "pelanggan", "kodpelanggan", "nopelanggan",
            "akaun", "kodakaun", "noakaun")  # fmt: skip
_PRODUCT = ("stockcode", "sku", "productcode", "productid", "productno", "item", "itemcode", "itemno", "articleno",
            "article", "material", "produk", "kodproduk", "kodbarang", "kodstok")  # fmt: skip
_COUNTRY = ("shipcountry", "countryname", "negara")
_CURRENCY = ("currencycode", "ccy", "matawang")
_CATEGORY = ("productcategory", "productgroup", "productfamily", "family", "kategori", "kumpulanproduk")
_UNIT = ("uom", "unitofmeasure", "baseunit", "unitukuran")
_LIST = ("listunitprice", "grossprice", "rrp", "catalogueprice", "hargasenarai", "hargakatalog")
_COST = ("costprice", "cost", "standardcost", "unitcostprice", "kos", "kosunit", "hargakos")

_FROM = ("from", "start", "startdate", "validfrom", "effectivefrom", "berkuatkuasa", "sahdari")
_TO = ("to", "end", "enddate", "validto", "until", "sahhingga", "hingga")
_REASON = ("remark", "note", "comment", "sebab", "catatan")

FIELDS: dict[BatchKind, tuple[Field, ...]] = {
    BatchKind.ORDERS: (
        _field("order_no", Content.ID, "invoiceno", "invoice", "invoicenumber", "orderno", "ordernumber", "orderid",
               "order", "salesorder", "documentno", "bilpesanan", "nopesanan", "noinvois", "pesanan", required=True),
        _field("ordered_on", Content.DAY, "invoicedate", "orderdate", "date", "documentdate", "tarikh",
               "tarikhpesanan", "tarikhinvois", required=True),
        _field("account", Content.ID, *_ACCOUNT, required=True),
        _field("product", Content.ID, *_PRODUCT, required=True),
        _field("quantity", Content.QUANTITY, "qty", "quantityordered", "orderqty", "units", "pieces", "kuantiti",
               "bilangan", required=True),
        _field("line_no", Content.WHOLE, "line", "lineno", "linenumber", "lineid", "position", "pos", "nobaris"),
        _field("account_name", Content.TEXT, "customername", "clientname", "namapelanggan", "namaakaun"),
        _field("country", Content.TEXT, *_COUNTRY),
        _field("product_name", Content.TEXT, "description", "productdescription", "itemdescription", "itemname",
               "namaproduk", "keterangan", "perihal"),
        _field("category", Content.TEXT, *_CATEGORY),
        _field("unit_price", Content.MONEY, "price", "netprice", "netunitprice", "sellingprice", "hargaunit", "harga",
               "hargaseunit"),
        _field("list_price", Content.MONEY, *_LIST),
        _field("discount_rate", Content.RATE, "discount", "discountpercent", "disc", "diskaun", "kadardiskaun"),
        _field("unit_cost", Content.MONEY, *_COST),
        _field("net_amount", Content.MONEY, "netvalue", "linetotal", "amount", "lineamount", "netsales", "total",
               "jumlah", "jumlahbersih"),
        _field("cost_amount", Content.MONEY, "costvalue", "linecost", "totalcost", "jumlahkos"),
        _field("currency", Content.CURRENCY, *_CURRENCY),
        _field("fx_rate", Content.RATE, "exchangerate", "fxrate", "rate", "kadartukaran"),
        _field("requested_on", Content.DAY, "requesteddate", "requireddate", "requesteddeliverydate", "tarikhdiminta"),
        _field("promised_on", Content.DAY, "promiseddate", "confirmeddate", "tarikhdijanjikan"),
        _field("delivered_on", Content.DAY, "delivereddate", "deliverydate", "shippeddate", "tarikhhantar",
               "tarikhdihantar"),
        _field("delivered_quantity", Content.QUANTITY, "deliveredqty", "qtydelivered", "shippedqty",
               "kuantitidihantar"),
        _field("invoiced_on", Content.DAY, "invoiceddate", "billingdate", "posteddate", "tarikhbil"),
        _field("unit", Content.TEXT, *_UNIT),
    ),
    BatchKind.ACCOUNTS: (
        _field("code", Content.ID, *_ACCOUNT, "kod", required=True),
        _field("name", Content.TEXT, "accountname", "customername", "companyname", "company", "nama", "namapelanggan"),
        _field("group", Content.TEXT, "parent", "accountgroup", "customergroup", "chain", "kumpulan"),
        _field("segment", Content.TEXT, "customersegment", "channel", "segmen"),
        _field("tier", Content.TEXT, "rank", "class", "tahap"),
        _field("industry", Content.TEXT, "sector", "industri"),
        _field("region", Content.TEXT, "area", "territory", "wilayah", "kawasan"),
        _field("country", Content.TEXT, *_COUNTRY),
        _field("owner", Content.TEXT, "manager", "keyaccountmanager", "kam", "salesperson", "pengurus"),
        _field("status", Content.TEXT, "accountstatus", "state"),
        _field("since", Content.DAY, "customersince", "createdon", "sejak", "pelanggansejak"),
        _field("currency", Content.CURRENCY, *_CURRENCY),
        _field("payment_days", Content.WHOLE, "paymentterms", "termsdays", "creditdays", "tempohbayaran"),
        _field("credit_limit", Content.MONEY, "creditline", "hadkredit"),
    ),
    BatchKind.PRODUCTS: (
        _field("code", Content.ID, *_PRODUCT, "kod", required=True),
        _field("name", Content.TEXT, "productname", "description", "itemname", "nama", "namaproduk", "keterangan"),
        _field("category", Content.TEXT, *_CATEGORY),
        _field("unit", Content.TEXT, *_UNIT),
        _field("list_price", Content.MONEY, *_LIST, "price", "unitprice", "harga"),
        _field("unit_cost", Content.MONEY, *_COST),
        _field("valid_from", Content.DAY, "from", "pricedate", "effectivefrom", "berkuatkuasa", "sahdari"),
    ),
    BatchKind.TARGETS: (
        _field("account", Content.ID, *_ACCOUNT, "code", "kod", required=True),
        _field("month", Content.MONTH, "period", "bulan", required=True),
        _field("net_revenue", Content.MONEY, "target", "revenue", "revenuetarget", "salestarget", "sasaran", "hasil",
               required=True),
        _field("margin", Content.MONEY, "margintarget", "targetmargin", "untungkasar"),
    ),
    BatchKind.RECEIVABLES: (
        _field("account", Content.ID, *_ACCOUNT, "code", "kod", required=True),
        _field("invoice_no", Content.ID, "invoice", "invoiceno", "invoicenumber", "documentno", "document", "reference",
               "noinvois", "invois", "nodokumen", required=True),
        _field("due_on", Content.DAY, "duedate", "due", "netduedate", "paymentdue", "tarikhakhir", "tarikhakhirbayaran",
               "tarikhmatang", required=True),
        _field("amount", Content.MONEY, "invoiceamount", "originalamount", "total", "jumlah", "jumlahinvois", "amaun",
               required=True),
        _field("open_amount", Content.MONEY, "open", "openamount", "outstanding", "outstandingamount", "balance",
               "amountdue", "baki", "bakibelumbayar", "tunggakan", required=True),
        _field("as_of", Content.DAY, "asof", "asat", "snapshot", "snapshotdate", "reportdate", "keydate", "pada",
               "setakat", "tarikhlaporan"),
    ),
    BatchKind.TERMS: (
        _field("kind", Content.TEXT, "type", "conditiontype", "jenis", required=True),
        _field("value", Content.RATE, "price", "rate", "discount", "netprice", "specialprice", "nilai", "harga",
               "kadar", required=True),
        _field("valid_from", Content.DAY, *_FROM, required=True),
        _field("account", Content.ID, *_ACCOUNT),
        _field("group", Content.TEXT, "accountgroup", "customergroup", "chain", "kumpulan"),
        _field("segment", Content.TEXT, "customersegment", "channel", "segmen"),
        _field("product", Content.ID, *_PRODUCT),
        _field("category", Content.TEXT, *_CATEGORY),
        _field("min_quantity", Content.QUANTITY, "minqty", "minimumquantity", "scale", "kuantitiminimum"),
        _field("valid_to", Content.DAY, *_TO),
        _field("stacks", Content.TEXT, "stackable", "cumulative", "bertindan"),
        _field("reason", Content.TEXT, *_REASON),
        _field("status", Content.TEXT, "state"),
        _field("recorded_on", Content.DAY, "recorded", "knownfrom", "agreedon", "tarikhrekod"),
        _field("governed_by", Content.TEXT, "governingdate", "pricingdate", "tarikhpenentu"),
        _field("unit", Content.TEXT, "uom", "salesunit", "unitofmeasure"),
        _field("basis", Content.TEXT, "countedby", "asaskiraan"),
        _field("period", Content.TEXT, "volumeperiod", "tempoh"),
        _field("mode", Content.TEXT, "tiermode", "kaedah"),
        _field("days", Content.WHOLE, "withindays", "hari"),
        _field("exception", Content.TEXT, "belowfloor", "pengecualian"),
    ),
    BatchKind.LUMP_SUMS: (
        _field("account", Content.ID, *_ACCOUNT, "code", "kod", required=True),
        _field("kind", Content.TEXT, "type", "jenis", required=True),
        _field("amount", Content.MONEY, "value", "total", "jumlah", "amaun", required=True),
        _field("valid_from", Content.DAY, *_FROM, required=True),
        _field("valid_to", Content.DAY, *_TO, required=True),
        _field("reason", Content.TEXT, *_REASON, required=True),
        _field("number", Content.ID, "no", "lumpsum", "reference", "rujukan"),
    ),
    BatchKind.FLOORS: (
        _field("product", Content.ID, *_PRODUCT),
        _field("category", Content.TEXT, *_CATEGORY),
        _field("segment", Content.TEXT, "customersegment", "channel", "segmen"),
        _field("price", Content.MONEY, "floorprice", "minprice", "hargalantai", "harga"),
        _field("list_share", Content.RATE, "share", "ofthelistprice", "bahagian"),
        _field("valid_from", Content.DAY, *_FROM, required=True),
        _field("valid_to", Content.DAY, *_TO),
        _field("reason", Content.TEXT, *_REASON, required=True),
    ),
    BatchKind.LOYALTY: (
        _field("account", Content.ID, *_ACCOUNT, "member", "memberno", "ahli", required=True),
        _field("posted_on", Content.DAY, "date", "postingdate", "transactiondate", "tarikh", "tarikhcatatan",
               required=True),
        _field("kind", Content.TEXT, "type", "transactiontype", "jenis", required=True),
        _field("points", Content.QUANTITY, "amount", "pointsamount", "mata", "jumlahmata", required=True),
        _field("key", Content.ID, "id", "transactionid", "transactionno", "reference", "kunci", "rujukan",
               required=True),
        _field("qualifying", Content.QUANTITY, "qualifyingpoints", "tierpoints", "statuspoints", "matakelayakan"),
        _field("reason", Content.TEXT, "remark", "note", "comment", "sebab", "catatan"),
        _field("expires_on", Content.DAY, "expiry", "expirydate", "expires", "validto", "tarikhluput", "luput"),
    ),
    BatchKind.COMPETITOR_CLAIMS: (
        _field("competitor", Content.TEXT, "rival", "competitorname", "pesaing", "namapesaing", required=True),
        _field("statement", Content.TEXT, "claim", "text", "note", "dakwaan", "kenyataan", "catatan", required=True),
        _field("observed_on", Content.DAY, "date", "seenon", "observed", "tarikh", "dilihatpada", required=True),
        _field("source_kind", Content.TEXT, "sourcetype", "jenissumber", required=True),
        _field("account", Content.ID, *_ACCOUNT),
        _field("topic", Content.TEXT, "subject", "topik"),
        _field("swot", Content.TEXT, "side", "sisi"),
        _field("product", Content.ID, *_PRODUCT),
        _field("category", Content.TEXT, *_CATEGORY),
        _field("price", Content.MONEY, "theirprice", "competitorprice", "hargapesaing", "harga"),
        _field("unit", Content.TEXT, *_UNIT),
        _field("price_gap", Content.RATE, "gap", "difference", "bezaharga"),
        _field("valid_to", Content.DAY, "to", "until", "end", "enddate", "validto", "hingga", "sahhingga"),
        _field("source", Content.TEXT, "saidby", "sumber"),
        _field("reliability", Content.TEXT, "sourcegrade", "kebolehpercayaan"),
        _field("credibility", Content.WHOLE, "contentgrade", "kredibiliti"),
        _field("confidential", Content.TEXT, "secret", "sulit"),
        _field("confirmed_on", Content.DAY, "confirmed", "disahkanpada"),
        _field("refuted_on", Content.DAY, "refuted", "disangkalpada"),
        _field("recorded_on", Content.DAY, "recorded", "knownfrom", "tarikhrekod"),
    ),
}  # fmt: skip

_NOT_LETTERS = re.compile(r"[^0-9a-z]+")


def of(kind: BatchKind) -> dict[str, Field]:
    """The fields of a kind by name."""
    return {field.name: field for field in FIELDS[kind]}


def matched(kind: BatchKind, headers: tuple[str, ...]) -> dict[str, str]:
    """Which header each field is most likely to mean: by its own name first, then by other systems' names."""
    found = exact(kind, headers)
    bare = {_bare(header): header for header in reversed(headers)}
    for field in FIELDS[kind]:
        if field.name in found:
            continue
        for name in (_bare(field.name), *field.synonyms):
            header = bare.get(name)
            if header is not None and header not in found.values():
                found[field.name] = header
                break
    return found


def exact(kind: BatchKind, headers: tuple[str, ...]) -> dict[str, str]:
    """The headers that are a field's name."""
    names = {header.casefold(): header for header in reversed(headers)}
    return {field.name: names[field.name] for field in FIELDS[kind] if field.name in names}


def _bare(text: str) -> str:
    """A header as letters and digits alone, accents taken off."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_LETTERS.sub("", flat)
