"""A guest made of frames: opens a tap, answers ARP for its address, and sends UDP as it is told.

Usage: tap-guest.py TAP MAC ADDRESS. Reads lines of JSON: {"to": ADDRESS, "port": N, "text": ...}, with "from" and "mac"
for a sender that it is not, and "at" for the MAC address to send to. Prints what UDP it receives, a line each.
"""
import fcntl, json, os, socket, struct, sys, threading

tap, mac, address = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", "")), sys.argv[3]
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", tap.encode(), 0x0002 | 0x1000))  # TUNSETIFF, IFF_TAP | IFF_NO_PI
pack = socket.inet_aton


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def receive():
    while True:
        frame = os.read(fd, 2000)
        kind = frame[12:14]
        if kind == b"\x08\x06" and frame[20:22] == b"\x00\x01" and frame[38:42] == pack(address):
            reply = frame[6:12] + mac + b"\x08\x06" + frame[14:20] + b"\x00\x02" + mac + pack(address) + frame[22:32]
            os.write(fd, reply)
        elif kind == b"\x08\x00" and frame[23] == 17 and frame[30:34] == pack(address):
            text = frame[42 : 14 + struct.unpack("!H", frame[16:18])[0]]
            print(json.dumps({"from": socket.inet_ntoa(frame[26:30]), "text": text.decode()}), flush=True)


threading.Thread(target=receive, daemon=True).start()
print("open", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    source, text = pack(order.get("from", address)), order["text"].encode()
    udp = struct.pack("!HHHH", 5000, order["port"], 8 + len(text), 0) + text
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, source, pack(order["to"]))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    sender = bytes.fromhex(order["mac"].replace(":", "")) if "mac" in order else mac
    os.write(fd, bytes.fromhex(order["at"].replace(":", "")) + sender + b"\x08\x00" + head + udp)
