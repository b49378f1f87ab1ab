"""Each package allocates in its own C, C++ or Rust code, below a line of this program."""
import io
import json

import lxml.etree
import numpy
import orjson
import pandas
import PIL.Image
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def main():
    array = numpy.ones(100003, dtype=numpy.uint8)                           # LINE numpy
    table = pandas.Series(range(20011)).unique()                            # LINE pandas
    tree = lxml.etree.fromstring(b"<a>" + b"<b>text</b>" * 1000 + b"</a>")  # LINE lxml
    image = PIL.Image.new("L", (307, 211))                                  # LINE PIL
    key = ec.derive_private_key(20011, ec.SECP256R1())                      # LINE cryptography
    digest = hashes.Hash(hashes.SHA256())                                  
    text = orjson.dumps(list(range(20011)))                                 # LINE orjson
    digest.update(text)
    saved = io.BytesIO()
    image.save(saved, "png")                                               
    print(json.dumps([int(array.sum()), len(table), len(tree), key.private_numbers().private_value,
                      digest.finalize().hex(), len(saved.getvalue())]))


main()
