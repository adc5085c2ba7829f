"""A second implementation of ACS3-HMAC-SHA256, from the documentation alone.

Reads requests as JSON, one a line, and prints the value of the header Authorization of each.
"""

import hashlib
import hmac
import json
import sys
from urllib.parse import quote


def authorization(request):
    body = hashlib.sha256(request["body"].encode()).hexdigest()
    headers = {
        "host": request["host"],
        "x-acs-action": request["action"],
        "x-acs-content-sha256": body,
        "x-acs-date": request["date"],
        "x-acs-signature-nonce": request["nonce"],
        "x-acs-version": request["version"],
    }
    if request["token"] is not None:
        headers["x-acs-security-token"] = request["token"]
    names = ";".join(sorted(headers))
    # quote() leaves RFC 3986's unreserved characters and what `safe` names, which is nothing here
    pairs = sorted((name, value) for name, value in request["query"])
    query = "&".join(quote(name, safe="") + "=" + quote(value, safe="") for name, value in pairs)
    lines = "".join(name + ":" + headers[name].strip() + "\n" for name in sorted(headers))
    canonical = "\n".join([request["method"], "/", query, lines, names, body])
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(request["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={request['id']},SignedHeaders={names},Signature={signature}"


for line in sys.stdin:
    print(authorization(json.loads(line)))
