"""An API server with ConfigMaps and nothing else: lists in pages, watches, and a change when the measurement wants one."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse


class ApiServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, config_maps):
        super().__init__(("127.0.0.1", 0), Handler)
        self.config_maps = {one["metadata"]["name"]: one for one in config_maps}
        self.encoded = {name: json.dumps(one) for name, one in self.config_maps.items()}
        self.watches = []
        self.version = 1
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def kubeconfig(self):
        server = f"http://127.0.0.1:{self.server_address[1]}"
        return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c",
                           "clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": {}}],
                           "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})

    def apply(self, config_map):
        """Stores a ConfigMap and tells the watches"""
        self.version += 1
        config_map["metadata"]["resourceVersion"] = str(self.version)
        name = config_map["metadata"]["name"]
        self.config_maps[name] = config_map
        self.encoded[name] = json.dumps(config_map)
        line = f'{{"type":"MODIFIED","object":{self.encoded[name]}}}\n'.encode()
        for watch in self.watches:
            watch.put(line)

    def page(self, query):
        names = sorted(self.config_maps)
        start = int(query.get("continue", ["0"])[0])
        end = start + int(query.get("limit", [len(names)])[0])
        more = {"continue": str(end)} if end < len(names) else {}
        head = json.dumps({"resourceVersion": str(self.version)} | more)
        items = ",".join(self.encoded[name] for name in names[start:end])
        return f'{{"kind":"ConfigMapList","apiVersion":"v1","metadata":{head},"items":[{items}]}}'.encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer goes out in one piece, or the other side waits 40 ms for the rest
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlparse(self.path)
        query = parse_qs(url.query)
        is_config_maps = url.path.endswith("/configmaps") and "labelSelector" in query
        if query.get("watch") == ["true"]:
            self.watch(is_config_maps, float(query.get("timeoutSeconds", ["60"])[0]))
        elif is_config_maps:
            self.answer(200, self.server.page(query))
        elif url.path.rsplit("/", 2)[-2] in ("secrets", "configmaps"):
            self.answer(404, b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}')
        else:
            self.answer(200, b'{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}')

    def watch(self, is_config_maps, seconds):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        lines = queue.Queue()
        if is_config_maps:
            self.server.watches.append(lines)
        try:
            while True:
                line = lines.get(timeout=seconds)
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                self.wfile.flush()
        except queue.Empty:
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body.setdefault("metadata", {}).update({"uid": "u", "resourceVersion": "1"})
        self.answer(201, json.dumps(body).encode())

    do_PUT = do_PATCH = do_POST
