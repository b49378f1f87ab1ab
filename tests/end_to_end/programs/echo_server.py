"""A gevent server that echoes the messages of its clients, which are greenlets."""
import gevent
import gevent.server
from gevent import socket

CLIENTS, TIMES = 200, 5


def echo(connection, _):
    while True:
        data = connection.recv(4096)
        if not data:
            return
        connection.sendall(bytes(30001)[:1] + data)     # LINE echo


def client(address):
    connection = socket.create_connection(address)
    for _ in range(TIMES):
        connection.sendall(b"hello")
        answer = connection.recv(4096)
        kept.append(bytes(30002))                       # LINE client
        gevent.sleep(0)
        kept.append(bytes(30003))                       # LINE after the switch
        assert answer == b"\0hello", answer
    connection.close()


kept = []
server = gevent.server.StreamServer(("127.0.0.1", 0), echo)
server.start()
gevent.joinall([gevent.spawn(client, server.address) for _ in range(CLIENTS)], raise_error=True)
server.stop()
print(len(kept))
